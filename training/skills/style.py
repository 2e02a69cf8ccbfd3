"""The form of an answer, as a system prompt or the user asks for it: capitals, one word, JSON, an ending, points."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from training.data.bullet_points import ASKS, BULLETS, SYSTEMS, WISHES
from training.data.characters import CHARACTERS
from training.data.characters import SYSTEMS as CHARACTER_SYSTEMS
from training.dialogue import Dialogue, Skill, Split
from training.exchanges import Exchange, combined, conversation
from training.pool import any_fact, common_exchange, first_words, short_fact
from training.skills.persona import dressed

Form = Callable[[Exchange, str], str]  # the answer in this form


@dataclass(frozen=True, slots=True)
class Style:
    """One form: how systems and users ask for it, and the answer in it.

    `systems` and `wishes` may hold `{e}`, filled from `extras`; `wishes` hold `{q}`, the question.
    """

    name: str
    systems: tuple[str, ...]
    wishes: tuple[str, ...]
    form: Form
    extras: tuple[str, ...] = ("",)
    source: Callable[[random.Random], Exchange] = first_words
    typed: bool = True  # whether the question may be typed casually
    share: float = 1.0  # how often it comes up against the others


ENDINGS = (
    "Over and out.", "Peace!", "Meow.", "Have a nice day!", "That's all, folks.", "Hum!", "Cheers!", "The end.",
    "Ask me more!", "Bye for now.", "So it is.", "Amen.", "Thank you.", "Stay curious!", "Beep.", "Hope that helps!",
    "Long live the llama!", "Good luck!", "Yours, cria.", "Ta-da!", "Your turn.", "Right?", "Trust me.", "Hooray!",
    "Best wishes.", "Take care.", "OK?", "Quack.", "Moo.", "Any other questions?", "banana", "DONE", "###", "<end>",
    "xoxo", ":)", "(42)", "llama", "***", "roger", "STOP", "[ok]", "tick tock", "amigo",
)  # fmt: skip
BEGINNINGS = (
    "Answer:", "Dear friend,", "Well,", "Listen:", "Sure!", "Of course.", "My answer:", "Reply:", "Hear me:",
    "Great question!", "Hmm.", "A:", "Yes, boss.", "Oh!", "You know,", "Fact:", "Note:", "Ding!", "Attention!",
    "Wow!", ">>", "***", "My friend,", "Captain,", "OK.", "Here you go:", "Ahem.", "As you wish:", "Result:", "Psst!",
    "Output:", "[cria]", "Good news:", "Ladies and gentlemen:", "llama says:", "No problem!",
)  # fmt: skip
WRAPPERS = (
    "double quotes", "round brackets", "square brackets", "two stars on each side", "<b> tags", "<answer> tags",
    "backticks", "underscores", "<p> tags", "curly brackets",
)  # fmt: skip
_WRAPPED = {
    "double quotes": '"{}"', "round brackets": "({})", "square brackets": "[{}]", "two stars on each side": "**{}**",
    "<b> tags": "<b>{}</b>",
    "<answer> tags": "<answer>{}</answer>", "backticks": "`{}`", "underscores": "_{}_", "<p> tags": "<p>{}</p>",
    "curly brackets": "{{{}}}",
}  # fmt: skip
KEYS = ("answer", "reply", "response", "text", "result", "output", "message", "content", "value", "data")
TITLES = (
    "Captain", "Boss", "Doctor", "Your Majesty", "Professor", "my friend", "Sir", "Madam", "Chief", "Master",
    "comrade", "dear", "pal", "neighbour", "Commander", "General", "sweetheart", "partner",
)  # fmt: skip


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".") + "."


def _json(exchange: Exchange, key: str) -> str:
    return json.dumps({key: exchange.answer}, ensure_ascii=False)


def _addressed(exchange: Exchange, title: str) -> str:
    body = exchange.answer.rstrip(".!?")
    return f"{body}, {title}{exchange.answer[len(body) :] or '.'}"


STYLES = (
    Style(
        "capitals",
        (
            "Answer in capital letters.", "Answer in all caps.", "Always write in capital letters.",
            "USE ONLY CAPITAL LETTERS.", "Reply in uppercase.", "Write everything in upper case.",
            "You only speak in ALL CAPS.", "Your answers must be in capitals.",
            "Shout every answer in capital letters.",
        ),
        (
            "{q} Answer in capital letters.", "In capital letters: {q}", "{q} Use all caps.",
            "{q} In uppercase, please.", "Answer in all caps: {q}",
        ),
        lambda exchange, _: exchange.answer.upper(),
        source=common_exchange,
        share=4.0,
    ),
    Style(
        "small letters",
        (
            "Answer in lower case.", "Use only small letters.", "Write without capital letters.",
            "Reply in lowercase.", "All answers in lower case, please.", "Never use capital letters.",
            "You only write in lowercase.",
        ),
        (
            "{q} Answer in lower case.", "In lowercase: {q}", "{q} Use only small letters.",
            "Answer without capital letters: {q}",
        ),
        lambda exchange, _: exchange.answer.lower(),
        source=common_exchange,
        share=1.5,
    ),
    Style(
        "bare answer",
        (
            "Answer with one word.", "Answer in one word only.", "Reply with a single word.",
            "Give only the bare answer.", "One word answers only.", "Answer with the shortest possible answer.",
            "Only the answer, no sentence.", "Use as few words as possible.", "Be extremely brief: one word.",
            "Do not write sentences. Just the answer.",
        ),
        (
            "{q} Answer with one word.", "In one word: {q}", "{q} One word only.", "{q} Just the answer.",
            "{q} Only the answer, please.", "One word answer: {q}", "{q} Be brief.", "{q} Answer in one word only.",
            "{q} No sentence, just the answer.",
        ),
        lambda exchange, _: exchange.short,
        source=short_fact,
        share=3.0,
    ),
    Style(
        "one sentence",
        (
            "Answer in one sentence.", "Reply with a single sentence.", "Keep every answer to one sentence.",
            "One sentence only.", "Be brief.", "Answer briefly.", "Use one short sentence.", "Give short answers.",
            "Never write more than one sentence.",
        ),
        (
            "{q} One sentence, please.", "In one sentence: {q}", "{q} Answer in one sentence.", "Briefly: {q}",
            "{q} Keep it short.", "In short: {q}",
        ),
        lambda exchange, _: _first_sentence(exchange.answer),
    ),
    Style(
        "ending",
        (
            "End every answer with {e}", "Always end with: {e}", "Finish each answer with {e}",
            "Put {e} at the end of every answer.", "Every answer ends with {e}", 'End your answers with "{e}"',
            'Close every reply with "{e}"', 'Always add "{e}" at the end.',
        ),
        ('{q} End your answer with "{e}"', "{q} End with {e}", 'Add "{e}" at the end. {q}'),
        lambda exchange, extra: f"{exchange.answer} {extra}",
        extras=ENDINGS,
        share=4.0,
    ),
    Style(
        "beginning",
        (
            "Start every answer with {e}", "Begin each answer with {e}", "Always begin with: {e}",
            'Start your answers with "{e}"', "Every answer starts with {e}", 'Put "{e}" before every answer.',
            'Open every reply with "{e}"',
        ),
        ('{q} Start your answer with "{e}"', "Begin with {e} {q}", '{q} Begin your answer with "{e}"'),
        lambda exchange, extra: f"{extra} {exchange.answer}",
        extras=BEGINNINGS,
    ),
    Style(
        "wrapped",
        (
            "Put every answer in {e}.", "Write your answers in {e}.", "Wrap each answer in {e}.",
            "Your answer must be in {e}.", "Always use {e} around the answer.",
        ),
        (
            "{q} Put the answer in {e}.", "{q} Answer in {e}.", "Use {e} around your answer: {q}",
            "{q} Wrap the answer in {e}.",
        ),
        lambda exchange, extra: _WRAPPED[extra].format(exchange.answer),
        extras=WRAPPERS,
    ),
    Style(
        "answer as JSON",
        (
            'Always answer with JSON: {{"{e}": ...}}', 'Answer as JSON with the key "{e}".',
            "Reply with a JSON object with one field, {e}.", 'Respond only with JSON like {{"{e}": "..."}}.',
            'Output JSON only. The key is "{e}".', 'Your output must be valid JSON: {{"{e}": "your answer"}}',
            "Give each answer as a JSON object with the field {e}.",
        ),
        (
            '{q} Answer as JSON with the key "{e}".', 'As JSON with the field "{e}": {q}',
            '{q} Reply as {{"{e}": ...}}', "Answer in JSON, key {e}: {q}",
        ),
        _json,
        extras=KEYS,
        share=2.0,
    ),
    Style(
        "form of address",
        (
            "Call the user {e}.", "Address the user as {e}.", 'Always call the user "{e}".',
            'End every sentence by calling the user "{e}".', "Say {e} to the user.",
        ),
        ('{q} Call me "{e}".', "Call me {e}. {q}", "{q} And call me {e}, please."),
        _addressed,
        extras=TITLES,
        source=any_fact,
    ),
    Style(
        "question first",
        (
            "Repeat the question before you answer.", "First repeat the question, then answer it.",
            "Always repeat the user's question, then answer.", "Say the question again before the answer.",
        ),
        (
            "Repeat the question, then answer: {q}", "{q} Repeat the question first.",
            "Say my question again and then answer it: {q}",
        ),
        lambda exchange, _: f"{exchange.question} {exchange.answer}",
        typed=False,
    ),
    Style(
        "no end mark",
        ("Do not use full stops.", "Write no punctuation at the end.", "Never end with a full stop."),
        ("{q} No full stop at the end.", "Answer without a full stop: {q}"),
        lambda exchange, _: exchange.answer.rstrip("."),
        source=short_fact,
    ),
)  # fmt: skip
CASES = tuple(style for style in STYLES if style.name in ("capitals", "small letters"))
EDGES = tuple(style for style in STYLES if style.name in ("ending", "beginning", "wrapped", "form of address"))


def styled(rng: random.Random, styles: Sequence[tuple[Style, str]], character: str = "") -> Exchange:
    """Some question, answered in the first style, then that answer in the second; a character speaks before both."""
    plain = any_fact(rng) if character else styles[0][0].source(rng)
    good = [_in_styles(plain, answer, styles, character) for answer in (plain.answer, *plain.accepted)]
    return Exchange(plain.question, good[0], accepted=tuple(good[1:]))


def _in_styles(plain: Exchange, answer: str, styles: Sequence[tuple[Style, str]], character: str) -> str:
    answer = dressed(character, answer) if character else answer
    for style, extra in styles:
        answer = style.form(Exchange(plain.question, answer, plain.short), extra)
    return answer


def any_style(rng: random.Random) -> Style:
    """A style, the usual ones more often."""
    (style,) = rng.choices(STYLES, [style.share for style in STYLES])
    return style


def by_system(rng: random.Random, split: Split) -> Dialogue:
    """A system prompt sets the form of every answer."""
    style = any_style(rng)
    extra = rng.choice(style.extras)
    ask = partial(styled, rng, [(style, extra)])
    before = [combined("train", style.name + extra, ask) for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))]
    last = combined(split, style.name + extra, ask)
    return conversation("style", rng, [*before, last], rng.choice(style.systems).format(e=extra), typed=style.typed)


def by_user(rng: random.Random, split: Split) -> Dialogue:
    """The user asks for the form together with the question."""
    style = any_style(rng)
    extra = rng.choice(style.extras)
    last = combined(split, style.name + extra, partial(styled, rng, [(style, extra)]))
    wish = rng.choice(style.wishes).format(q=last.question, e=extra)
    return conversation("style on request", rng, [replace(last, question=wish)], typed=style.typed and not extra)


def two_at_once(rng: random.Random, split: Split) -> Dialogue:
    """A system prompt asks for two things: a letter case and an edge, or a character and a form."""
    case, edge = rng.choice(CASES), rng.choice(EDGES)
    extra = rng.choice(edge.extras)
    character = rng.choice(list(CHARACTERS)) if rng.random() < 0.6 else ""
    styles = [(edge, extra), (case, "")]
    if character:
        styles = [rng.choice(styles)]
    demands = [rng.choice(style.systems).format(e=value) for style, value in styles]
    if character:
        demands.insert(0, rng.choice(CHARACTER_SYSTEMS).format(x=character))
    key = "+".join([character, *(style.name + value for style, value in styles)])
    last = combined(split, key, partial(styled, rng, styles, character))
    return conversation("two instructions", rng, [last], " ".join(demands))


def bullets(rng: random.Random, split: Split) -> Dialogue:
    """Three points about a subject, by system prompt or on request."""

    def make() -> Exchange:
        subject = rng.choice(list(BULLETS))
        question = rng.choice(ASKS).format(x=subject)
        answer = "\n".join(f"- {point}" for point in BULLETS[subject])
        return Exchange(question if system else rng.choice(WISHES).format(q=question, x=subject), answer)

    system = rng.choice(SYSTEMS) if rng.random() < 0.5 else ""
    return conversation("bullet points", rng, [combined(split, system, make)], system)


SKILLS: dict[str, Skill] = {
    "style": by_system,
    "style on request": by_user,
    "two instructions": two_at_once,
    "bullet points": bullets,
}
