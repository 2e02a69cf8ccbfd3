"""Small makers of content that several task skills share: words, invented words, sentences, lists."""

import random
from collections.abc import Sequence

from training.data import lexicon as lex


def invented_word(rng: random.Random) -> str:
    """A word nobody has seen, so that copying cannot rest on memory."""
    syllables = rng.choice((1, 2, 2, 3))
    return "".join(rng.choice(lex.ONSETS) + rng.choice(lex.VOWELS) + rng.choice(lex.CODAS) for _ in range(syllables))


def any_word(rng: random.Random) -> str:
    """A word of the lexicon; one in eight is invented, one in eight a name."""
    kind = rng.random()
    if kind < 0.125:
        return invented_word(rng)
    return rng.choice(lex.NAMES) if kind < 0.25 else rng.choice(lex.WORDS)


def distinct_words(rng: random.Random, count: int) -> list[str]:
    """`count` different words: of one kind, mixed, or names."""
    pool: list[str] = []
    while len(pool) < count:
        pool = list(rng.choice((lex.WORDS, lex.NAMES, lex.CITIES, *lex.KINDS.values())))
    if rng.random() < 0.2:
        pool = [invented_word(rng) for _ in range(3 * count)]
    return rng.sample(sorted(set(pool)), count)


def noun(rng: random.Random) -> str:
    """An animal or a thing."""
    return rng.choice(lex.KINDS["animal"]) if rng.random() < 0.4 else rng.choice(lex.THINGS)


def sentence(rng: random.Random) -> str:
    """A short sentence without its end mark, such as "the old llama sleeps by the river"."""
    the = f"the {rng.choice(lex.ADJECTIVES)} {noun(rng)}" if rng.random() < 0.5 else f"the {noun(rng)}"
    who = rng.choice(lex.NAMES)
    shapes = (
        lambda: f"{the} {rng.choice(lex.VERBS_PLAIN)} {rng.choice(lex.PLACES)}",
        lambda: f"{the} {rng.choice(lex.VERBS_PLAIN)} {rng.choice(lex.TIMES)}",
        lambda: f"{who} {rng.choice(lex.VERBS_PAST)} {the} {rng.choice(lex.PLACES)}",
        lambda: f"{who} {rng.choice(lex.VERBS_PAST)} a {noun(rng)} and a {noun(rng)}",
        lambda: f"{the} is {rng.choice(lex.ADJECTIVES)} and {rng.choice(lex.ADJECTIVES)}",
        lambda: f"my {noun(rng)} is {rng.choice(lex.ADJECTIVES)}",
        lambda: f"{who} lives in {rng.choice(lex.CITIES)}",
        lambda: f"I like {rng.choice(lex.ADJECTIVES)} {noun(rng)}s",
    )
    return rng.choice(shapes)()


def phrase(rng: random.Random) -> str:
    """Something to work on: one word, a few words, a greeting, or a sentence."""
    kind = rng.random()
    if kind < 0.2:
        return any_word(rng)
    if kind < 0.45:
        return " ".join(any_word(rng) for _ in range(rng.randint(2, 5)))
    if kind < 0.5:
        return rng.choice(lex.GREETINGS)
    return sentence(rng)


def quoted(rng: random.Random, text: str) -> str:
    """`text` bare or in one of the usual quotes."""
    return rng.choice(("{}", "{}", '"{}"', "'{}'")).format(text)


def written_list(rng: random.Random, items: Sequence[object]) -> str:
    """A list as people type it: commas, spaces, or brackets."""
    words = [str(item) for item in items]
    return rng.choice((", ".join, ", ".join, ", ".join, " ".join, lambda w: f"[{', '.join(w)}]"))(words)


def spoken_list(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def article(word: str) -> str:
    """The word behind "a" or "an"."""
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
