"""What users tell about themselves and ask for later; corrections; what was said before."""

import random
from dataclasses import replace

from training.data import about_users as data
from training.data.characters import ASSISTANT_NAMES, NAMES
from training.dialogue import Dialogue, Skill, Split, held_out, talk
from training.exchanges import Exchange, asked, capitalised, loosely, lowered
from training.pool import any_exchange, any_fact

SYLLABLES = (
    "ka", "ri", "lo", "ta", "mi", "su", "ne", "vo", "ra", "li", "do", "pe", "na", "shi", "bo", "ze", "fa", "gu",
    "the", "wy", "jo", "chu", "el", "or", "an", "is", "um", "ve", "qui", "xa", "bri", "dra", "sto", "pla", "mo", "hu",
    "ya", "ki", "len", "mar", "tor", "vin", "sel", "rik", "dan", "gor",
)  # fmt: skip
CORRECTED_SLOTS = (
    "name", "age", "city", "favourite colour", "favourite food", "sister", "lucky number", "password", "hobby",
)  # fmt: skip
CORRECTING = (
    "No, {}", "Sorry, I was wrong. {}", "Actually, {}", "Wait, {}", "Correction: {}", "I made a mistake. {}",
    "Not {v}. {}",
)  # fmt: skip
NAME_SHARE = 0.5  # a name is what people tell first
OTHER_TURNS = (0, 0, 1, 1, 2, 3, 4)
KNOWN = (
    "What do you know about me?", "What did I tell you about me?", "Tell me what you know about me.",
    "Sum up what I told you.", "What have you learned about me?",
)  # fmt: skip
LAST_SAID = (
    "What did I just say?", "What did I say before this?", "Repeat what I just said.", "What was my last message?",
    "What did I just write?",
)  # fmt: skip
LAST_ANSWER = (
    "Say that again.", "Can you repeat that?", "Repeat your answer, please.", "What did you just say?",
    "Pardon? Please repeat.", "Again, please.", "Come again?", "I did not get that. Please repeat.",
)  # fmt: skip
FIRST_QUESTION = (
    "What was my first question?", "What did I ask first?", "What did I ask you at the beginning?",
    "Do you remember my first question?", "What was the first thing I asked?",
)  # fmt: skip


def invented_name(rng: random.Random) -> str:
    """A name that nobody has, so that names are learned as something to copy."""
    return capitalised("".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 2, 3)))))


def value_of(rng: random.Random, slot: str) -> str:
    """Something a user may say in this slot."""
    match slot:
        case "age":
            return str(rng.randint(6, 99))
        case "lucky number":
            return str(rng.choice((rng.randint(1, 99), rng.randint(100, 9999))))
        case "name" | "sister" | "brother" | "friend":
            return rng.choice(NAMES) if rng.random() < 0.6 else invented_name(rng)
        case "pet":
            return rng.choice(ASSISTANT_NAMES) if rng.random() < 0.6 else invented_name(rng)
        case "password":
            return rng.choice(data.WORDS) if rng.random() < 0.6 else invented_name(rng).lower()
    return rng.choice(_POOLS[slot])


_POOLS = {
    "city": data.CITIES, "job": data.JOBS, "favourite colour": data.COLOURS, "favourite food": data.FOODS,
    "favourite animal": data.ANIMALS,
    "hobby": data.HOBBIES, "country": data.COUNTRIES, "birthday": data.MONTHS, "instrument": data.INSTRUMENTS,
}  # fmt: skip


def told(rng: random.Random, slot: str, value: str) -> Exchange:
    """The user tells the value, now and then all in small letters, and cria takes note."""
    telling, reply, *_ = data.SLOTS[slot]
    pet = rng.choice(data.PETS)
    text = capitalised(rng.choice(telling).format(v=value, p=pet))
    return Exchange(text.lower() if rng.random() < 0.12 else text, capitalised(reply.format(v=value, p=pet)))


def recalled(rng: random.Random, slot: str, value: str) -> Exchange:
    """The user asks for the value."""
    _, _, asking, answer, *_ = data.SLOTS[slot]
    return Exchange(rng.choice(asking), answer.format(v=value), keywords=(value,))


def fresh_value(rng: random.Random, split: Split, slot: str) -> str:
    """A value whose combination with the slot belongs to `split`."""
    while True:
        value = value_of(rng, slot)
        if held_out(slot, value) == (split == "held_out"):
            return value
        if split == "held_out" and slot in _POOLS and not any(held_out(slot, value) for value in _POOLS[slot]):
            return value_of(rng, slot)


def _with_held_out(slot: str) -> bool:
    return slot not in _POOLS or any(held_out(slot, value) for value in _POOLS[slot])


def memory(rng: random.Random, split: Split) -> Dialogue:
    """One to four things are told, other questions follow, one of the things is asked for."""
    slots = rng.sample(list(data.SLOTS), rng.choice((1, 1, 2, 2, 3, 4)))
    if rng.random() < NAME_SHARE:
        slots = ["name", *(slot for slot in slots[1:] if slot != "name")]
    asked_for = slots[0]
    if split == "held_out" and not _with_held_out(asked_for):
        asked_for = "name"
    slots = [slot for slot in slots if slot != asked_for]
    values = {slot: fresh_value(rng, "train", slot) for slot in slots} | {asked_for: fresh_value(rng, split, asked_for)}
    order = list(values)
    rng.shuffle(order)
    turns = []
    for slot in order:
        turns.append(told(rng, slot, values[slot]))
        turns += [any_exchange(rng) for _ in range(rng.choice((0, 0, 0, 1)))]
    turns += [any_exchange(rng) for _ in range(rng.choice(OTHER_TURNS))]
    if split == "train" and len(order) > 1 and rng.random() < 0.5:
        turns.append(recalled(rng, other := rng.choice(order), values[other]))
    return _told_verbatim("memory", rng, [*turns, recalled(rng, asked_for, values[asked_for])])


def in_one_breath(rng: random.Random, split: Split) -> Dialogue:
    """Two things in one message, each asked for later."""
    first, second = rng.sample([slot for slot in data.SLOTS if slot not in ("pet", "password")], 2)
    values = {first: fresh_value(rng, "train", first), second: fresh_value(rng, "train", second)}
    if split == "held_out":
        second = rng.choice(("name", "sister", "brother", "friend", "age"))
        first = first if first != second else "city"
        values = {first: fresh_value(rng, "train", first), second: fresh_value(rng, split, second)}
    statements = [told(rng, slot, value).question for slot, value in values.items()]
    together = " ".join(statements)
    if rng.random() < 0.4:
        together = f"{statements[0].rstrip('.')} and {lowered(statements[1])}"
    one = Exchange(together, "Thank you for telling me!")
    between = [any_exchange(rng) for _ in range(rng.choice(OTHER_TURNS))]
    asked_slots = [second] if rng.random() < 0.5 else [first, second]
    return _told_verbatim("memory", rng, [one, *between, *(recalled(rng, slot, values[slot]) for slot in asked_slots)])


def told_and_asked(rng: random.Random, split: Split) -> Dialogue:
    """The user tells something and asks a question in the same message; later asks for what was told."""
    slot = rng.choice(("name", "name", "age", "city", "job", "country"))
    if split == "held_out":
        slot = "name"
    value, plain = fresh_value(rng, split, slot), any_exchange(rng)
    first = told(rng, slot, value)
    both = Exchange(f"{first.question} {plain.question}", f"{first.answer} {plain.answer}")
    between = [any_exchange(rng) for _ in range(rng.choice((0, 0, 1, 2)))]
    return _told_verbatim("memory", rng, [both, *between, recalled(rng, slot, value)])


def corrected(rng: random.Random, split: Split) -> Dialogue:
    """A thing is told, then corrected; the new value counts."""
    slot = rng.choice(CORRECTED_SLOTS)
    if split == "held_out" and not _with_held_out(slot):
        slot = "name"
    old, new = fresh_value(rng, "train", slot), fresh_value(rng, split, slot)
    opening = rng.choice(CORRECTING)
    again = told(rng, slot, new).question
    again = again.removeprefix("Hi, ").removeprefix("Hello, ").removeprefix("Hi! ").removeprefix("Hello! ")
    text = opening.format(lowered(again) if "," in opening else again, v=old)
    fixed = Exchange(text, capitalised(f"Sorry, I got it now: {data.SLOTS[slot][4].format(v=new)}."))
    between = [any_exchange(rng) for _ in range(rng.choice(OTHER_TURNS))]
    turns = [told(rng, slot, old), fixed, *between, recalled(rng, slot, new)]
    return _told_verbatim("memory with correction", rng, turns)


def summary(rng: random.Random, split: Split) -> Dialogue:
    """Two or three things are told, and cria sums them up."""
    slots = rng.sample(list(data.SLOTS), rng.choice((2, 2, 3)))
    values = {slot: fresh_value(rng, "train", slot) for slot in slots}
    if split == "held_out":
        values["name"] = fresh_value(rng, split, "name")
    parts = [data.SLOTS[slot][4].format(v=value) for slot, value in values.items()]
    answer = capitalised(f"{', '.join(parts[:-1])} and {parts[-1]}.")
    turns = [told(rng, slot, value) for slot, value in values.items()]
    last = Exchange(rng.choice(KNOWN), answer, keywords=tuple(values.values()))
    return replace(_told_verbatim("memory summary", rng, [*turns, last]), whole=True)


def not_told(rng: random.Random, split: Split) -> Dialogue:
    """A thing is asked for that was never told; another one may have been."""
    while True:
        slot, other = rng.sample(list(data.SLOTS), 2)
        if held_out("not told", slot, other) == (split == "held_out"):
            break
    turns = [told(rng, other, fresh_value(rng, "train", other))] if split == "held_out" or rng.random() < 0.6 else []
    turns += [any_exchange(rng) for _ in range(rng.choice((0, 0, 1)))]
    last = Exchange(rng.choice(data.SLOTS[slot][2]), data.SLOTS[slot][5])
    return replace(_told_verbatim("not told", rng, [*turns, last]), whole=True)


def said_before(rng: random.Random, split: Split) -> Dialogue:
    """The user wants to hear again what was said: the last message, the last answer, the first question."""
    while True:
        plain = any_fact(rng)
        if held_out("said before", plain.question) == (split == "held_out"):
            break
    between = [any_exchange(rng) for _ in range(rng.choice((0, 1, 2)))]
    kind = rng.choice(("last message", "last answer", "first question"))
    if kind == "last message":
        wish, answer, turns = rng.choice(LAST_SAID), f'You said: "{plain.question}"', [*between, plain]
    elif kind == "last answer":
        wish, answer, turns = rng.choice(LAST_ANSWER), plain.answer, [*between, plain]
    else:
        wish, turns = rng.choice(FIRST_QUESTION), [plain, *between]
        answer = f'Your first question was: "{plain.question}"'
    texts = [text for turn in turns for text in (turn.question, turn.answer)]
    return talk("said before", *texts, asked(rng, wish), answer, whole=kind == "first question")


def _told_verbatim(name: str, rng: random.Random, turns: list[Exchange]) -> Dialogue:
    """The turns with typos in the last question alone, so that what is to be remembered is spelled right."""
    texts = [text for turn in turns[:-1] for text in (loosely(rng, turn.question), turn.answer)]
    last = turns[-1]
    return talk(name, *texts, asked(rng, last.question), last.answer, accepted=last.accepted, keywords=last.keywords)


def remember(rng: random.Random, split: Split) -> Dialogue:
    """Told one by one, two things in one message, or together with a question."""
    return rng.choices((memory, in_one_breath, told_and_asked), (6, 2, 2))[0](rng, split)


SKILLS: dict[str, Skill] = {
    "memory": remember,
    "memory with correction": corrected,
    "memory summary": summary,
    "not told": not_told,
    "said before": said_before,
}
