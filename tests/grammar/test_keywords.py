import pytest

from tampu.grammar.keywords import ANNOTATIONS, ENFORCED, REFUSED, is_near, misspelt


@pytest.mark.parametrize(
    ("keyword", "meant"),
    [
        ("additonalProperties", "additionalProperties"),
        ("aditionalProperties", "additionalProperties"),
        ("additionalproperties", "additionalProperties"),
        ("tpye", "type"),
        ("types", "type"),
        ("maxLenght", "maxLength"),
        ("require", "required"),
        ("uniqueitems", "uniqueItems"),
        ("ref$", ""),
        ("_format", ""),
        ("$comment2", ""),
        ("markdownDescription", ""),
        ("javaType", ""),
        ("self", ""),
        ("version", ""),
        ("optional", ""),
        ("strict", ""),
        ("note", ""),
        ("name", ""),
        ("when", ""),
        ("x-guidance", ""),
        ("tsType", ""),
        ("definition", ""),
    ],
)
def test_only_a_word_one_edit_from_a_constraint_is_a_misspelt_one(keyword: str, meant: str) -> None:
    assert misspelt(keyword) == meant


@pytest.mark.parametrize("keyword", sorted(ENFORCED | REFUSED | ANNOTATIONS))
def test_no_keyword_is_a_misspelt_one(keyword: str) -> None:
    assert misspelt(keyword) == ""


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("items", "items", True),
        ("ITEMS", "items", True),
        ("item", "items", True),
        ("itemss", "items", True),
        ("itens", "items", True),
        ("itmes", "items", True),
        ("imtse", "items", False),
        ("it", "items", False),
        ("itemsxy", "items", False),
        ("", "i", True),
    ],
)
def test_one_edit_is_near(one: str, other: str, near: bool) -> None:
    assert is_near(one, other) == is_near(other, one) == near
