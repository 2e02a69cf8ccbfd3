"""A system prompt holds facts of a business: cria answers customers from it, and says what it does not hold."""

import random

from training.data import businesses as data
from training.data.about_users import CITIES
from training.data.characters import NAMES
from training.dialogue import Dialogue, Skill, Split, held_out
from training.exchanges import Exchange, conversation
from training.skills.memory import invented_name


def _business(rng: random.Random) -> dict[str, str]:
    opens, closes = rng.randint(6, 11), rng.randint(13, 23)
    return {
        "kind": rng.choice(data.KINDS),
        "name": f"{rng.choice(data.FIRST)} {rng.choice(data.SECOND)}" if rng.random() < 0.7 else invented_name(rng),
        "opens": f"{opens}:{rng.choice(('00', '30', '15'))}",
        "closes": f"{closes}:{rng.choice(('00', '30', '45'))}",
        "city": rng.choice(CITIES),
        "phone": "".join(str(rng.randrange(10)) for _ in range(rng.choice((5, 6, 7)))),
        "good": rng.choice(data.GOODS),
        "price": str(rng.randint(2, 120)),
        "day": rng.choice(data.DAYS),
        "boss": rng.choice(NAMES) if rng.random() < 0.7 else invented_name(rng),
    }


def _answer(rng: random.Random, part: str, values: dict[str, str]) -> Exchange:
    _, questions, answer, keyword = data.PARTS[part]
    text = answer.format_map(values)
    return Exchange(rng.choice(questions).format_map(values), text, keywords=(keyword.format_map(values),))


def _unanswerable(rng: random.Random) -> Exchange:
    return Exchange(rng.choice(data.NOT_SAID[rng.choice(list(data.NOT_SAID))]), data.NOT_SAID_ANSWER)


def briefing(rng: random.Random, split: Split) -> Dialogue:
    """Three to six facts in the system prompt, one to three questions about them."""
    parts = rng.sample([part for part in data.PARTS if part != "name"], rng.randint(2, 5))
    parts = ["name", *parts]
    while True:
        values = _business(rng)
        last = rng.choice(parts)
        if held_out(last, data.PARTS[last][3].format_map(values)) == (split == "held_out"):
            break
    sentences = [data.PARTS[part][0].format_map(values) for part in parts]
    if rng.random() < 0.3:
        sentences.append(
            rng.choice(("Be polite.", "Answer briefly.", "Help the customers.", "Answer questions of customers."))
        )
    before = [_answer(rng, rng.choice(parts), values) for _ in range(rng.choice((0, 0, 1, 2)))]
    if split == "train" and rng.random() < 0.15:
        return conversation("briefing", rng, [*before, _unanswerable(rng)], " ".join(sentences))
    return conversation("briefing", rng, [*before, _answer(rng, last, values)], " ".join(sentences))


SKILLS: dict[str, Skill] = {"briefing": briefing}
