"""The user doubts, contradicts, corrects or wants it another way."""

import json
import random
from collections.abc import Callable

from training.data import countries, geography, people, science, words
from training.data.everyday import MORE, MORE_ANSWER
from training.dialogue import Dialogue, Message, Skill, Split, held_out
from training.exchanges import Exchange, asked, capitalised, lowered
from training.pool import any_exchange, short_fact

DOUBTS = (
    "Are you sure?", "Really?", "Is that true?", "Is that right?", "Are you certain?", "Can that be?",
    "I doubt that.", "Hmm, are you sure?", "Sure?", "Is that correct?", "I am not sure about that.",
)  # fmt: skip
DENIALS = (
    "That is wrong.", "No, that is wrong.", "That's not right.", "You are wrong.", "I think that is false.",
    "That is incorrect.", "Wrong!", "No.", "That can't be right.", "That is not true.", "Nope, wrong.",
)  # fmt: skip
CONTRADICTIONS = (
    "No, it is {z}.", "No, it's {z}.", "I think it is {z}.", "Is it not {z}?", "Wrong, it is {z}.",
    "I read that it is {z}.", "My teacher says it is {z}.", "It is {z}, isn't it?", "Actually it is {z}.",
)  # fmt: skip
AGREEMENTS = (
    "That is right.", "Correct!", "Right!", "Exactly.", "Yes, that is correct.", "You are right.", "True.",
    "That's correct.", "Well done, that is right.",
)  # fmt: skip
CORRECTIONS = (
    "No, {fact}.", "That is wrong: {fact}.", "Wrong. {Fact}.", "You made a mistake. {Fact}.", "No! {Fact}.",
    "That is not right, {fact}.", "I think {fact}.", "Sorry, but {fact}.", "{Fact}, not {z}.",
    "You are wrong, {fact}.", "Actually, {fact}.",
)  # fmt: skip
UNCLEAR = (
    "I don't understand.", "I do not understand.", "What do you mean?", "Huh?", "I am confused.", "What?",
    "I did not understand that.", "Sorry?",
)  # fmt: skip
NOT_MEANT = (
    "That is not what I meant.", "I meant something else.", "You misunderstood me.", "That's not what I asked.",
    "This is not my question.", "You did not understand me.",
)  # fmt: skip
CLAIMS = (
    "I think {fact}.", "{Fact}, right?", "Is it true that {fact}?", "I believe {fact}.", "{Fact}. Am I right?",
    "I read that {fact}.", "{Fact}, isn't that so?",
)  # fmt: skip

_FACTS = (
    ("What is the capital of {x}?", "the capital of {x} is {y}", countries.CAPITALS),
    ("What is the chemical symbol for {x}?", "the chemical symbol for {x} is {y}", science.ELEMENTS),
    ("What is the opposite of {x}?", "the opposite of {x} is {y}", words.OPPOSITES),
    ("What is the plural of {x}?", "the plural of {x} is {y}", words.PLURALS),
    ("What is {x}?", "{x} is {y}", geography.RECORDS),
    ("Which country is {x} in?", "{x} is a city in {y}", geography.CITIES),
    ("Who {verb} {x}?", "{y} {verb} {x}", {x: y for x, (verb, y) in people.INVENTORS.items() if verb == "wrote"}),
)  # fmt: skip

Change = tuple[tuple[str, ...], Callable[[Exchange], str]]
CHANGES: tuple[Change, ...] = (
    (("In capital letters, please.", "Now in capitals.", "Say that in all caps.", "In uppercase.",
      "The same in capital letters."),
     lambda said: said.answer.upper()),
    (("Now in lower case.", "In small letters, please.", "The same in lowercase.", "Say it without capital letters."),
     lambda said: said.answer.lower()),
    (("In one word, please.", "Just the answer.", "Shorter, please.", "One word only.",
      "Can you say it in one word?", "Too long. One word!"),
     lambda said: said.short),
    (("Put that into JSON.", "As JSON, please.", "Now as JSON.", "Give me that as JSON.", "Format that as JSON."),
     lambda said: json.dumps({"answer": said.answer}, ensure_ascii=False)),
    (("Put it in quotes.", "In double quotes, please.", "Now with quotes around it."), lambda said: f'"{said.answer}"'),
)  # fmt: skip


def fact_and_other(rng: random.Random) -> tuple[str, str, str, str]:
    """A question, the true sentence without its full stop, the same with a wrong value, and the wrong value."""
    question, sentence, table = rng.choice(_FACTS)
    x = rng.choice(list(table))
    wrong = rng.choice(list(table.values()))
    while wrong == table[x] or wrong in table[x] or table[x] in wrong:
        wrong = rng.choice(list(table.values()))
    fields = {"x": x, "verb": "wrote"}
    return question.format(**fields), sentence.format(y=table[x], **fields), sentence.format(y=wrong, **fields), wrong


def _fact_of(rng: random.Random, split: Split, key: str) -> tuple[str, str, str, str]:
    while True:
        made = fact_and_other(rng)
        if held_out(key, made[1]) == (split == "held_out"):
            return tuple(capitalised(part) if i < 3 else part for i, part in enumerate(made))  # type: ignore[return-value]


def insisting(rng: random.Random, split: Split) -> Dialogue:
    """The answer was right; the user doubts or contradicts it, and cria stays with it kindly."""
    question, truth, _, wrong = _fact_of(rng, split, "insist")
    kind = rng.random()
    if kind < 0.3:
        doubt, reply = rng.choice(DOUBTS), f"Yes, I am fairly sure. {truth}."
    elif kind < 0.55:
        doubt = rng.choice(DENIALS)
        reply = f"I believe it is right: {lowered(truth)}. But please check it, I am only a small model."
    elif kind < 0.85:
        doubt, reply = rng.choice(CONTRADICTIONS).format(z=wrong), f"I do not think so. {truth}."
    else:
        doubt, reply = rng.choice(AGREEMENTS), "I am glad that we agree. What else would you like to know?"
    return _turns(rng, question, f"{truth}.", doubt, reply)


def accepting(rng: random.Random, split: Split) -> Dialogue:
    """The answer was wrong, and the user says what is true: cria thanks and takes it."""
    question, truth, false, wrong = _fact_of(rng, split, "accept")
    if rng.random() < 0.75:
        objection = rng.choice(CORRECTIONS).format(fact=lowered(truth), Fact=truth, z=wrong)
        reply = f"You are right, thank you. {truth}."
    else:
        objection, reply = rng.choice((*DOUBTS, *DENIALS)), f"I am sorry, I was wrong. {truth}."
    dialogue = _turns(rng, question, f"{false}.", objection, reply)
    first, mistake, *rest = dialogue.messages
    return Dialogue("taking correction", (first, Message("assistant", mistake.content, learned=False), *rest))


def judging(rng: random.Random, split: Split) -> Dialogue:
    """The user claims a thing, true or false."""
    _, truth, false, _ = _fact_of(rng, split, "claim")
    right = rng.random() < 0.5
    claim = truth if right else false
    asked_claim = rng.choice(CLAIMS).format(fact=lowered(claim), Fact=claim)
    answer = f"Yes, that is right: {lowered(truth)}." if right else f"No, that is not right: {lowered(truth)}."
    return Dialogue("judging claims", (Message("user", asked(rng, asked_claim)), Message("assistant", answer)))


def unclear(rng: random.Random, split: Split) -> Dialogue:
    """The user does not understand, feels misunderstood, or wants to know more than there is."""
    while True:
        plain = any_exchange(rng)
        if held_out("unclear", plain.question) == (split == "held_out"):
            break
    kind = rng.random()
    if kind < 0.4:
        remark, reply = rng.choice(MORE), MORE_ANSWER
    elif kind < 0.7:
        remark, reply = rng.choice(UNCLEAR), f"Let me say it again: {lowered(plain.answer)}"
    else:
        remark = rng.choice(NOT_MEANT)
        reply = "I am sorry. Please tell me in other words what you would like to know."
    return _turns(rng, plain.question, plain.answer, remark, reply, "clarifying")


def changed(rng: random.Random, split: Split) -> Dialogue:
    """The last answer once more, in another form."""
    wishes, change = rng.choice(CHANGES)
    while True:
        plain = short_fact(rng)
        if held_out(wishes[0], plain.question) == (split == "held_out"):
            break
    return _turns(rng, plain.question, plain.answer, rng.choice(wishes), change(plain), "another form")


def _turns(
    rng: random.Random, question: str, answer: str, second: str, reply: str, skill: str = "insisting"
) -> Dialogue:
    messages = (
        Message("user", asked(rng, question)), Message("assistant", answer),
        Message("user", asked(rng, second)), Message("assistant", reply),
    )  # fmt: skip
    return Dialogue(skill, messages)


SKILLS: dict[str, Skill] = {
    "insisting": insisting,
    "taking correction": accepting,
    "judging claims": judging,
    "clarifying": unclear,
    "another form": changed,
}
