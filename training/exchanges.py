"""Questions and answers from tables: one fact, many phrasings.

A `Topic` is a relation with its phrasings and rows; an `Exchange` is one question with its answer. Which split a
question belongs to follows from its own words (lower case, no punctuation), so the same question is never in both.
What is held out is a way of asking, never a fact: the first phrasing of every row, and every phrasing that stands for
itself ("Who made you?"), is always in training. Of those, only forms behind certain openers are held out.
"""

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from training.dialogue import Dialogue, Skill, Split, held_out, talk
from training.phrasing import casual

OPENERS = (
    "Hey, {}", "Hi! {}", "Hello, {}", "Please tell me: {}", "Can you tell me: {}", "Quick question: {}", "So, {}",
    "Ok, {}", "Cria, {}", "One more question: {}", "I have a question. {}", "Tell me, {}", "And {}", "Hmm, {}",
    "{} Thanks!", "{} Please.", "{} I forgot.",
)  # fmt: skip
OPENER_SHARE = 0.15
SHORTHAND = {
    "What is": "Whats", "What's": "Whats", "what is": "whats", "Who is": "Whos", "Where is": "wheres", "you": "u",
    "You": "U", "your": "ur", "are": "r", "please": "pls", "Please": "Pls", "I am": "im", "I'm": "im",
    "do not": "dont", "don't": "dont", "can't": "cant",
}  # fmt: skip
SHORTHAND_SHARE = 0.06


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer; `short` is the bare answer ("Paris"), or empty where there is none.

    `accepted` and `keywords` judge another answer as in `Dialogue`. `exact` says that the answer repeats letters of
    the question, so that no typo may spoil them; `lone` that the question is no member of a pattern.
    """

    question: str
    answer: str
    short: str = ""
    accepted: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    exact: bool = False
    lone: bool = False


Asker = Callable[[random.Random, Split], Exchange]


@dataclass(frozen=True, slots=True)
class Topic:
    """Phrasings of one relation: `questions` and `answers` are templates over the fields of a row.

    The field `short` of a row, when it is there, is the bare answer; `keyword` is what a right answer contains where
    that differs.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def exchange(self, row: Mapping[str, str], phrasing: int, rng: random.Random) -> Exchange:
        """The row asked in one of the phrasings."""
        answers = [capitalised(answer.format_map(row)) for answer in self.answers]
        answer = rng.choice(answers)
        others = tuple(other for other in answers if other != answer)
        question = capitalised(self.questions[phrasing].format_map(row))
        keyword = row.get("keyword") or row.get("short")
        keywords = (keyword,) if keyword else ()
        return Exchange(question, answer, row.get("short", ""), others, keywords, lone=not row)


def pairs(table: Mapping[str, str], short: bool = True) -> tuple[dict[str, str], ...]:
    """Rows with x, y of a two-column table; y is the bare answer when `short`."""
    return tuple({"x": x, "y": y} | ({"short": y} if short else {}) for x, y in table.items())


def entries(*texts: tuple[str | tuple[str, ...], str | tuple[str, ...]]) -> list[Topic]:
    """Topics of free questions: each entry is (phrasings, good answers)."""
    return [Topic(_several(asked), _several(answered), ({},)) for asked, answered in texts]


def define(table: Mapping[str, str], questions: Sequence[str]) -> Topic:
    """A topic of definitions: x is the thing, y the whole answer."""
    return Topic(tuple(questions), ("{y}",), pairs(table, short=False))


def pick(rng: random.Random, split: Split, topics: Sequence[Topic]) -> Exchange:
    """A question of `split`, each row of all topics equally likely."""
    cells = [(topic, row) for topic in topics for row in topic.rows]
    for _ in range(100_000):
        topic, row = rng.choice(cells)
        phrasing = rng.randrange(len(topic.questions))
        exchange = topic.exchange(row, phrasing, rng)
        if split == "train" and phrasing == 0:
            return exchange
        if (phrasing > 0 or exchange.lone) and (placed := in_split(rng, split, exchange)):
            return placed
    raise LookupError(f"no {split} question")


def in_split(rng: random.Random, split: Split, exchange: Exchange) -> Exchange | None:
    """The exchange if it belongs to `split`; a lone one belongs to training, and behind some openers to evaluation."""
    if exchange.lone and split == "train":
        return exchange
    if exchange.lone:
        question = opened(rng, exchange.question)
        exchange = replace(exchange, question=question, exact=True)
        return exchange if _asks(question) and held_out(canonical(question)) else None
    return exchange if held_out(canonical(exchange.question)) == (split == "held_out") else None


def asker(topics: Sequence[Topic]) -> Asker:
    """What asks one question of these topics."""
    return lambda rng, split: pick(rng, split, topics)


def sorted_by_question(make: Callable[[random.Random], Exchange]) -> Asker:
    """What asks the questions of `make`, each in the split that its own words decide."""

    def ask(rng: random.Random, split: Split) -> Exchange:
        for _ in range(100_000):
            if placed := in_split(rng, split, make(rng)):
                return placed
        raise LookupError(f"no {split} question")

    return ask


def one_of(rng: random.Random, question: str, answers: Sequence[str]) -> Exchange:
    """A question with several answers, all equally good."""
    answer = rng.choice(answers)
    return Exchange(question, answer, accepted=tuple(other for other in answers if other != answer))


def combined(split: Split, key: str, make: Callable[[], Exchange]) -> Exchange:
    """An exchange of `make` whose combination with `key` (a character, a style) belongs to `split`."""
    for _ in range(100_000):
        exchange = make()
        if held_out(key, canonical(exchange.question)) == (split == "held_out"):
            return exchange
    raise LookupError(f"no {split} question with {key}")


def conversation(
    name: str, rng: random.Random, exchanges: Sequence[Exchange], system: str = "", typed: bool = True
) -> Dialogue:
    """The exchanges in a row, the last one judged; asked the way people type when `typed`, else letter for letter."""
    texts: list[str] = []
    for exchange in exchanges:
        ask = (loosely if exchange.exact else asked) if typed else _verbatim
        texts += (ask(rng, exchange.question), exchange.answer)
    last = exchanges[-1]
    return talk(name, *texts, system=system, accepted=last.accepted, keywords=last.keywords)


def skill_of(name: str, ask: Asker) -> Skill:
    """The skill of one question and its answer."""
    return lambda rng, split: as_dialogue(name, rng, ask(rng, split))


def as_dialogue(name: str, rng: random.Random, exchange: Exchange) -> Dialogue:
    """The exchange as one turn, asked the way people type."""
    return conversation(name, rng, [exchange])


def asked(rng: random.Random, question: str) -> str:
    """The question as a stranger may type it: sometimes with an opener, in lower case, with a typo."""
    if rng.random() < OPENER_SHARE and _asks(question):
        with_opener = opened(rng, question)
        question = question if held_out(canonical(with_opener)) else with_opener
    elif rng.random() < SHORTHAND_SHARE:
        question = in_shorthand(question)
    return casual(rng, question)


def opened(rng: random.Random, question: str) -> str:
    """The question with some words before or after it."""
    opener = rng.choice(OPENERS)
    return opener.format(question if opener[0] == "{" else lowered(question))


def in_shorthand(question: str) -> str:
    """The question as typed in haste: "whats" and "u" for "what is" and "you"."""
    for written, short in SHORTHAND.items():
        question = re.sub(rf"\b{written}\b", short, question)
    return question


def loosely(rng: random.Random, text: str) -> str:
    """The text, sometimes with a small first letter or without its end mark: no word changes."""
    text = lowered(text) if rng.random() < 0.2 else text
    return text.rstrip(".?!") or text if rng.random() < 0.25 else text


def _verbatim(_: random.Random, text: str) -> str:
    return text


def capitalised(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """The text with its first letter in lower case, unless it is a name, an "I" or an abbreviation."""
    return text[:1].lower() + text[1:] if _is_common(text) else text


def _is_common(text: str) -> bool:
    return _first_word(text) in STARTERS


def _asks(text: str) -> bool:
    return text.endswith("?") or _first_word(text) in IMPERATIVES


def _first_word(text: str) -> str:
    return (canonical(text) or text).split(" ", 1)[0].removesuffix("'s")


IMPERATIVES = frozenset((
    "tell", "give", "name", "explain", "describe", "please", "write", "say", "sing", "show", "define", "list", "make",
    "recommend", "suggest", "compare", "recite", "compose", "find",
))  # fmt: skip
STARTERS = frozenset((
    "what", "which", "who", "where", "when", "why", "how", "is", "are", "do", "does", "did", "can", "could", "tell",
    "give", "name", "explain", "describe", "please", "the", "a", "an", "in", "of", "on", "to", "for", "has", "have",
    "was", "were", "will", "would", "should", "write", "say", "sing", "show", "define", "whats", "if", "at", "from",
    "let", "list", "yes", "no", "before", "after", "there", "they", "people", "my", "this", "that", "you", "call",
    "remember", "keep",
))  # fmt: skip


def canonical(question: str) -> str:
    """The words of a question, in lower case and without punctuation: what its split is decided by."""
    return " ".join(re.findall(r"[\w']+", question.lower()))


def _several(texts: str | Iterable[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)
