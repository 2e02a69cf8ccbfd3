import pytest

from tampu.catalogue import CATALOGUE, CatalogueModel
from tampu.model.names import KNOWN, HubName, all_names, hub_name, known_names


def test_no_name_means_two_models() -> None:
    names = [name.lower() for model in CATALOGUE for name in set(map(str.lower, model.all_names))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.repository)
def test_every_name_of_a_known_model_leads_to_its_repository(known: CatalogueModel) -> None:
    for name in known.all_names:
        assert hub_name(name) == HubName(known.repository)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("someone/tiny", HubName("someone/tiny")),
        ("someone/tiny-GGUF:Q4_K_M", HubName("someone/tiny-GGUF", quant="Q4_K_M")),
        ("someone/tiny-GGUF/deep/a.Q8_0.gguf", HubName("someone/tiny-GGUF", file="deep/a.Q8_0.gguf")),
        ("llama3.1:8b:q8_0", HubName("meta-llama/Llama-3.1-8B-Instruct", quant="q8_0")),
        ("cria", None),
        ("llama3.9:8b", None),
        ("../secrets", None),
        ("/etc/passwd", None),
        ("a/b/c", None),
        ("a/b:../c", None),
        ("someone/tiny\n", None),
    ],
)
def test_names_are_read_in_these_forms_only(name: str, wanted: HubName | None) -> None:
    assert hub_name(name) == wanted


@pytest.mark.parametrize(
    ("wanted", "path", "does"),
    [
        (HubName("a/b", quant="Q4_K"), "x-Q4_K.gguf", True),
        (HubName("a/b", quant="q4_k"), "x-Q4_K.gguf", True),
        (HubName("a/b", quant="Q4_K"), "x-Q4_K_M.gguf", False),
        (HubName("a/b", quant="Q4_K"), "x-IQ4_K.gguf", False),
        (HubName("a/b", quant="Q4_K"), "x.Q4_K.gguf", True),
        (HubName("a/b", quant="Q4_K"), "x-Q4_K.bin", False),
        (HubName("a/b", file="c/x.gguf"), "c/x.gguf", True),
        (HubName("a/b", file="c/x.gguf"), "x.gguf", False),
        (HubName("a/b"), "x.gguf", True),
    ],
)
def test_a_quantisation_means_one_kind_of_file(wanted: HubName, path: str, does: bool) -> None:
    assert wanted.matches(path) is does


def test_all_names_start_with_the_one_asked_for() -> None:
    names = all_names("@cf/meta/llama-3-8b-instruct")
    assert names[0] == "@cf/meta/llama-3-8b-instruct"
    assert {"llama3:8b", "meta-llama/Meta-Llama-3-8B-Instruct"} < set(names)
    assert len(names) == len(set(names)) == 8
    assert all_names("cria") == ("cria", "tampu/cria", "@cf/tampu/cria")


def test_only_what_is_on_the_hub_can_be_pulled() -> None:
    assert "cria" in known_names() and "cria" not in known_names(on_the_hub=True)
    assert "llama3.2:1b" in known_names(on_the_hub=True)
