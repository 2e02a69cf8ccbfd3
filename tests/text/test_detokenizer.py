from hypothesis import given
from hypothesis import strategies as st

from tampu.text.detokenizer import Detokenizer
from tests.text.vocabularies import FIRST_CONTROL, small_tokenizer

SMALL = small_tokenizer()


def pushed(pieces: list[list[int]]) -> str:
    detokenizer = Detokenizer(SMALL)
    return "".join(map(detokenizer.push, pieces)) + detokenizer.flush()


def test_a_character_comes_only_when_it_is_whole() -> None:
    detokenizer = Detokenizer(SMALL)
    assert [detokenizer.push([byte]) for byte in "a🦙é".encode()] == ["a", "", "", "", "🦙", "", "é"]
    assert detokenizer.flush() == ""


def test_bytes_that_cannot_become_a_character_are_replaced_once_that_is_certain() -> None:
    detokenizer = Detokenizer(SMALL)
    assert detokenizer.push([0xF0, 0x9F]) == ""
    assert detokenizer.push([ord("x")]) == "\ufffdx"
    assert detokenizer.push([0xFF]) == "\ufffd"


def test_an_unfinished_character_is_replaced_at_the_end() -> None:
    detokenizer = Detokenizer(SMALL)
    assert detokenizer.push([ord("a"), 0xE4, 0xB8]) == "a"
    assert detokenizer.flush() == "\ufffd"
    assert detokenizer.flush() == ""


def test_special_ids_never_show_and_do_not_break_a_character() -> None:
    first, *rest = "é".encode()
    assert pushed([[FIRST_CONTROL, first], [FIRST_CONTROL + 9], rest]) == "é"


@given(st.lists(st.lists(st.integers(0, FIRST_CONTROL + 255))))
def test_any_ids_in_any_pieces_give_the_text_of_the_whole(pieces: list[list[int]]) -> None:
    assert pushed(pieces) == SMALL.decode(token_id for piece in pieces for token_id in piece)


@given(st.text(), st.data())
def test_no_replacement_appears_that_the_text_did_not_have(text: str, data: st.DataObject) -> None:
    token_ids = SMALL.encode(text)
    cut = data.draw(st.integers(0, len(token_ids)))
    detokenizer = Detokenizer(SMALL)
    start = detokenizer.push(token_ids[:cut])
    assert text.startswith(start)
    assert start + detokenizer.push(token_ids[cut:]) == text
