"""Famous people, who made what, and when things happened."""

from training.data import people
from training.exchanges import Topic, define, lowered


def _surname(name: str) -> str:
    """What people call a person for short."""
    last = name.split()[-1]
    return name if last in ("King", "Great", "Arc", "Polo", "Bell") else last


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
