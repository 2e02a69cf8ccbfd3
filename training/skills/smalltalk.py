"""Greetings, thanks, moods, jokes, poems and stories."""

import random
from collections.abc import Sequence
from dataclasses import replace

from training.data import smalltalk_answers as texts
from training.data.characters import NAMES
from training.data.lexicon import THINGS
from training.dialogue import Dialogue, Skill, Split, held_out
from training.exchanges import (
    Asker,
    Exchange,
    asker,
    capitalised,
    conversation,
    entries,
    one_of,
    skill_of,
    sorted_by_question,
)

HELLOS = (
    "hi", "hello", "hey", "hiya", "hey there", "hello there", "hi there", "good morning", "good evening",
    "good afternoon", "good day", "howdy", "greetings", "yo", "helo", "hallo", "heyy", "hellooo", "hi hi", "morning",
)  # fmt: skip
NAMED = (
    "", "", "", " cria", ", cria", " you", " bot", " friend", " everybody", ", how are you?", ", nice to meet you",
    " again",
)  # fmt: skip
JOKE_WISHES = (
    "Tell me a joke.", "A joke, please.", "Do you know a joke?", "Make me laugh.", "Can you tell me a joke?", "Joke?",
    "Tell me something funny.", "I want to hear a joke.", "Another joke!", "One more joke, please.",
    "Say something funny.", "Give me a joke.", "Got any jokes?", "Tell me a good joke.", "Tell me a short joke.",
    "Know any jokes?", "I need a laugh.", "Any good jokes?", "Can I hear a joke?", "How about a joke?",
    "I would like to hear a joke.", "Please tell me a joke.", "Could you tell me a joke?", "What is your best joke?",
    "Let me hear a joke.", "Do you have a joke for me?",
)  # fmt: skip
SUBJECT_JOKE_WISHES = (
    "Tell me a joke about {x}.", "A joke about {x}, please.", "Do you know a joke about {x}?", "Joke about {x}?",
    "Can you tell me a joke about {x}?", "I want to hear a joke about {x}.", "Give me a joke about {x}.",
    "Make a joke about {x}.", "Got a joke about {x}?", "I would like a joke about {x}.",
    "Let me hear a joke about {x}.", "How about a joke about {x}?", "Any jokes about {x}?",
)  # fmt: skip
ANOTHER = (
    "Another one!", "One more.", "Another one, please.", "Again!", "Tell me another one.", "More!",
    "Do you have another one?", "Next!", "Give me another one.", "And another one?", "One more, please.",
    "Can I have one more?", "Have you got more?", "Another!", "A different one, please.",
    "I know that one. Another one?", "Once more with a new one.", "That was nice. Another one!", "Haha, one more!",
    "Please give me one more.", "I want another one.",
)  # fmt: skip
POEM_WISHES = (
    "Write a poem about {x}.", "Tell me a poem about {x}.", "A poem about {x}, please.",
    "Can you write a poem about {x}?", "Poem about {x}", "Make a poem about {x}.", "Write me a short poem about {x}.",
    "I would like a poem about {x}.", "Compose a poem about {x}.", "Write a little poem on {x}.",
    "Give me a poem about {x}.", "Do you know a poem about {x}?", "Write a rhyme about {x}.",
    "Write a song about {x}.", "Make a rhyme about {x}.", "Write some verses about {x}.",
)  # fmt: skip
ANY_POEM_WISHES = (
    "Write a poem.", "Tell me a poem.", "Write me a poem.", "A poem, please.", "Do you know a poem?",
    "Recite a poem.", "Say a poem.",
)  # fmt: skip
ANY_HAIKU_WISHES = (
    "Write a haiku.", "Tell me a haiku.", "A haiku, please.", "Do you know a haiku?", "Give me a haiku.",
    "Can you write a haiku?",
)  # fmt: skip
STORY_WISHES = (
    "Tell me a story about {x}.", "Write a story about {x}.", "Can you tell me a story about {x}?",
    "A story about {x}, please.", "I want a story about {x}.", "Write a short story about {x}.",
    "Make up a story about {x}.", "Tell a tale about {x}.", "Give me a short story about {x}.",
    "Do you know a story about {x}?",
)  # fmt: skip
ANY_STORY_WISHES = (
    "Tell me a story.", "A story, please.", "Write a story.", "Can you tell me a story?", "Tell me a bedtime story.",
    "I want to hear a story.", "Tell me a short story.", "Do you know a story?", "Make up a story.",
)  # fmt: skip
UNKNOWN_SUBJECTS = (
    "bananas", "my uncle", "taxes", "a washing machine", "dinosaurs", "football", "my school", "shoes", "pizza",
    "traffic", "trains", "my boss", "cheese", "a spoon", "homework", "glasses", "elephants", "a bus stop", "coffee",
    "socks", "robots", "bicycles",
)  # fmt: skip


def greet(rng: random.Random) -> Exchange:
    """A greeting in one of many spellings."""
    opening = rng.choice(HELLOS) + rng.choice(NAMED)
    ending = "" if "?" in opening else rng.choice(("", "!", "."))
    question = rng.choice((opening, capitalised(opening), capitalised(opening))) + ending
    if opening in HELLOS:
        return _any_of(rng, (question,), texts.GREETING_ANSWERS)
    if "how are you" in opening:
        return Exchange(question, "Hello! I am well, thank you. How are you?")
    return one_of(rng, question, texts.GREETING_ANSWERS)


def _any_of(rng: random.Random, wishes: Sequence[str], answers: Sequence[str]) -> Exchange:
    return replace(one_of(rng, rng.choice(wishes), answers), lone=True)


def joke(rng: random.Random) -> Exchange:
    """A wish for a joke, sometimes about llamas or computers."""
    subject = rng.choice((*texts.JOKES, ""))
    if subject:
        return one_of(rng, rng.choice(SUBJECT_JOKE_WISHES).format(x=subject), texts.JOKES[subject])
    return _any_of(rng, JOKE_WISHES, [joke for jokes in texts.JOKES.values() for joke in jokes])


def poem(rng: random.Random) -> Exchange:
    """A wish for a poem or a haiku, with a subject or without, or with a subject that cria has no poem about."""
    kind = rng.random()
    if kind < 0.12:
        return _any_of(rng, ANY_POEM_WISHES, [poems[1] for poems in texts.POEMS.values()])
    if kind < 0.24:
        return _any_of(rng, ANY_HAIKU_WISHES, [poems[0] for poems in texts.POEMS.values()])
    wish = rng.choice(POEM_WISHES)
    if kind < 0.34:
        return _missing_poem(rng, wish)
    subject = rng.choice(list(texts.POEMS))
    if kind < 0.6 and "poem" in wish.lower():
        wish = wish.replace("poem", "haiku").replace("Poem", "Haiku")
        return Exchange(wish.format(x=subject), texts.POEMS[subject][0])
    return Exchange(wish.format(x=subject), texts.POEMS[subject][1])


def _missing_poem(rng: random.Random, wish: str) -> Exchange:
    thing = f"a {rng.choice(THINGS)}"
    subject, other = rng.choice((thing, rng.choice(UNKNOWN_SUBJECTS))), rng.choice(list(texts.POEMS))
    answer = f"I have no poem about {subject}, but here is one about {other}:\n{texts.POEMS[other][1]}"
    return Exchange(wish.format(x=subject), answer, keywords=("no poem about", subject), exact=True)


def story(rng: random.Random) -> Exchange:
    """A wish for a story: one of those cria knows, or one made up for a hero, a name and a place."""
    kind = rng.random()
    if kind < 0.2:
        return _any_of(rng, ANY_STORY_WISHES, list(texts.STORIES.values()))
    if kind < 0.5:
        hero = rng.choice(list(texts.STORIES))
        return Exchange(rng.choice(STORY_WISHES).format(x=hero), texts.STORIES[hero])
    return _made_up(rng)


def _made_up(rng: random.Random) -> Exchange:
    hero, place = rng.choice(texts.STORY_HEROES), rng.choice(texts.STORY_PLACES)
    name = rng.choice((rng.choice(texts.STORY_NAMES), rng.choice(NAMES)))
    wish, deed, end = rng.choice(texts.STORY_PLOTS)
    article = "an" if hero[0] in "aeiou" else "a"
    subject = f"{article} {hero}"
    named = subject in texts.STORIES or rng.random() < 0.7
    subject += f" {rng.choice(('named', 'called'))} {name}" if named else ""
    with_place = rng.random() < 0.3
    subject += f" in a {place}" if with_place else ""
    told = (
        f"Once upon a time {article} {hero} named {name} lived in a {place}. {name} {wish}. "
        f"One day {name} {deed}. {end.format(name=name)}"
    )
    keywords = (hero, *([name] if named else []), *([place] if with_place else []))
    return Exchange(rng.choice(STORY_WISHES).format(x=subject), told, keywords=keywords, exact=True)


def another(rng: random.Random, split: Split) -> Dialogue:
    """A joke, a poem or a story, and then another one."""
    ask, all_texts = rng.choice((
        (joke, [text for jokes in texts.JOKES.values() for text in jokes]),
        (poem, [poems[1] for poems in texts.POEMS.values()]),
        (story, list(texts.STORIES.values())),
    ))  # fmt: skip
    while True:
        first, wish = sorted_by_question(ask)(rng, "train"), rng.choice(ANOTHER)
        if held_out(first.question, wish) == (split == "held_out"):
            break
    others = [text for text in all_texts if text not in first.answer]
    return conversation("another one", rng, [first, one_of(rng, wish, others)])


ASKERS: dict[str, Asker] = {
    "greetings": sorted_by_question(greet),
    "smalltalk": asker(entries(*texts.ENTRIES)),
    "jokes": sorted_by_question(joke),
    "poems": sorted_by_question(poem),
    "stories": sorted_by_question(story),
}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()} | {"another one": another}
