"""Tasks on a piece of text: other letter case, saying it again, spelling it."""

import random
from collections.abc import Callable

from training.data import lexicon as lex
from training.dialogue import Dialogue, Skill, Split, draw, talk
from training.making import any_word, phrase, quoted
from training.phrasing import casual

UPPERCASE = (
    "Write {} in uppercase.",
    "Write {} in capital letters.",
    "Put {} in capitals.",
    "Make this uppercase: {}",
    "Convert to uppercase: {}",
    "Uppercase: {}",
    "uppercase {}",
    "Turn this into capital letters: {}",
    "Please shout this: {}",
    "Can you write {} in all caps?",
    "all caps: {}",
    "Change the following text to upper case.\n\n{}",
    "Rewrite in uppercase: {}",
)
LOWERCASE = (
    "Write {} in lowercase.",
    "Make this lowercase: {}",
    "Convert to lowercase: {}",
    "Lowercase: {}",
    "lowercase {}",
    "Put {} in small letters.",
    "Turn this into lower case: {}",
    "Change the following text to lower case.\n\n{}",
)
TITLE = (
    "Capitalise each word: {}",
    "Capitalize each word: {}",
    "Capitalize every word of this: {}",
    "Write {} in title case.",
    "Title case: {}",
    "Make each word start with a capital letter: {}",
)
REPEAT = (
    "Repeat after me: {}",
    "Say {}.",
    "Say: {}",
    "Please say {}",
    "Repeat this: {}",
    "Repeat: {}",
    "Copy this text exactly: {}",
    "Write {}",
    "Echo {}",
    "Just answer with this: {}",
    "Reply with exactly {}",
    "Print {}",
)
COPY = (
    "Copy this text exactly: {}",
    "Copy: {}",
    "Repeat this text word for word: {}",
    "Write this text again.\n\n{}",
    "Repeat after me: {}",
    "{}\n\nCopy the line above.",
)
REPEAT_TIMES = ("Say {} {} times.", "Repeat {} {} times.", "Write {} {} times.", "Print {} {} times")
SPELL = (
    "Spell {}.",
    "Spell the word {}.",
    "How do you spell {}?",
    "Can you spell {}?",
    "Spell {} letter by letter.",
    "Spell out {}",
)
LETTERS = ("How many letters are in {}?", "How many letters does {} have?", "Count the letters in {}.")
FIRST_LETTER = ("What is the first letter of {}?", "What letter does {} start with?", "First letter of {}?")


def _changed(
    skill: str, phrasings: tuple[str, ...], before: Callable[[str], str], after: Callable[[str], str]
) -> Skill:
    def make(rng: random.Random, split: Split) -> Dialogue:
        text = draw(split, lambda: phrase(rng))
        return talk(skill, rng.choice(phrasings).format(quoted(rng, before(text))), after(text))

    return make


def _title(text: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in text.split())


def repeat(rng: random.Random, split: Split) -> Dialogue:
    """A text said again, letter for letter."""
    text = draw(split, lambda: phrase(rng))
    text = rng.choice((text, text, text[0].upper() + text[1:], text.upper()))
    return talk("repeat", rng.choice(REPEAT).format(quoted(rng, text)), text)


def copy_text(rng: random.Random, split: Split) -> Dialogue:
    """A long run of unrelated words, copied: nothing but looking back helps."""
    words = draw(split, lambda: [any_word(rng) for _ in range(rng.randint(6, 24))])
    text = " ".join(words)
    return talk("copy text", rng.choice(COPY).format(text), text)


def repeat_times(rng: random.Random, split: Split) -> Dialogue:
    """A word said two to five times."""
    word, count = draw(split, lambda: (any_word(rng), rng.randint(2, 5)))
    number = rng.choice((str(count), lex.NUMBER_WORDS[count]))
    return talk("repeat times", rng.choice(REPEAT_TIMES).format(quoted(rng, word), number), " ".join([word] * count))


def spell(rng: random.Random, split: Split) -> Dialogue:
    """The letters of a word of the lexicon, in capitals, joined by hyphens."""
    word, asked = draw(split, lambda: (rng.choice(lex.WORDS), rng.choice(SPELL)))
    return talk("spell", casual_word(rng, asked, word), "-".join(word.upper()))


def letters(rng: random.Random, split: Split) -> Dialogue:
    """How many letters a word of the lexicon has."""
    word, asked = draw(split, lambda: (rng.choice(lex.WORDS), rng.choice(LETTERS)))
    answer = f'The word "{word}" has {len(word)} letters.'
    return talk("letters", casual_word(rng, asked, word), answer, keywords=(str(len(word)),))


def first_letter(rng: random.Random, split: Split) -> Dialogue:
    """The first letter of a word of the lexicon."""
    word, asked = draw(split, lambda: (rng.choice(lex.WORDS), rng.choice(FIRST_LETTER)))
    answer = f'The first letter of "{word}" is {word[0].upper()}.'
    return talk("first letter", casual_word(rng, asked, word), answer, keywords=(f"is {word[0]}",))


def casual_word(rng: random.Random, asked: str, word: str) -> str:
    """The request typed casually around a word that stays as it is."""
    return casual(rng, asked.replace("{}", "@")).replace("@", quoted(rng, word))


SKILLS: dict[str, Skill] = {
    "uppercase": _changed("uppercase", UPPERCASE, str, str.upper),
    "lowercase": _changed("lowercase", LOWERCASE, str.upper, str.lower),
    "title case": _changed("title case", TITLE, str.lower, lambda text: _title(text.lower())),
    "repeat": repeat,
    "copy text": copy_text,
    "repeat times": repeat_times,
    "spell": spell,
    "letters": letters,
    "first letter": first_letter,
}
