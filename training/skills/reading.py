"""Tasks on a text in the prompt: its mood, its people, its facts, its gist."""

import json
import random
from collections.abc import Sequence

from training.data import lexicon as lex
from training.dialogue import Dialogue, Skill, Split, draw, talk
from training.making import spoken_list

GOOD = (
    "I love this {thing}.",
    "The {thing} was wonderful.",
    "What a great {thing}!",
    "This {thing} made me so happy.",
    "I really enjoyed the {thing}.",
    "The best {thing} I have ever had.",
    "The {thing} works perfectly, I am delighted.",
    "Excellent {thing}, I will come back.",
    "My {thing} arrived early and it is beautiful.",
    "Everyone was kind and the {thing} was delicious.",
    "I am very pleased with the {thing}.",
    "The {thing} is amazing, thank you!",
    "Fantastic {thing}, highly recommended.",
    "We had a lovely time and the {thing} was superb.",
)
BAD = (
    "I hate this {thing}.",
    "The {thing} was terrible.",
    "What an awful {thing}!",
    "This {thing} made me so angry.",
    "I did not enjoy the {thing} at all.",
    "The worst {thing} I have ever had.",
    "The {thing} broke after one day, I am disappointed.",
    "Horrible {thing}, never again.",
    "My {thing} arrived late and it is broken.",
    "Everyone was rude and the {thing} was disgusting.",
    "I am very unhappy with the {thing}.",
    "The {thing} is a waste of money.",
    "Boring {thing}, I want my money back.",
    "We had a bad time and the {thing} was dreadful.",
)
NEUTRAL = (
    "The {thing} is on the table.",
    "The {thing} opens at nine.",
    "I bought a {thing} on Monday.",
    "The {thing} is made of wood.",
    "There is a {thing} in the room.",
    "The {thing} costs ten dollars.",
    "My {thing} arrived on Tuesday.",
    "This {thing} is blue.",
)
JUDGED = (
    "The {thing} was {word}.",
    "The {thing} is {word} and {other}.",
    "I think the {thing} is {word}.",
    "It was a {word} {thing}.",
    "So {word}! I did not expect that from a {thing}.",
    "My {thing} is {word}.",
    "What a {word} day, and the {thing} was {other} too.",
    "I feel {word} about the {thing}.",
    "This is {word}.",
)
PLEASANT = [
    "great",
    "good",
    "wonderful",
    "excellent",
    "amazing",
    "fantastic",
    "lovely",
    "beautiful",
    "perfect",
    "delicious",
    "superb",
    "brilliant",
    "nice",
    "charming",
    "delightful",
    "awesome",
    "happy",
    "friendly",
    "enjoyable",
    "pleasant",
]
UNPLEASANT = [
    "terrible",
    "bad",
    "awful",
    "horrible",
    "dreadful",
    "boring",
    "ugly",
    "disgusting",
    "poor",
    "broken",
    "useless",
    "rude",
    "sad",
    "disappointing",
    "annoying",
    "nasty",
    "dirty",
    "painful",
    "unpleasant",
    "miserable",
]
RATED = [
    "film",
    "movie",
    "book",
    "hotel",
    "meal",
    "phone",
    "concert",
    "room",
    "dinner",
    "cake",
    "service",
    "trip",
    "song",
    "coffee",
    "show",
    "game",
    "bag",
    "chair",
]
SENTIMENT = (
    'What is the sentiment of this sentence? "{}"',
    "Is this positive or negative? {}",
    "Classify the sentiment: {}",
    "Sentiment of: {}",
    "Tell me whether this review is positive, negative or neutral: {}",
    "Classify this review as positive, negative or neutral.\n\n{}",
    'Is the following text positive or negative? "{}"',
    "sentiment: {}",
)
PEOPLE = (
    "{name} is {age} years old and lives in {city}.",
    "{name}, {age}, lives in {city}.",
    "My name is {name}, I am {age} and I live in {city}.",
    "{name} is a {job} from {city} and is {age} years old.",
    "{name} is {age}. Her home is {city}.",
    "I met {name} in {city}. {name} is a {age} year old {job}.",
    "In {city} there lives a {job} called {name}, who is {age}.",
    "At {age}, {name} moved to {city} to work as a {job}.",
)
TO_JSON = (
    "Extract the {keys} as JSON: {text}",
    "Extract the {keys} from this text as JSON.\n\n{text}",
    "Give me the {keys} in JSON. {text}",
    "Return JSON with the {keys}: {text}",
    "{text}\n\nExtract {keys} to JSON.",
    "Turn this into JSON with the keys {keys}: {text}",
)
NAMES_TO_JSON = (
    "Extract the names as a JSON list: {}",
    "Extract all names from this text as JSON.\n\n{}",
    "List the people in this text as a JSON array: {}",
    "Extract names to JSON: {}",
)
NAMES_IN = (
    "Which people are in this text? {}",
    "List the names in this sentence: {}",
    "Who is mentioned here? {}",
    "Find the names: {}",
)
PLACES_IN = (
    "Which city is mentioned? {}",
    "What place is in this text? {}",
    "Extract the city: {}",
    "Which place does this sentence mention? {}",
)
GROUPS = (
    "{} went to the market.",
    "Yesterday I met {} at the station.",
    "{} are old friends.",
    "The team is {}.",
    "{} came to dinner and stayed late.",
    "We saw {} in the park.",
    "{} like to sing together.",
)
SUMMARISE = (
    "Summarise this text: {}",
    "Summarize: {}",
    "Summarize this paragraph in one sentence.\n\n{}",
    "Give me a short summary: {}",
    "What is this text about? {}",
    "tl;dr: {}",
    "{}\n\nSummarise this in one sentence.",
    "Can you sum this up? {}",
)


def sentiment(rng: random.Random, split: Split) -> Dialogue:
    """Positive, negative or neutral."""
    shapes: Sequence[str]
    label, shapes = rng.choice(
        (("Positive", GOOD), ("Negative", BAD), ("Positive", GOOD), ("Negative", BAD), ("Neutral", NEUTRAL))
    )
    words = PLEASANT if label == "Positive" else UNPLEASANT
    if label != "Neutral" and rng.random() < 0.5:
        shapes = JUDGED
    text = draw(
        split,
        lambda: rng.choice(shapes).format(thing=rng.choice(RATED), word=rng.choice(words), other=rng.choice(words)),
    )
    if label != "Neutral" and rng.random() < 0.3:
        text += " " + rng.choice(GOOD if label == "Positive" else BAD).format(thing=rng.choice(RATED))
    return talk("sentiment", rng.choice(SENTIMENT).format(text), label)


def _person(rng: random.Random) -> tuple[str, int, str, str]:
    return rng.choice(lex.NAMES), rng.randint(5, 90), rng.choice(lex.CITIES), rng.choice(lex.JOBS)


def person_to_json(rng: random.Random, split: Split) -> Dialogue:
    """One person's name, age, city, job to JSON, with the keys that were asked for."""
    name, age, city, job = draw(split, lambda: _person(rng))
    shape = rng.choice(PEOPLE)
    known = {"name": name, "age": age, "city": city} | ({"job": job} if "{job}" in shape else {})
    keys = rng.sample(sorted(known), rng.randint(2, len(known)))
    asked = rng.choice(TO_JSON).format(
        keys=spoken_list(keys), text=shape.format(name=name, age=age, city=city, job=job)
    )
    return talk("person to json", asked, json.dumps({key: known[key] for key in keys}))


def _group(rng: random.Random) -> list[str]:
    return rng.sample(lex.NAMES, rng.randint(2, 4))


def names_to_json(rng: random.Random, split: Split) -> Dialogue:
    """The names in a sentence, as a JSON list."""
    names = draw(split, lambda: _group(rng))
    asked = rng.choice(NAMES_TO_JSON).format(rng.choice(GROUPS).format(spoken_list(names)))
    return talk("names to json", asked, json.dumps(names))


def names_in(rng: random.Random, split: Split) -> Dialogue:
    """The names in a sentence, said."""
    names = draw(split, lambda: _group(rng))
    asked = rng.choice(NAMES_IN).format(rng.choice(GROUPS).format(spoken_list(names)))
    return talk("names in text", asked, f"{spoken_list(names)}.")


def place_in(rng: random.Random, split: Split) -> Dialogue:
    """The city in a sentence."""
    name, age, city, job = draw(split, lambda: _person(rng))
    text = rng.choice(PEOPLE).format(name=name, age=age, city=city, job=job)
    return talk("place in text", rng.choice(PLACES_IN).format(text), f"{city}.")


def answer_from_text(rng: random.Random, split: Split) -> Dialogue:
    """A question whose answer stands in a short text about two or three people."""
    people = draw(split, lambda: _people(rng))
    sentences = [_about(rng, *person) for person in people]
    i = rng.randrange(len(people))
    name, fact, value = people[i]
    question, answer = QUESTIONS[fact]
    ask = rng.choice(
        ("{text}\n\n{q}", "{text} {q}", "Read this: {text}\n\n{q}", "Text: {text}\n\nQuestion: {q}", "{q}\n\n{text}")
    )
    asked = ask.format(text=" ".join(sentences), q=question.format(name=name, value=value))
    return talk(
        "answer from text",
        asked,
        answer.format(name=name, value=value),
        keywords=(value if "who" not in fact else name,),
    )


QUESTIONS: dict[str, tuple[str, str]] = {
    "city": ("Where does {name} live?", "{name} lives in {value}."),
    "job": ("What does {name} do?", "{name} works as a {value}."),
    "age": ("How old is {name}?", "{name} is {value} years old."),
    "pet": ("What animal does {name} have?", "{name} has a {value}."),
    "colour": ("What is {name}'s favourite colour?", "{name}'s favourite colour is {value}."),
    "fruit": ("Which fruit does {name} like?", "{name} likes {value}."),
    "who_city": ("Who lives in {value}?", "{name} lives in {value}."),
    "who_pet": ("Who has a {value}?", "{name} has a {value}."),
    "who_job": ("Who works as a {value}?", "{name} works as a {value}."),
}
STATED: dict[str, tuple[str, ...]] = {
    "city": ("{name} lives in {value}.", "{name}'s home is in {value}."),
    "job": ("{name} works as a {value}.", "{name} is a {value}."),
    "age": ("{name} is {value} years old.", "{name} is {value}."),
    "pet": ("{name} has a {value}.", "{name} owns a {value}."),
    "colour": ("{name}'s favourite colour is {value}.", "{name} likes the colour {value} best."),
    "fruit": ("{name} likes {value}.", "{name}'s favourite fruit is {value}."),
}


def _people(rng: random.Random) -> list[tuple[str, str, str]]:
    names = rng.sample(lex.NAMES, rng.randint(2, 4))
    fact = rng.choice(sorted(QUESTIONS))
    pools = {
        "city": lex.CITIES,
        "job": lex.JOBS,
        "age": [str(n) for n in range(5, 90)],
        "pet": lex.KINDS["animal"],
        "colour": lex.KINDS["colour"],
        "fruit": lex.KINDS["fruit"],
    }
    same = rng.random() < 0.6
    facts = [fact] + [fact if same else rng.choice(sorted(pools)) for _ in names[1:]]
    kinds = [f.removeprefix("who_") for f in facts]
    values = {kind: rng.sample(pools[kind], len(names)) for kind in dict.fromkeys(kinds)}
    people = [
        (name, fact_, values[kind][i]) for i, (name, fact_, kind) in enumerate(zip(names, facts, kinds, strict=True))
    ]
    rng.shuffle(people)
    return people


def _about(rng: random.Random, name: str, fact: str, value: str) -> str:
    return rng.choice(STATED[fact.removeprefix("who_")]).format(name=name, value=value)


EVENTS = ("festival", "concert", "market", "race", "exhibition", "school play", "book fair", "dance", "harvest")
SUBJECTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        (
            "The {event} in {city} takes place {when}.",
            "Many people come from far away to see it.",
            "There is music, food and dancing.",
            "{name} has organised it for {n} years.",
        ),
        "The {event} in {city} takes place {when} and is organised by {name}.",
    ),
    (
        (
            "{name} is a {job} from {city}.",
            "Every morning {name} gets up early and drinks a cup of tea.",
            "Then the work begins, and it goes on until the evening.",
            "After {n} years, {name} still loves the work.",
        ),
        "{name} is a {job} from {city} who loves the work.",
    ),
    (
        (
            "{name} found a {adj} {animal} near {city}.",
            "It was hungry and tired.",
            "{name} gave it food and water and took it home.",
            "Now they are good friends.",
        ),
        "{name} found a {adj} {animal} near {city}, and they became friends.",
    ),
    (
        (
            "The {place} in {city} was closed for {n} months.",
            "Workers repaired the roof and painted the walls.",
            "It opened again in {month}.",
            "Visitors say that it looks better than ever.",
        ),
        "The {place} in {city} opened again in {month} after {n} months of repairs.",
    ),
    (
        (
            "{name} wanted to learn the {instrument}.",
            "At first it was very hard.",
            "But {name} practised every day for {n} months.",
            "Last week {name} played at a concert in {city}.",
        ),
        "{name} learned the {instrument} in {n} months and played at a concert in {city}.",
    ),
    (
        (
            "A {animal} was seen in the streets of {city} {when}.",
            "Nobody knew where it came from.",
            "The {job} {name} caught it with a rope and some bread.",
            "It is now safe on a farm.",
        ),
        "{name} caught a {animal} in the streets of {city}, and it is now safe on a farm.",
    ),
)


def summary(rng: random.Random, split: Split) -> Dialogue:
    """The gist of a paragraph of four sentences, in one."""
    fields = {
        "event": rng.choice(EVENTS),
        "when": rng.choice(
            ("today", "every summer", "on Monday", "on Sunday", "in May", "last week", "in winter", "yesterday")
        ),
        "month": rng.choice(("January", "March", "April", "May", "June", "August", "October", "December")),
        "job": rng.choice(lex.JOBS),
        "n": str(rng.randint(2, 20)),
        "adj": rng.choice(("small", "white", "black", "brown", "young", "old", "grey", "shy")),
        "animal": rng.choice(lex.KINDS["animal"]),
        "place": rng.choice(("library", "museum", "school", "theatre", "station", "market hall")),
        "instrument": rng.choice(lex.KINDS["instrument"]),
    }
    subject, name, city = draw(
        split, lambda: (rng.randrange(len(SUBJECTS)), rng.choice(lex.NAMES), rng.choice(lex.CITIES))
    )
    sentences, gist = SUBJECTS[subject]
    fields |= {"name": name, "city": city}
    text = " ".join(sentences).format_map(fields)
    return talk("summary", rng.choice(SUMMARISE).format(text), gist.format_map(fields))


SKILLS: dict[str, Skill] = {
    "sentiment": sentiment,
    "person to json": person_to_json,
    "names to json": names_to_json,
    "names in text": names_in,
    "place in text": place_in,
    "answer from text": answer_from_text,
    "summary": summary,
}
