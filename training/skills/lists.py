"""Tasks on a list in the prompt: reverse, sort, count, pick, check, rewrite."""

import random
from collections.abc import Callable, Sequence

from training.data import lexicon as lex
from training.dialogue import Dialogue, Skill, Split, draw, talk
from training.making import article, distinct_words, invented_word, sentence, spoken_list, written_list

REVERSE = (
    "Reverse this list: {}",
    "Reverse the list: {}",
    "reverse {}",
    "Write this list backwards: {}",
    "Put these in the opposite order: {}",
    "List these in reverse order: {}",
    "Turn the list around: {}",
    "Can you reverse this list? {}",
)
SORT = (
    "Sort these words: {}",
    "Sort alphabetically: {}",
    "Put these words in alphabetical order: {}",
    "sort {}",
    "Sort this list: {}",
    "Arrange these words from A to Z: {}",
)
SORT_NUMBERS = (
    "Sort these numbers: {}",
    "Sort from smallest to largest: {}",
    "Put these numbers in order: {}",
    "sort {}",
    "Order these numbers from low to high: {}",
    "Sort in ascending order: {}",
)
SORT_DOWN = ("Sort from largest to smallest: {}", "Sort in descending order: {}", "Order from high to low: {}")
COUNT = (
    "How many items are in this list? {}",
    "Count the items: {}",
    "How many words are in this list: {}",
    "Count these: {}",
    "How many things are listed here? {}",
    "How many items: {}",
)
COUNT_WORDS = (
    "How many words are in this sentence? {}",
    "Count the words: {}",
    "How many words does this have: {}",
    "How many words are in {}",
)
PICKS: dict[str, tuple[tuple[str, ...], Callable[[Sequence[str]], str]]] = {
    "first item": (
        (
            "What is the first item in this list? {}",
            "Which comes first: {}?",
            "First item of {}",
            "Give me the first word: {}",
            "What is the first word in the list {}",
        ),
        lambda items: items[0],
    ),
    "last item": (
        (
            "What is the last item in this list? {}",
            "Which comes last: {}?",
            "Last item of {}",
            "Give me the last word: {}",
            "What is the last word in the list {}",
        ),
        lambda items: items[-1],
    ),
    "second item": (
        ("What is the second item in this list? {}", "Give me the second word: {}", "Second item of {}"),
        lambda items: items[1],
    ),
    "third item": (
        ("What is the third item in this list? {}", "Give me the third word: {}", "Third item of {}"),
        lambda items: items[2],
    ),
}
LARGEST = (
    "Which number is the largest: {}?",
    "What is the biggest number in {}?",
    "Find the maximum: {}",
    "Largest of {}",
)
SMALLEST = (
    "Which number is the smallest: {}?",
    "What is the smallest number in {}?",
    "Find the minimum: {}",
    "Smallest of {}",
)
MEMBER = (
    "Is {item} in this list? {items}",
    "Does this list contain {item}? {items}",
    "Is {item} one of these: {items}?",
)
REMOVE = ("Remove {item} from this list: {items}", "Take {item} out of the list: {items}", "Delete {item} from {items}")
ADD = ("Add {item} to this list: {items}", "Append {item} to the list: {items}", "Put {item} at the end of {items}")
BULLETS = ("Write this as a bullet list: {}", "Make a bulleted list of {}", "Turn this into bullet points: {}")
NUMBERED = ("Write this as a numbered list: {}", "Make a numbered list of {}", "Number these items: {}")
ODD = ("Which one does not belong? {}", "Find the odd one out: {}", "Which word does not fit: {}?", "Odd one out: {}")
KIND_OF = (
    "What kind of thing is {}?",
    "Which category does {} belong to?",
    "Is {} an animal, a fruit or something else?",
)
NAME_KIND = ("Name {count} {kind}s.", "List {count} {kind}s.", "Give me {count} {kind}s.", "Tell me {count} {kind}s")


def _words(rng: random.Random, split: Split, low: int = 3, high: int = 6) -> list[str]:
    return draw(split, lambda: distinct_words(rng, rng.randint(low, high)))


def _numbers(rng: random.Random, split: Split) -> list[int]:
    top = rng.choice((10, 20, 100, 100))
    return draw(split, lambda: rng.sample(range(top), rng.randint(3, 6)))


def _on_words(
    skill: str, phrasings: tuple[str, ...], answer: Callable[[list[str]], str], low: int = 3, high: int = 6
) -> Skill:
    def make(rng: random.Random, split: Split) -> Dialogue:
        items = _words(rng, split, low, high)
        return talk(skill, rng.choice(phrasings).format(written_list(rng, items)), answer(items))

    return make


def _on_numbers(skill: str, phrasings: tuple[str, ...], answer: Callable[[list[int]], str]) -> Skill:
    def make(rng: random.Random, split: Split) -> Dialogue:
        items = _numbers(rng, split)
        return talk(skill, rng.choice(phrasings).format(written_list(rng, items)), answer(items))

    return make


def reverse(rng: random.Random, split: Split) -> Dialogue:
    """A list of words or numbers back to front."""
    items = _words(rng, split) if rng.random() < 0.75 else [str(n) for n in _numbers(rng, split)]
    return talk("reverse list", rng.choice(REVERSE).format(written_list(rng, items)), ", ".join(reversed(items)))


def count(rng: random.Random, split: Split) -> Dialogue:
    """How many items a list has, one to nine."""
    items = _words(rng, split, 2, 9)
    answer = f"There are {len(items)} items in the list."
    asked = rng.choice(COUNT).format(", ".join(items))
    return talk("count items", asked, answer, keywords=(f" {len(items)} ",))


def count_words(rng: random.Random, split: Split) -> Dialogue:
    """How many words a sentence has."""
    text = draw(split, lambda: sentence(rng))
    total = len(text.split())
    return talk("count words", rng.choice(COUNT_WORDS).format(f'"{text}"'), f"It has {total} words.")


def member(rng: random.Random, split: Split) -> Dialogue:
    """Whether an item is in a list."""
    items = _words(rng, split, 4, 7)
    inside = rng.random() < 0.5
    item = rng.choice(items[:-1]) if inside else items[-1]
    shown = items[:-1]
    asked = rng.choice(MEMBER).format(item=item, items=", ".join(shown))
    answer = f"Yes, {item} is in the list." if inside else f"No, {item} is not in the list."
    return talk("list member", asked, answer)


def remove(rng: random.Random, split: Split) -> Dialogue:
    """A list without one of its items."""
    items = _words(rng, split, 3, 6)
    item = rng.choice(items)
    asked = rng.choice(REMOVE).format(item=item, items=", ".join(items))
    return talk("list remove", asked, ", ".join(other for other in items if other != item))


def add(rng: random.Random, split: Split) -> Dialogue:
    """A list with one item more."""
    *items, item = _words(rng, split, 3, 6)
    return talk("list add", rng.choice(ADD).format(item=item, items=", ".join(items)), ", ".join([*items, item]))


def odd_one_out(rng: random.Random, split: Split) -> Dialogue:
    """The one word that is of another kind, with the reason."""
    kind, other = rng.sample(sorted(lex.KINDS), 2)
    members, stranger = draw(split, lambda: (rng.sample(lex.KINDS[kind], 3), rng.choice(lex.KINDS[other])))
    if stranger in lex.KINDS[kind]:
        return odd_one_out(rng, split)
    items = rng.sample([*members, stranger], 4)
    answer = f"{stranger.capitalize()} does not belong: it is {article(other)}."
    return talk("odd one out", rng.choice(ODD).format(", ".join(items)), answer, keywords=(f"{stranger} does",))


def kind_of(rng: random.Random, split: Split) -> Dialogue:
    """What kind of thing a word names."""
    word, asked = draw(split, lambda: (rng.choice(lex.KINDS[rng.choice(sorted(lex.KINDS))]), rng.choice(KIND_OF)))
    kind = next(kind for kind, words in lex.KINDS.items() if word in words)
    answer = f"{word.capitalize()} is {article(kind)}."
    accepted = tuple(f"{word.capitalize()} is {article(k)}." for k, words in lex.KINDS.items() if word in words)
    return talk("kind of", asked.format(word), answer, accepted=accepted)


def name_kind(rng: random.Random, split: Split) -> Dialogue:
    """A few things of one kind, always in the same order."""
    kinds = ("animal", "fruit", "vegetable", "colour", "tool", "instrument", "vehicle", "drink", "sport")
    kind, total, asked = draw(split, lambda: (rng.choice(kinds), rng.randint(2, 6), rng.choice(NAME_KIND)))
    number = rng.choice((str(total), lex.NUMBER_WORDS[total]))
    words = lex.KINDS[kind][:total]
    return talk("name kind", asked.format(count=number, kind=kind), f"{spoken_list(words).capitalize()}.")


def long_copy(rng: random.Random, split: Split) -> Dialogue:
    """A long list of invented words written on separate lines: nothing but looking back."""
    items = draw(split, lambda: [invented_word(rng) for _ in range(rng.randint(4, 10))])
    return talk("one per line", f"Write each word on its own line: {' '.join(items)}", "\n".join(items))


SKILLS: dict[str, Skill] = {
    "reverse list": reverse,
    "sort words": _on_words("sort words", SORT, lambda items: ", ".join(sorted(items, key=str.lower)), 3, 5),
    "sort numbers": _on_numbers("sort numbers", SORT_NUMBERS, lambda items: ", ".join(map(str, sorted(items)))),
    "sort numbers down": _on_numbers(
        "sort numbers down", SORT_DOWN, lambda items: ", ".join(map(str, sorted(items, reverse=True)))
    ),
    "largest": _on_numbers("largest", LARGEST, lambda items: f"The largest number is {max(items)}."),
    "smallest": _on_numbers("smallest", SMALLEST, lambda items: f"The smallest number is {min(items)}."),
    "count items": count,
    "count words": count_words,
    **{name: _on_words(name, phrasings, pick) for name, (phrasings, pick) in PICKS.items()},
    "list member": member,
    "list remove": remove,
    "list add": add,
    "bullet list": _on_words("bullet list", BULLETS, lambda items: "\n".join(f"- {item}" for item in items)),
    "numbered list": _on_words(
        "numbered list", NUMBERED, lambda items: "\n".join(f"{i}. {item}" for i, item in enumerate(items, 1))
    ),
    "odd one out": odd_one_out,
    "kind of": kind_of,
    "name kind": name_kind,
    "one per line": long_copy,
}
