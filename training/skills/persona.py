"""Characters and names that a system prompt, or the user, gives to cria."""

import random
from functools import partial

from training.data.characters import ASSISTANT_NAMES, CHARACTERS, JOBS, NAMES, STARTS, STOPS, SYSTEMS, WISHES
from training.dialogue import Dialogue, Skill, Split, held_out
from training.exchanges import Exchange, combined, conversation, lowered
from training.pool import any_exchange

GREETINGS = ("Hello!", "Hi!", "Hey there!", "Good morning!", "Hi", "hello", "hey", "Good evening!")
GREETING_ANSWER = "Hello! What would you like to know?"
WHO = (
    "Who are you?", "What are you?", "Introduce yourself.", "Who am I talking to?", "Tell me about yourself.",
    "Who is this?",
)  # fmt: skip
NAME = (
    "What is your name?", "What's your name?", "Do you have a name?", "Tell me your name.", "Your name?",
    "What are you called?",
)  # fmt: skip
NAME_SYSTEMS = (
    "Your name is {n}.", "You are {n}.", "You are {n}, a helpful assistant.", "You are called {n}.",
    "Your name is {n}. Be helpful.",
)  # fmt: skip
JOB_SYSTEMS = (
    "You are {n}, {j}.", "Your name is {n} and you are {j}.", "You are {j} called {n}.",
    "You are {j}. Your name is {n}.",
)  # fmt: skip


def dressed(character: str, answer: str) -> str:
    """The answer as the character says it."""
    return CHARACTERS[character].format(answer=answer, body=lowered(answer).rstrip(".!?"))


def in_character(rng: random.Random, character: str) -> Exchange:
    """Some question, answered the way the character speaks; now and then a greeting or "who are you"."""
    kind = rng.random()
    if kind < 0.18:
        return Exchange(rng.choice(GREETINGS), dressed(character, GREETING_ANSWER))
    if kind < 0.34:
        return Exchange(rng.choice(WHO), dressed(character, f"I am {character}."))
    plain = any_exchange(rng)
    accepted = tuple(dressed(character, other) for other in plain.accepted)
    return Exchange(plain.question, dressed(character, plain.answer), accepted=accepted)


def persona(rng: random.Random, split: Split) -> Dialogue:
    """A system prompt names a character; every answer stays in it."""
    character = rng.choice(list(CHARACTERS))
    ask = partial(in_character, rng, character)
    before = [combined("train", character, ask) for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3)))]
    last = combined(split, character, ask)
    return conversation("persona", rng, [*before, last], rng.choice(SYSTEMS).format(x=character))


def persona_on_request(rng: random.Random, split: Split) -> Dialogue:
    """The user asks for a character: in the question itself, or for the rest of the talk."""
    character = rng.choice(list(CHARACTERS))
    last = combined(split, character, partial(in_character, rng, character))
    if rng.random() < 0.5:
        wish = rng.choice(WISHES).format(x=character, q=last.question)
        return conversation("persona on request", rng, [Exchange(wish, last.answer, accepted=last.accepted)])
    ready = dressed(character, f"I am {character} now. What would you like to know?")
    talk = [Exchange(rng.choice(STARTS).format(x=character), ready), last]
    if split == "train" and rng.random() < 0.25:
        stop = rng.choice(STOPS).format(x=character)
        talk += [Exchange(stop, "All right, I talk like myself again."), any_exchange(rng)]
    return conversation("persona on request", rng, talk)


def given_name(rng: random.Random, split: Split) -> Dialogue:
    """A system prompt gives a name, and perhaps a job; cria goes by it."""
    while True:
        name, job, question = rng.choice((*ASSISTANT_NAMES, *NAMES)), rng.choice(("", *JOBS)), rng.choice((*WHO, *NAME))
        if held_out(name, job, question) == (split == "held_out"):
            break
    system = rng.choice(JOB_SYSTEMS if job else NAME_SYSTEMS).format(n=name, j=job)
    who = f"I am {name}, {job}. How can I help you?" if job else f"I am {name}. How can I help you?"
    last = Exchange(question, f"My name is {name}." if question in NAME else who, keywords=(name,))
    before = [Exchange(rng.choice(GREETINGS), f"Hello! I am {name}. How can I help you?")] if rng.random() < 0.3 else []
    before += [any_exchange(rng)] if rng.random() < 0.3 else []
    return conversation("given name", rng, [*before, last], system)


SKILLS: dict[str, Skill] = {"persona": persona, "persona on request": persona_on_request, "given name": given_name}
