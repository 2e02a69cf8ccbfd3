"""How people really type: the same request in lower case, without punctuation, with a slip of the finger."""

import random

from training.dialogue import Dialogue, Message


def casual(rng: random.Random, text: str) -> str:
    """`text` as a stranger may type it: half the time untouched, else lower case, no end mark, or one typo."""
    style = rng.random()
    if style < 0.5:
        return text
    if style < 0.72:
        text = text[:1].lower() + text[1:] if rng.random() < 0.5 else text.lower()
    if style < 0.9:
        text = text.rstrip(".!?") or text
    else:
        text = with_typo(rng, text)
    return text.strip()


def with_typo(rng: random.Random, text: str) -> str:
    """`text` with one slip inside a word of four letters or more: a swap, a loss, or a doubling."""
    words = text.split(" ")
    long_words = [i for i, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not long_words:
        return text
    i = rng.choice(long_words)
    words[i] = _slip(rng, words[i])
    return " ".join(words)


def _slip(rng: random.Random, word: str) -> str:
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


def casual_user(rng: random.Random, dialogue: Dialogue) -> Dialogue:
    """`dialogue` with every user message typed casually; for skills where the user's exact letters do not matter."""
    messages = tuple(Message("user", casual(rng, m.content)) if m.role == "user" else m for m in dialogue.messages)
    return Dialogue(dialogue.skill, messages, dialogue.tools, dialogue.accepted, dialogue.keywords)
