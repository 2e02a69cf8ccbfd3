"""Countries, cities, records of the Earth and where famous places are."""

from training.data import countries, geography
from training.exchanges import Topic, pairs
from training.topics.rows import Row, often, with_another


def _country_rows() -> tuple[Row, ...]:
    """Rows of the countries of which everything is known."""
    tables = (countries.CAPITALS, countries.CONTINENTS, countries.CURRENCIES, countries.LANGUAGES)
    return tuple(
        dict(zip(("x", "capital", "continent", "currency", "language"), (x, *(t[x] for t in tables)), strict=True))
        for x in countries.CAPITALS
        if all(x in table for table in tables)
    )


CAPITALS = [
    Topic(
        (
            "What is the capital of {x}?", "What's the capital of {x}?", "Capital of {x}?",
            "Which city is the capital of {x}?", "Tell me the capital of {x}.", "Can you tell me the capital of {x}?",
            "Do you know the capital of {x}?", "Name the capital of {x}.", "What is {x}'s capital?",
            "What is the capital city of {x}?", "{x} has which capital?", "What city is the capital of {x}?",
            "I need the capital of {x}.", "{x} capital?", "{x}: capital?",
        ),
        ("The capital of {x} is {y}.",),
        often(pairs(countries.CAPITALS)) * 2,
    ),
    Topic(
        (
            "Is {y} the capital of {x}?", "Is it true that {y} is the capital of {x}?",
            "{y} is the capital of {x}, right?",
        ),
        ("Yes, {y} is the capital of {x}.",),
        tuple(row | {"short": "Yes"} for row in pairs(countries.CAPITALS)),
    ),
    Topic(
        (
            "Is {z} the capital of {x}?", "Is it true that {z} is the capital of {x}?",
            "{z} is the capital of {x}, right?",
        ),
        ("No, the capital of {x} is {y}.",),
        with_another(countries.CAPITALS),
    ),
    Topic(
        (
            "{y} is the capital of which country?", "Which country has {y} as its capital?",
            "What country is {y} the capital of?", "Which country's capital is {y}?",
            "Of which country is {y} the capital?",
        ),
        ("{y} is the capital of {x}.",),
        tuple({"x": x, "y": y, "short": x} for x, y in countries.CAPITALS.items()),
    ),
]  # fmt: skip

LANDS = [
    Topic(
        (
            "Tell me about {x}.", "What do you know about {x}?", "What is {x}?", "What kind of country is {x}?",
            "Tell me something about {x}.", "Describe {x}.", "Can you tell me about {x}?",
        ),
        ("{x} is a country in {continent}. Its capital is {capital}, and people speak mainly {language}.",),
        often(_country_rows()),
    ),
    Topic(
        (
            "What is the capital of {x} and its currency?", "Tell me the capital and the currency of {x}.",
            "What are the capital and the currency of {x}?", "Capital and currency of {x}?",
            "What is the capital and the currency of {x}?",
        ),
        ("The capital of {x} is {capital}, and its currency is {currency}.",),
        _country_rows(),
    ),
    Topic(
        (
            "On which continent is {x}?", "Which continent is {x} in?", "What continent is {x} on?",
            "{x} is on which continent?", "Tell me the continent of {x}.", "Where is {x}?",
            "Where in the world is {x}?", "In which part of the world is {x}?",
        ),
        ("{x} is in {y}.",),
        tuple(row for row in pairs(countries.CONTINENTS) if row["x"] not in ("the Maldives", "the Philippines")),
    ),
    Topic(
        (
            "What is the currency of {x}?", "Which currency is used in {x}?", "What money do they use in {x}?",
            "What do people pay with in {x}?", "Currency of {x}?", "What's the currency in {x}?",
            "Tell me the currency of {x}.",
        ),
        ("The currency of {x} is {y}.",),
        often(pairs(countries.CURRENCIES)),
    ),
    Topic(
        (
            "What language do they speak in {x}?", "Which language is spoken in {x}?",
            "What language is spoken in {x}?", "What do people speak in {x}?", "What is the language of {x}?",
            "Which languages do people speak in {x}?", "What are the main languages of {x}?",
        ),
        ("In {x} people speak mainly {y}.",),
        often(pairs(countries.LANGUAGES)),
    ),
    Topic(
        (
            "What is {x}?", "What's {x}?", "Which one is {x}?", "Do you know {x}?", "Tell me {x}.",
            "Can you name {x}?", "Name {x}.", "Can you tell me what {x} is?",
        ),
        ("{x} is {y}.",),
        pairs(geography.RECORDS),
    ),
    Topic(
        (
            "Where is {x}?", "Where can I find {x}?", "Where is {x} located?", "Do you know where {x} is?",
            "Where would I see {x}?", "Tell me where {x} is.", "Where do I have to go to see {x}?",
        ),
        ("You find {x} {y}.",),
        pairs(geography.PLACES),
    ),
    Topic(
        (
            "Which country is {x} in?", "In which country is {x}?", "What country is {x} in?", "Where is {x}?",
            "Where is the city of {x}?", "{x} is in which country?", "Do you know where {x} is?",
        ),
        ("{x} is a city in {y}.",),
        pairs(geography.CITIES),
    ),
]  # fmt: skip
