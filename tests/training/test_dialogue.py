"""The noun of training, and the rule that keeps held-out combinations out of it."""

import random

import pytest

from training.dialogue import Dialogue, Message, choose, draw, held_out, talk


def test_the_held_out_rule_is_the_same_on_every_machine() -> None:
    assert [n for n in range(60) if held_out("apple", n)] == [0, 3, 17, 40]


def test_about_one_combination_in_twenty_is_held_out() -> None:
    share = sum(held_out("a", n) for n in range(4000)) / 4000
    assert 0.035 < share < 0.065


def test_the_parts_of_a_combination_are_kept_apart() -> None:
    answers = {held_out("ab", str(n)) == held_out("a", f"b{n}") for n in range(100)}
    assert answers == {True, False}


def test_choices_of_the_two_splits_never_meet() -> None:
    rng = random.Random(1)
    pools = (range(30), "abcdefgh")
    train = {choose(rng, "train", *pools) for _ in range(400)}
    evaluation = {choose(rng, "held_out", *pools) for _ in range(400)}
    assert train and evaluation
    assert not train & evaluation


def test_a_pool_that_is_too_small_to_hold_anything_out_says_so() -> None:
    with pytest.raises(LookupError, match="held_out"):
        draw("held_out", lambda: _never_held_out(), attempts=50)


def _never_held_out() -> int:
    return next(n for n in range(100) if not held_out(n))


def test_an_answer_is_right_when_it_equals_the_last_message_or_an_accepted_one() -> None:
    dialogue = talk("capital", "Capital of Peru?", "Lima.", accepted=("It is Lima.",))
    assert dialogue.judge("Lima.")
    assert dialogue.judge("It is Lima.\n")
    assert not dialogue.judge("lima.")


def test_keywords_are_judged_in_any_letter_case() -> None:
    dialogue = talk("capital", "Capital of Peru?", "Lima.", keywords=("lima",))
    assert dialogue.judge("I think it is LIMA!")
    assert not dialogue.judge("Cusco")


def test_talk_alternates_user_and_assistant_behind_the_system_message() -> None:
    dialogue = talk("memory", "I am Ana", "Hello, Ana!", "Who am I?", "Ana.", system="Be kind.")
    assert [message.role for message in dialogue.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert dialogue.answer == "Ana."


def test_a_dialogue_must_end_with_the_assistant() -> None:
    with pytest.raises(AssertionError, match="end with the assistant"):
        Dialogue("broken", (Message("user", "hi"),))


def test_a_system_message_goes_first() -> None:
    assert talk("hi", "hi", "Hello!").with_system("Be kind.").messages[0] == Message("system", "Be kind.")
