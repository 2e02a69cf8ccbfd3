"""What the documents say is so."""

import re
from pathlib import Path

import pytest

from tests.generated_docs import pages

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TOP_FOLDERS = ("src", "native", "training", "bench", "tests", "docs", "scripts")


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_generated_pages_follow_the_code(path: Path) -> None:
    assert path.read_text() == pages()[path], "run scripts/docs"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_that_a_document_names_exists(path: Path) -> None:
    names = [name for name in re.findall(r"`([\w./-]+)`", path.read_text()) if name.split("/")[0] in TOP_FOLDERS]
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_architecture_page_names_every_layer() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    layers = [path.name for path in (ROOT / "src" / "tampu").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in layers if f"src/tampu/{name}" not in page] == []
