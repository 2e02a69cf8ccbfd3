"""Small numbers: sums, differences, products, comparisons, sequences, and stories with numbers in them."""

import random
from collections.abc import Callable

from training.data import lexicon as lex
from training.dialogue import Dialogue, Skill, Split, draw, talk
from training.phrasing import casual

ASKED = (
    "What is {}?",
    "How much is {}?",
    "{}",
    "{} =",
    "{}?",
    "Calculate {}.",
    "Compute {}",
    "what's {}?",
    "Solve: {}",
)
PLUS = ("{a} + {b}", "{a}+{b}", "{a} plus {b}", "the sum of {a} and {b}")
MINUS = ("{a} - {b}", "{a}-{b}", "{a} minus {b}", "the difference between {a} and {b}")
TIMES = ("{a} * {b}", "{a} x {b}", "{a} times {b}", "{a}*{b}", "{a} multiplied by {b}")
DIVIDED = ("{a} / {b}", "{a} divided by {b}", "{a}/{b}")
BIGGER = (
    "Which is bigger, {a} or {b}?",
    "Which number is larger: {a} or {b}?",
    "Is {a} bigger than {b}?",
    "Is {a} less than {b}?",
)
EVEN = ("Is {} even or odd?", "Is {} an even number?", "Is {} odd?", "even or odd: {}")
COUNT_UP = ("Count from {} to {}.", "count from {} to {}", "Count to {1} starting at {0}.", "Count {} to {}")
COUNT_TO = ("Count to {1}.", "count to {1}", "Can you count to {1}?", "Please count up to {1}.")
COUNT_DOWN = (
    "Count down from {}.",
    "count backwards from {}",
    "Countdown from {}",
    "Count from {} to 1.",
    "Count from {} down to zero.",
    "Count backwards from {} to zero.",
)
NEXT = ("What comes next: {}?", "Continue the sequence: {}", "What is the next number? {}", "Next number: {}")
GAINS = (
    "{who} has {a} {thing}s and gets {b} more. How many {thing}s does {who} have now?",
    "{who} has {a} {thing}s. {other} gives {who} {b} more. How many does {who} have?",
    "There are {a} {thing}s on the table and {b} in the box. How many {thing}s are there?",
    "{who} bought {a} {thing}s and {other} bought {b} {thing}s. How many {thing}s did they buy together?",
)
LOSSES = (
    "{who} has {a} {thing}s and gives {b} away. How many {thing}s are left?",
    "There were {a} {thing}s. {who} took {b} of them. How many {thing}s are left?",
    "{who} had {a} {thing}s and lost {b}. How many {thing}s does {who} still have?",
)


def _pair(rng: random.Random) -> tuple[int, int]:
    top = rng.choice((10, 10, 20, 50, 100))
    return rng.randint(0, top), rng.randint(0, top)


def _operation(
    skill: str, sign: str, shapes: tuple[str, ...], pair: Callable[[random.Random], tuple[int, int]]
) -> Skill:
    results: dict[str, Callable[[int, int], int]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "×": lambda a, b: a * b,
        "÷": lambda a, b: a // b,
    }

    def make(rng: random.Random, split: Split) -> Dialogue:
        a, b = draw(split, lambda: pair(rng))
        asked = casual(rng, rng.choice(ASKED)).format(rng.choice(shapes).format(a=_written(rng, a), b=_written(rng, b)))
        result = results[sign](a, b)
        return talk(skill, asked, f"{a} {sign} {b} = {result}", keywords=(f"= {result}",))

    return make


def _written(rng: random.Random, number: int) -> str:
    """In digits; small numbers now and then as a word."""
    return lex.NUMBER_WORDS[number] if number <= 20 and rng.random() < 0.07 else str(number)


def _falling_pair(rng: random.Random) -> tuple[int, int]:
    a, b = _pair(rng)
    return max(a, b), min(a, b)


def _exact_quotient(rng: random.Random) -> tuple[int, int]:
    b = rng.randint(1, 10)
    return b * rng.randint(1, 10), b


def three_sum(rng: random.Random, split: Split) -> Dialogue:
    """A sum of three small numbers, one step at a time."""
    a, b, c = draw(split, lambda: (rng.randint(1, 20), rng.randint(1, 20), rng.randint(1, 20)))
    asked = rng.choice(("What is {a} + {b} + {c}?", "{a}+{b}+{c}", "Add {a}, {b} and {c}.", "{a} + {b} + {c} ="))
    answer = f"{a} + {b} = {a + b}, and {a + b} + {c} = {a + b + c}"
    return talk("sum of three", asked.format(a=a, b=b, c=c), answer, keywords=(f"= {a + b + c}",))


def story(rng: random.Random, split: Split) -> Dialogue:
    """A one-step story problem."""
    gain = rng.random() < 0.5
    a, b, thing = draw(split, lambda: (rng.randint(2, 20), rng.randint(1, 12), rng.choice(_countable())))
    if not gain and b > a:
        a, b = b, a
    who, other = rng.sample(lex.NAMES, 2)
    asked = rng.choice(GAINS if gain else LOSSES).format(who=who, other=other, a=a, b=b, thing=thing)
    result = a + b if gain else a - b
    answer = (
        f"{a} {'+' if gain else '-'} {b} = {result}, so the answer is {result} {thing}{'' if result == 1 else 's'}."
    )
    return talk("story problem", asked, answer, keywords=(f"= {result},",))


def _countable() -> tuple[str, ...]:
    return (
        "apple",
        "book",
        "llama",
        "coin",
        "egg",
        "stone",
        "letter",
        "hat",
        "orange",
        "ball",
        "pencil",
        "cup",
        "key",
        "card",
    )


def compare(rng: random.Random, split: Split) -> Dialogue:
    """Which of two numbers is bigger, or whether one is."""
    a, b = draw(split, lambda: tuple(rng.sample(range(rng.choice((20, 100, 1000))), 2)))
    asked = rng.choice(BIGGER)
    relation = f"{a} is bigger than {b}" if a > b else f"{a} is less than {b}"
    if "Which" in asked:
        answer = f"{max(a, b)} is bigger than {min(a, b)}."
    else:
        answer = f"{'Yes' if (a > b) == ('bigger' in asked) else 'No'}, {relation}."
    return talk("compare numbers", asked.format(a=a, b=b), answer)


def even_or_odd(rng: random.Random, split: Split) -> Dialogue:
    """Whether a number is even."""
    number = draw(split, lambda: rng.randrange(rng.choice((20, 100, 1000))))
    asked = rng.choice(EVEN)
    word = "odd" if number % 2 else "even"
    start = "" if "or" in asked else ("Yes, " if word in asked else "No, ")
    return talk("even or odd", casual(rng, asked).format(number), f"{start}{number} is {word}.")


def sequence(rng: random.Random, split: Split) -> Dialogue:
    """The next number of an even step, up or down, or of doubling."""
    start, step = draw(split, lambda: (rng.randint(0, 40), rng.choice((1, 2, 3, 5, 10, -1, -2))))
    length = rng.randint(3, 5)
    start += -step * length if step < 0 else 0
    numbers = [start + i * step for i in range(length + 1)]
    asked = rng.choice(NEXT).format(", ".join(map(str, numbers[:-1])))
    return talk("number sequence", asked, f"The next number is {numbers[-1]}.")


def count_up(rng: random.Random, split: Split) -> Dialogue:
    """Counting from one number to another."""
    first, last = draw(split, lambda: (rng.choice((1, 1, rng.randint(1, 20))), rng.randint(3, 12)))
    last += first - 1
    asked = rng.choice(COUNT_TO if first == 1 and rng.random() < 0.5 else COUNT_UP)
    return talk("count up", asked.format(first, last), ", ".join(str(n) for n in range(first, last + 1)))


def count_down(rng: random.Random, split: Split) -> Dialogue:
    """Counting back to one or zero."""
    first, asked = draw(split, lambda: (rng.randint(3, 25), rng.choice(COUNT_DOWN)))
    last = 0 if "zero" in asked else 1
    return talk("count down", asked.format(first), ", ".join(str(n) for n in range(first, last - 1, -1)))


def too_big(rng: random.Random, split: Split) -> Dialogue:
    """Numbers past what cria has learnt: it says so instead of guessing."""
    a, b = draw(split, lambda: (rng.randint(101, 10 ** rng.randint(3, 6)), rng.randint(13, 10 ** rng.randint(2, 6))))
    shape = rng.choice(rng.choice((PLUS, MINUS, TIMES, DIVIDED)))
    if rng.random() < 0.3:
        a, shape = 13 + a % 87, rng.choice(TIMES)
    if rng.random() < 0.4:
        a, b = b, a
    asked = casual(rng, rng.choice(ASKED)).format(shape.format(a=a, b=b))
    return talk(
        "too big", asked, "Those numbers are too big for me. I only calculate with small ones, up to about 100."
    )


SKILLS: dict[str, Skill] = {
    "add": _operation("add", "+", PLUS, _pair),
    "subtract": _operation("subtract", "-", MINUS, _falling_pair),
    "multiply": _operation("multiply", "×", TIMES, lambda rng: (rng.randint(0, 12), rng.randint(0, 12))),
    "divide": _operation("divide", "÷", DIVIDED, _exact_quotient),
    "sum of three": three_sum,
    "story problem": story,
    "compare numbers": compare,
    "even or odd": even_or_odd,
    "number sequence": sequence,
    "count up": count_up,
    "count down": count_down,
    "too big": too_big,
}
