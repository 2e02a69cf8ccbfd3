"""Facts of the world, asked in many ways: lands, animals, science, words, people, computers, the calendar."""

from training.data import animals, computing, countries, general, geography, people, science, words
from training.dialogue import Skill
from training.exchanges import Asker, Topic, asker, define, entries, lowered, pairs, skill_of

DEFINE = (
    "What is {x}?", "What's {x}?", "Tell me about {x}.", "Can you explain what {x} is?", "Explain {x}.",
    "Do you know what {x} is?", "What does {x} mean?", "Describe {x} in a few words.", "Please explain {x} to me.",
    "What exactly is {x}?", "Define {x}.", "Tell me what {x} is.", "Explain {x} in simple words.",
    "I want to know what {x} is.",
)  # fmt: skip


def _often(rows: tuple[dict[str, str], ...]) -> tuple[dict[str, str], ...]:
    """The rows with those of well-known countries four times as often."""
    return rows + tuple(row for row in rows if row["x"] in countries.WELL_KNOWN) * 3


def _columns(table: dict[tuple[str, str], str]) -> tuple[dict[str, str], ...]:
    return tuple({"a": a, "b": b, "y": y, "short": y} for (a, b), y in table.items())


def _others(table: dict[str, str]) -> tuple[dict[str, str], ...]:
    """Rows with a wrong value z beside the right y: the value of the row seven lines on."""
    keys = list(table)
    values = [table[key] for key in keys]
    shifted = values[7:] + values[:7]
    return tuple(
        {"x": x, "y": y, "z": z, "short": "No", "keyword": y}
        for x, y, z in zip(keys, values, shifted, strict=True)
        if y not in z and z not in y
    )


def _ordered(names: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    """Rows for every pair, asked in both orders; `names` go from the largest to the smallest."""
    rows = []
    for i, big in enumerate(names):
        for small in names[i + 1 :]:
            rows.append({"a": big, "b": small, "big": big, "small": small})
            rows.append({"a": small, "b": big, "big": big, "small": small})
    return tuple(rows)


def _with_plural(table: dict[str, str]) -> tuple[dict[str, str], ...]:
    """Rows of a table of animals with the plural xs beside x."""
    return tuple(row | {"xs": animals.plural(row["x"])} for row in pairs(table))


def _country_rows() -> tuple[dict[str, str], ...]:
    """Rows of the countries of which everything is known."""
    tables = (countries.CAPITALS, countries.CONTINENTS, countries.CURRENCIES, countries.LANGUAGES)
    return tuple(
        dict(zip(("x", "capital", "continent", "currency", "language"), (x, *(t[x] for t in tables)), strict=True))
        for x in countries.CAPITALS
        if all(x in table for table in tables)
    )


def _surname(name: str) -> str:
    """What people call a person for short."""
    last = name.split()[-1]
    return name if last in ("King", "Great", "Arc", "Polo", "Bell") else last


def _is_plural(name: str) -> bool:
    return name.endswith("s") or name == "the teeth"


def _next_of(names: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    following = names[1:] + names[:1]
    return tuple({"x": x, "y": y, "short": y} for x, y in zip(names, following, strict=True))


def _before(names: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    return tuple({"x": row["y"], "y": row["x"], "short": row["x"]} for row in _next_of(names))


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
        _often(pairs(countries.CAPITALS)) * 2,
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
        _others(countries.CAPITALS),
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
        _often(_country_rows()),
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
        _often(pairs(countries.CURRENCIES)),
    ),
    Topic(
        (
            "What language do they speak in {x}?", "Which language is spoken in {x}?",
            "What language is spoken in {x}?", "What do people speak in {x}?", "What is the language of {x}?",
            "Which languages do people speak in {x}?", "What are the main languages of {x}?",
        ),
        ("In {x} people speak mainly {y}.",),
        _often(pairs(countries.LANGUAGES)),
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
        _columns(science.UNITS),
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

WORDS = [
    Topic(
        (
            "What is the opposite of {x}?", "What's the opposite of {x}?", "Opposite of {x}?",
            "Give me the opposite of {x}.", "What word means the opposite of {x}?",
            "Which word is the opposite of {x}?", "Tell me the opposite of the word {x}.",
            "{x} is the opposite of what?",
        ),
        ("The opposite of {x} is {y}.",),
        pairs(words.OPPOSITES),
    ),
    Topic(
        (
            "What is the plural of {x}?", "What's the plural of {x}?", "Plural of {x}?",
            "How do you write the plural of {x}?", "Give me the plural of {x}.", "Tell me the plural form of {x}.",
            "One {x}, two what?",
        ),
        ("The plural of {x} is {y}.",),
        pairs(words.PLURALS),
    ),
    Topic(
        (
            "What is the past tense of {x}?", "Past tense of {x}?", "What's the past tense of {x}?",
            "Give me the past tense of the verb {x}.", "Put {x} into the past tense.",
        ),
        ("The past tense of {x} is {y}.",),
        pairs(words.PASTS),
    ),
    Topic(
        (
            "What is another word for {x}?", "Give me a synonym for {x}.", "What's a synonym of {x}?",
            "Which word means the same as {x}?", "What is a word like {x}?",
        ),
        ("Another word for {x} is {y}.",),
        pairs(words.SYNONYMS),
    ),
    Topic(
        (
            "What rhymes with {x}?", "Give me a word that rhymes with {x}.", "Which word rhymes with {x}?",
            "Tell me a rhyme for {x}.", "Find a rhyme for {x}.",
        ),
        ("{y} rhymes with {x}.",),
        pairs(words.RHYMES),
    ),
    Topic(
        (
            "What colour is {x}?", "What color is {x}?", "Which colour does {x} have?", "What is the colour of {x}?",
            "Tell me the color of {x}.", "What's the color of {x}?",
        ),
        ("{x} is {y}.",),
        pairs(words.COLOURS),
    ),
    Topic(
        (
            "What colour do you get when you mix {a} and {b}?", "What do {a} and {b} make?",
            "Mix {a} and {b}: which colour?", "What color is {a} plus {b}?", "If I mix {a} and {b}, what do I get?",
            "What colour do {b} and {a} make?",
        ),
        ("{a} and {b} make {y}.",),
        _columns(words.MIXES),
    ),
    Topic(
        (
            "What is {x} in Roman numerals?", "How do you write {x} in Roman numerals?",
            "Write {x} as a Roman numeral.", "What's the Roman numeral for {x}?",
        ),
        ("{x} in Roman numerals is {y}.",),
        pairs(words.ROMAN),
    ),
    Topic(
        (
            "What is the female form of {x}?", "What do you call a female {x}?", "What's the feminine of {x}?",
            "Which word is the female of {x}?",
        ),
        ("The female form of {x} is {y}.",),
        pairs(words.FEMININE),
    ),
]  # fmt: skip

CALENDAR = [
    Topic(
        (
            "What day comes after {x}?", "Which day follows {x}?", "What is the day after {x}?",
            "After {x} comes which day?", "If today is {x}, what is tomorrow?", "Today is {x}. What day is tomorrow?",
        ),
        ("The day after {x} is {y}.",),
        _next_of(words.DAYS),
    ),
    Topic(
        (
            "What day comes before {x}?", "Which day is before {x}?", "What is the day before {x}?",
            "If today is {x}, what was yesterday?", "Today is {x}. What day was yesterday?",
        ),
        ("The day before {x} is {y}.",),
        _before(words.DAYS),
    ),
    Topic(
        (
            "What month comes after {x}?", "Which month follows {x}?", "What is the month after {x}?",
            "After {x} comes which month?", "What month is next after {x}?",
        ),
        ("The month after {x} is {y}.",),
        _next_of(words.MONTHS),
    ),
    Topic(
        (
            "What month comes before {x}?", "Which month is before {x}?", "What is the month before {x}?",
            "What month is just before {x}?",
        ),
        ("The month before {x} is {y}.",),
        _before(words.MONTHS),
    ),
    Topic(
        (
            "What season comes after {x}?", "Which season follows {x}?", "What is the season after {x}?",
            "After {x} comes which season?",
        ),
        ("After {x} comes {y}.",),
        _next_of(words.SEASONS),
    ),
    Topic(
        (
            "How many days does {x} have?", "How many days are in {x}?", "How many days are there in {x}?",
            "How long is {x}?", "Number of days in {x}?",
        ),
        ("{x} has {y} days{more}.",),
        tuple(
            row | {"more": ", or 29 in a leap year" if row["x"] == "February" else ""}
            for row in pairs(words.MONTH_DAYS)
        ),
    ),
    Topic(
        (
            "What number comes after {x}?", "Which number follows {x}?", "What comes after the number {x}?",
            "What is the next number after {x}?",
        ),
        ("After {x} comes {y}.",),
        _next_of(words.NUMBERS)[:-1],
    ),
    Topic(
        (
            "What letter comes after {x}?", "Which letter follows {x}?",
            "What is the letter after {x} in the alphabet?", "After the letter {x} comes which letter?",
        ),
        ("After {x} comes {y}.",),
        _next_of(words.LETTERS)[:-1],
    ),
    Topic(
        (
            "What letter comes before {x}?", "Which letter is before {x}?",
            "What is the letter before {x} in the alphabet?",
        ),
        ("Before {x} comes {y}.",),
        _before(words.LETTERS)[:-1],
    ),
]  # fmt: skip

_MADE = tuple({"x": x, "verb": verb, "y": y, "short": y} for x, (verb, y) in people.INVENTORS.items())

PEOPLE = [
    Topic(
        ("Who was {last}?", "Who is {last}?", "Tell me about {last}.", "What did {last} do?", "Why is {last} famous?"),
        ("{y}",),
        tuple({"x": x, "y": y, "last": _surname(x)} for x, y in people.WHO.items() if _surname(x) != x),
    ),
    define(
        people.WHO,
        (
            "Who was {x}?", "Who is {x}?", "Tell me about {x}.", "What do you know about {x}?", "Why is {x} famous?",
            "What did {x} do?", "What is {x} known for?", "Do you know who {x} was?", "Have you heard of {x}?",
        ),
    ),
    Topic(
        (
            "Who {verb} {x}?", "Can you tell me who {verb} {x}?", "Do you know who {verb} {x}?",
            "Which person {verb} {x}?", "Tell me who {verb} {x}.", "By whom was {x} made?",
        ),
        ("{y} {verb} {x}.",),
        _MADE,
    ),
    Topic(
        (
            "When did {x}?", "In which year did {x}?", "What year did {x}?", "Do you know when {x2}?",
            "In what year did {x}?",
        ),
        ("{answer}",),
        tuple(
            {"x": x, "x2": lowered(answer.split(" in {y}")[0]), "answer": answer.format(y=y), "short": y}
            for x, (answer, y) in people.YEARS.items()
        ),
    ),
]  # fmt: skip

_MEMBERS = {animal: kind for kind, members in animals.CLASSES.items() for animal in members}

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
        _ordered(animals.BY_SIZE) + _ordered(animals.THINGS_BY_SIZE),
    ),
    Topic(
        (
            "Which is smaller, {a} or {b}?", "What is smaller, {a} or {b}?", "Which one is smaller: {a} or {b}?",
            "Which is the smaller of {a} and {b}?",
        ),
        ("{small} is smaller than {big}.",),
        _ordered(animals.BY_SIZE) + _ordered(animals.THINGS_BY_SIZE),
    ),
]  # fmt: skip

COMPUTING = [define(computing.DEFINITIONS, DEFINE)]

GROUPS: dict[str, list[Topic]] = {
    "capitals": CAPITALS,
    "lands": LANDS,
    "animals": ANIMALS,
    "science": SCIENCE,
    "words": WORDS,
    "calendar": CALENDAR,
    "people": PEOPLE,
    "computing": COMPUTING,
    "kinds and sizes": KINDS,
    "general": entries(*general.ENTRIES),
}
ASKERS: dict[str, Asker] = {name: asker(topics) for name, topics in GROUPS.items()}
SKILLS: dict[str, Skill] = {name: skill_of(name, ask) for name, ask in ASKERS.items()}
