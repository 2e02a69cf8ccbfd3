"""Animals, their kinds and sizes; the sky, the elements, the body, units and shapes."""

from training.data import animals, science
from training.exchanges import Topic, define, pairs
from training.topics.rows import DEFINE, Row, columns, in_order


def _with_plural(table: dict[str, str]) -> tuple[Row, ...]:
    """Rows of a table of animals with the plural xs beside x."""
    return tuple(row | {"xs": animals.plural(row["x"])} for row in pairs(table))


def _is_plural(name: str) -> bool:
    return name.endswith("s") or name == "the teeth"


_MEMBERS = {animal: kind for kind, members in animals.CLASSES.items() for animal in members}

ANIMALS = [
    define(animals.KINDS, DEFINE),
    Topic(
        ("What are {xs}?", "Tell me about {xs}.", "What do you know about {xs}?", "Tell me something about {xs}."),
        ("{y}",),
        tuple(row | {"xs": animals.plural(row["x"])} for row in pairs(animals.KINDS, short=False)),
    ),
    Topic(
        (
            "What is the young of {x} called?", "What do you call the young of {x}?",
            "What is the baby of {x} called?", "What do you call the baby of {x}?",
            "How do you call the young of {x}?", "What's the name for the baby of {x}?",
            "The baby of {x} is called what?", "What are baby {xs} called?", "What do you call young {xs}?",
        ),
        ("The young of {x} is called {y}.",),
        _with_plural(animals.YOUNG),
    ),
    Topic(
        (
            "What sound does {x} make?", "What does {x} say?", "Which sound does {x} make?",
            "What noise does {x} make?", "How does {x} sound?", "What is the sound of {x}?",
            "What do {xs} say?", "What sound do {xs} make?",
        ),
        ("{x} makes the sound {y}.",),
        _with_plural({x: y for x, y in animals.SOUNDS.items() if x != "a llama"}),
    ),
    Topic(
        (
            "What does {x} eat?", "What is the food of {x}?", "What do I feed {x}?", "What does {x} like to eat?",
            "Tell me what {x} eats.", "What does {x} live on?", "Do you know what {x} eats?", "What do {xs} eat?",
            "What do {xs} like to eat?", "What can I feed {xs}?",
        ),
        ("{x} eats {y}.",),
        _with_plural({x: y for x, y in animals.FOOD.items() if x != "a llama"}),
    ),
    Topic(
        (
            "How many legs does {x} have?", "How many legs has {x}?", "Count the legs of {x}.",
            "What number of legs does {x} have?", "How many legs do {xs} have?", "How many legs have {xs}?",
        ),
        ("{x} has {y} legs.",),
        tuple(
            row | ({"short": "none", "keyword": "no"} if row["y"] == "no" else {})
            for row in _with_plural(animals.LEGS)
        ),
    ),
    Topic(
        (
            "Where does {x} live?", "Where can {x} be found?", "What is the home of {x}?",
            "In what place does {x} live?", "Where do {xs} live?", "Where do I find {x}?",
        ),
        ("{x} lives {y}.",),
        _with_plural({x: y for x, y in animals.HOMES.items() if x != "a llama" and x != "an alpaca"}),
    ),
    Topic(
        (
            "What is a group of {x} called?", "What do you call a group of {x}?",
            "What is the word for a group of {x}?", "A group of {x} is called what?",
        ),
        ("A group of {x} is called {y}.",),
        pairs(animals.GROUPS),
    ),
    Topic(
        (
            "What is {x}?", "Which animal is {x}?", "What's {x}?", "Do you know {x}?", "Name {x}.", "Tell me {x}.",
            "Can you tell me what {x} is?",
        ),
        ("{x} is {y}.",),
        pairs(animals.SUPERLATIVES),
    ),
]  # fmt: skip

KINDS = [
    Topic(
        (
            "What kind of animal is {x}?", "Which kind of animal is {x}?", "What class of animals does {x} belong to?",
            "Is {x} a mammal, a bird or something else?", "To which group of animals does {x} belong?",
        ),
        ("{x} is {y}.",),
        pairs(_MEMBERS),
    ),
    Topic(
        ("Is {x} {y}?", "Is it true that {x} is {y}?", "{x} is {y}, right?", "Would you say that {x} is {y}?"),
        ("Yes, {x} is {y}.",),
        tuple(row | {"short": "Yes"} for row in pairs(_MEMBERS)),
    ),
    Topic(
        ("Is {x} {z}?", "Is it true that {x} is {z}?", "{x} is {z}, right?", "Would you say that {x} is {z}?"),
        ("No, {x} is {y}, not {z}.",),
        tuple(
            {"x": x, "y": y, "z": z, "short": "No", "keyword": f"not {z}"}
            for x, y in _MEMBERS.items()
            for z in animals.CLASSES
            if z != y
        ),
    ),
    Topic(
        ("Can {x} fly?", "Is {x} able to fly?", "Does {x} fly?", "Do you know if {x} can fly?"),
        ("{answer}, {x} can{not_} fly.",),
        tuple(
            {"x": x, "answer": answer.title(), "not_": "not" if answer == "no" else "", "short": answer.title()}
            for x, answer in animals.FLIERS.items()
        ),
    ),
    Topic(
        (
            "Which is bigger, {a} or {b}?", "What is bigger, {a} or {b}?", "Which is larger: {a} or {b}?",
            "Is {a} bigger than {b}?", "Is {b} smaller than {a}?", "Compare {a} and {b}.",
        ),
        ("{big} is bigger than {small}.",),
        in_order(animals.BY_SIZE) + in_order(animals.THINGS_BY_SIZE),
    ),
    Topic(
        (
            "Which is smaller, {a} or {b}?", "What is smaller, {a} or {b}?", "Which one is smaller: {a} or {b}?",
            "Which is the smaller of {a} and {b}?",
        ),
        ("{small} is smaller than {big}.",),
        in_order(animals.BY_SIZE) + in_order(animals.THINGS_BY_SIZE),
    ),
]  # fmt: skip

SCIENCE = [
    define(science.DEFINITIONS, DEFINE),
    define(
        science.PLANETS,
        (
            "Tell me about the planet {x}.", "What is {x}?", "What do you know about {x}?", "Tell me about {x}.",
            "What kind of planet is {x}?", "Describe the planet {x}.",
        ),
    ),
    Topic(
        (
            "Which planet is the {x} from the Sun?", "What is the {x} planet from the Sun?", "What's the {x} planet?",
            "Name the {x} planet from the Sun.", "What is the {x} planet?",
        ),
        ("The {x} planet from the Sun is {y}.",),
        pairs(science.PLANET_ORDER),
    ),
    Topic(
        (
            "What is {x}?", "What's {x}?", "Which one is {x}?", "Do you know {x}?", "Name {x}.", "Tell me {x}.",
            "What do we call {x}?",
        ),
        ("{x} is {y}.",),
        pairs(science.SKY_RECORDS),
    ),
    Topic(
        (
            "What is the chemical symbol for {x}?", "What is the symbol of {x}?", "What's the symbol for {x}?",
            "Chemical symbol of {x}?", "Which symbol does {x} have?", "What is the element symbol for {x}?",
            "How do chemists write {x}?",
        ),
        ("The chemical symbol for {x} is {y}.",),
        pairs(science.ELEMENTS),
    ),
    Topic(
        (
            "Which element has the symbol {y}?", "What element is {y}?", "{y} is the symbol of which element?",
            "What does the chemical symbol {y} stand for?",
        ),
        ("{y} is the chemical symbol for {x}.",),
        tuple({"x": x, "y": y, "short": x} for x, y in science.ELEMENTS.items()),
    ),
    Topic(
        (
            "What do {x} do?", "What are {x} for?", "What is the job of {x}?", "Why do we have {x}?",
            "Tell me what {x} do.", "What are {x} good for?",
        ),
        ("{x} {y}.",),
        tuple(row for row in pairs(science.BODY, short=False) if _is_plural(row["x"])),
    ),
    Topic(
        (
            "What does {x} do?", "What is {x} for?", "What is the job of {x}?", "Why do we have {x}?",
            "Tell me what {x} does.", "What is {x} good for?",
        ),
        ("{x} {y}.",),
        tuple(row for row in pairs(science.BODY, short=False) if not _is_plural(row["x"])),
    ),
    Topic(
        (
            "How many {a} are in {b}?", "How many {a} are there in {b}?", "How many {a} does {b} have?",
            "How many {a} in {b}?", "Tell me how many {a} are in {b}.", "Do you know how many {a} are in {b}?",
            "What is the number of {a} in {b}?",
        ),
        ("There are {y} {a} in {b}.",),
        columns(science.UNITS),
    ),
    Topic(
        (
            "How many sides does {x} have?", "How many sides has {x}?", "What number of sides does {x} have?",
            "{x} has how many sides?", "How many corners does {x} have?",
        ),
        ("{x} has {y} sides and {y} corners.",),
        pairs(science.SHAPES),
    ),
]  # fmt: skip
