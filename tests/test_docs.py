"""What the documents say is so."""

import ast
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


PLACES = re.compile(r"(`\w+`(?: or of `\w+`)?) in `([\w./-]+\.(?:py|h|cpp))`")


def places(text: str) -> list[tuple[str, str]]:
    """Each name that the text says is in a file, and the file: "`COMMANDS` in `src/tampu/cli/main.py`"."""
    return [(name, file) for names, file in PLACES.findall(text) for name in re.findall(r"`(\w+)`", names)]


def defines(path: Path, name: str) -> bool:
    """Whether the file defines the name: at the top level of a module, as a function or a struct of C++."""
    if path.suffix != ".py":
        return re.search(rf"^(?:inline|template|struct|class) .*\b{name}\b", path.read_text(), re.MULTILINE) is not None
    for node in ast.parse(path.read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        if name in [getattr(target, "id", getattr(target, "name", "")) for target in targets]:
            return True
    return False


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_name_that_a_document_says_is_in_a_file_is_defined_there(path: Path) -> None:
    assert [place for place in places(path.read_text()) if not defines(ROOT / place[1], place[0])] == []


def test_who_adds_a_line_or_a_field_is_told_in_which_table_of_which_file() -> None:
    rows = [row for row in (ROOT / "CONTRIBUTING.md").read_text().splitlines() if row.startswith("| a")]
    edits = [row for row in rows if re.search(r"\b(line|field|method|processor) of `", row)]
    assert len(edits) >= 5 and [row for row in edits if not places(row)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_architecture_page_names_every_layer() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    layers = [path.name for path in (ROOT / "src" / "tampu").iterdir() if (path / "__init__.py").exists()]
    assert [name for name in layers if f"src/tampu/{name}" not in page] == []
