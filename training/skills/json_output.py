"""JSON on request: an object with given values, a list, an object with given keys about something in the prompt."""

import json
import random
from typing import Any

from training.data import lexicon as lex
from training.dialogue import Dialogue, Skill, Split, draw, talk
from training.making import distinct_words, spoken_list

OBJECT = (
    "Make a JSON object with {}.",
    "Give me a JSON object with {}.",
    "Write JSON with {}",
    "Create a JSON object where {}.",
    "JSON with {}",
    "Return a JSON object with {}.",
)
LIST = (
    "Write these as a JSON list: {}",
    "Make a JSON array of {}",
    "Turn this list into JSON: {}",
    "Convert to a JSON array: {}",
    "As JSON: {}",
)
IN_JSON = (
    "{question} Answer in JSON with the key {key}.",
    "{question} Reply with a JSON object that has the key {key}.",
    '{question} Respond only with JSON like {{"{key}": ...}}.',
    "Answer in JSON with the key {key}: {question}",
)
SYSTEMS = (
    "Always answer in JSON.",
    "You answer only with JSON.",
    "Answer with a JSON object and nothing else.",
    "Reply in JSON.",
)
FIELDS: dict[str, list[Any]] = {
    "name": list(lex.NAMES),
    "city": list(lex.CITIES),
    "age": list(range(1, 100)),
    "job": list(lex.JOBS),
    "animal": lex.KINDS["animal"],
    "colour": lex.KINDS["colour"],
    "fruit": lex.KINDS["fruit"],
    "price": list(range(1, 100)),
    "count": list(range(1, 30)),
    "open": [True, False],
}


def _fields(rng: random.Random) -> dict[str, Any]:
    keys = rng.sample(sorted(FIELDS), rng.randint(1, 4))
    return {key: rng.choice(FIELDS[key]) for key in keys}


def json_object(rng: random.Random, split: Split) -> Dialogue:
    """An object with the keys and values given in words."""
    fields = draw(split, lambda: _fields(rng))
    shape = rng.choice(("{} {}", "{} = {}", "{}: {}", "{} set to {}"))
    described = [shape.format(key, json.dumps(value).strip('"')) for key, value in fields.items()]
    return talk("json object", rng.choice(OBJECT).format(spoken_list(described)), json.dumps(fields))


def json_list(rng: random.Random, split: Split) -> Dialogue:
    """A JSON list of words or numbers."""
    items: list[Any] = draw(split, lambda: distinct_words(rng, rng.randint(2, 6)))
    if rng.random() < 0.25:
        items = draw(split, lambda: rng.sample(range(100), rng.randint(2, 6)))
    return talk("json list", rng.choice(LIST).format(", ".join(map(str, items))), json.dumps(items))


def _question(rng: random.Random) -> tuple[str, str, Any]:
    a, b = rng.randint(1, 20), rng.randint(1, 20)
    kind = rng.choice(sorted(lex.KINDS))
    word = rng.choice(lex.KINDS[kind])
    name, city = rng.choice(lex.NAMES), rng.choice(lex.CITIES)
    return rng.choice(
        (
            (f"What is {a} + {b}?", rng.choice(("result", "sum", "answer")), a + b),
            (f"What is {max(a, b)} - {min(a, b)}?", rng.choice(("result", "difference", "answer")), abs(a - b)),
            (f"What kind of thing is a {word}?", rng.choice(("kind", "category", "answer")), kind),
            (f"{name} lives in {city}. Where does {name} live?", rng.choice(("city", "place", "answer")), city),
            (f"My name is {name}. What is my name?", rng.choice(("name", "answer")), name),
            (f"Write {word} in capital letters.", rng.choice(("text", "word", "answer")), word.upper()),
        )
    )


def answer_in_json(rng: random.Random, split: Split) -> Dialogue:
    """A small question answered as an object with the key asked for, or "answer" where only JSON was asked for."""
    question, key, value = draw(split, lambda: _question(rng))
    if rng.random() < 0.3:
        return talk("answer in json", question, json.dumps({"answer": value}), system=rng.choice(SYSTEMS))
    asked = rng.choice(IN_JSON).format(question=question, key=rng.choice((key, key, f'"{key}"')).strip())
    return talk("answer in json", asked.replace('""', '"'), json.dumps({key: value}))


SKILLS: dict[str, Skill] = {"json object": json_object, "json list": json_list, "answer in json": answer_in_json}
