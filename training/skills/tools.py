"""Tool use in Llama 3.1's JSON format: choose among functions, fill in arguments, read the result, or just talk.

Functions come under many names and parameters under many words, so that cria copies both from the prompt.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from training.data import lexicon as lex
from training.dialogue import Dialogue, Message, Skill, Split, Tool, draw, held_out
from training.exchanges import Exchange
from training.making import invented_word, noun
from training.pool import any_exchange
from training.skills import smalltalk

Arguments = dict[str, Any]
Result = tuple[Any, str]  # what the function gives back, and what cria says then


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument: the names it may go by, its JSON type, its description."""

    names: tuple[str, ...]
    type: str
    description: str
    choices: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """The argument's JSON schema."""
        schema: dict[str, Any] = {"type": self.type, "description": self.description}
        return schema | ({"enum": list(self.choices)} if self.choices else {})


@dataclass(frozen=True, slots=True)
class Function:
    """A kind of tool: names, parameters, ways to ask for it, values to ask with, and its result."""

    names: tuple[str, ...]
    description: str
    parameters: tuple[Parameter, ...]
    requests: tuple[str, ...]
    values: Callable[[random.Random], tuple[Any, ...]]
    result: Callable[[random.Random, tuple[Any, ...]], Result]


CITY = Parameter(("city", "location", "place", "town"), "string", "The name of the city")
WEATHERS = ("sunny", "rainy", "cloudy", "windy", "snowy", "foggy", "clear", "stormy")
CURRENCIES = ("USD", "EUR", "PEN", "GBP", "JPY", "CHF")
ROOMS = ("kitchen", "bedroom", "living room", "bathroom", "hall", "office", "garden", "garage")
SYMBOLS = ("AAPL", "GOOG", "MSFT", "TSLA", "AMZN", "NVDA", "META", "IBM")
LANGUAGES = ("Spanish", "French", "German", "Quechua", "Italian", "Portuguese")
MESSAGES = (
    "I am late",
    "see you soon",
    "happy birthday",
    "call me",
    "dinner is ready",
    "good luck",
    "thank you",
    "I am home",
)
EVENTS = ("lunch", "meeting", "dentist", "concert", "birthday party", "yoga class", "team call", "dinner")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "tomorrow")


def _weather(rng: random.Random, values: tuple[Any, ...]) -> Result:
    degrees, sky = rng.randint(-5, 35), rng.choice(WEATHERS)
    key = rng.choice(("temperature", "temperature_c", "degrees"))
    return {
        key: degrees,
        rng.choice(("condition", "weather", "sky")): sky,
    }, f"It is {sky} in {values[0]}, {degrees} degrees."


def _time(rng: random.Random, values: tuple[Any, ...]) -> Result:
    time = f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}"
    return {"time": time}, f"It is {time} in {values[0]}."


def _done(said: str) -> Callable[[random.Random, tuple[Any, ...]], Result]:
    def result(rng: random.Random, values: tuple[Any, ...]) -> Result:
        return rng.choice(({"status": "ok"}, {"success": True}, {"ok": True}, "done")), said.format(*values)

    return result


def _number(key: str, said: str, low: int, high: int) -> Callable[[random.Random, tuple[Any, ...]], Result]:
    def result(rng: random.Random, values: tuple[Any, ...]) -> Result:
        number = rng.randint(low, high)
        return {key: number}, said.format(*values, number=number)

    return result


def _sum(_rng: random.Random, values: tuple[Any, ...]) -> Result:
    return {"result": values[0] + values[1]}, f"The result is {values[0] + values[1]}."


def _search(rng: random.Random, _values: tuple[Any, ...]) -> Result:
    found = f"The {noun(rng)} of {rng.choice(lex.NAMES)}"
    return {"title": found}, f'I found "{found}".'


FUNCTIONS: tuple[Function, ...] = (
    Function(
        ("get_weather", "weather", "get_current_weather", "fetch_weather", "current_weather", "weather_lookup"),
        "Get the current weather in a city",
        (CITY,),
        (
            "What is the weather in {0}?",
            "what's the weather like in {0}",
            "Weather in {0}?",
            "How is the weather in {0} today?",
            "Is it raining in {0}?",
            "Is it cold in {0}?",
            "How warm is it in {0}?",
            "Will I need an umbrella in {0}?",
        ),
        lambda rng: (rng.choice(lex.CITIES),),
        _weather,
    ),
    Function(
        ("get_time", "current_time", "get_current_time", "time_in_city", "clock"),
        "Get the current time in a city",
        (CITY,),
        ("What time is it in {0}?", "Time in {0}?", "what's the time in {0}", "Tell me the current time in {0}."),
        lambda rng: (rng.choice(lex.CITIES),),
        _time,
    ),
    Function(
        ("add", "sum", "add_numbers", "calculate_sum"),
        "Add two numbers",
        (
            Parameter(("a", "x", "first", "number1"), "integer", "The first number"),
            Parameter(("b", "y", "second", "number2"), "integer", "The second number"),
        ),
        ("What is {0} plus {1}?", "Add {0} and {1}.", "{0} + {1}", "Please add {0} to {1}.", "How much is {0} + {1}?"),
        lambda rng: (rng.randint(1, 99), rng.randint(1, 99)),
        _sum,
    ),
    Function(
        ("set_timer", "start_timer", "timer", "create_timer"),
        "Set a timer",
        (Parameter(("minutes", "duration", "time_minutes"), "integer", "Length of the timer in minutes"),),
        ("Set a timer for {0} minutes.", "timer {0} minutes", "Start a {0} minute timer.", "Wake me in {0} minutes."),
        lambda rng: (rng.randint(2, 60),),
        _done("The timer is set for {0} minutes."),
    ),
    Function(
        ("send_message", "send_text", "message", "send_sms"),
        "Send a message to a person",
        (
            Parameter(("to", "recipient", "person", "contact"), "string", "Who gets the message"),
            Parameter(("text", "message", "body", "content"), "string", "The text of the message"),
        ),
        (
            "Send a message to {0}: {1}",
            'Tell {0} "{1}"',
            "Text {0} that says {1}",
            "Message {0}: {1}",
            "Send {0} the message {1}",
        ),
        lambda rng: (rng.choice(lex.NAMES), rng.choice(MESSAGES)),
        _done("Your message to {0} was sent."),
    ),
    Function(
        ("turn_on_light", "light_on", "switch_on_light", "lights_on"),
        "Turn on the light in a room",
        (Parameter(("room", "location", "where"), "string", "The room"),),
        ("Turn on the light in the {0}.", "Switch on the {0} light.", "lights on in the {0}", "It is dark in the {0}."),
        lambda rng: (rng.choice(ROOMS),),
        _done("The light in the {0} is on."),
    ),
    Function(
        ("get_stock_price", "stock_price", "get_price", "quote"),
        "Get the price of a stock",
        (Parameter(("symbol", "ticker", "stock"), "string", "The ticker symbol"),),
        ("What is the stock price of {0}?", "Price of {0}?", "How much is {0} stock?", "Check the price of {0}."),
        lambda rng: (rng.choice(SYMBOLS),),
        _number("price", "{0} is at {number} dollars.", 20, 900),
    ),
    Function(
        ("convert_currency", "exchange", "currency_converter", "convert"),
        "Convert an amount of money from one currency to another",
        (
            Parameter(("amount", "value"), "number", "How much money"),
            Parameter(("from_currency", "from", "source"), "string", "The currency to convert from"),
            Parameter(("to_currency", "to", "target"), "string", "The currency to convert to"),
        ),
        ("Convert {0} {1} to {2}.", "How much is {0} {1} in {2}?", "{0} {1} in {2}", "Change {0} {1} into {2}."),
        lambda rng: (rng.randint(1, 500), *rng.sample(CURRENCIES, 2)),
        _number("result", "{0} {1} are {number} {2}.", 1, 900),
    ),
    Function(
        ("create_event", "add_event", "schedule", "add_to_calendar"),
        "Add an event to the calendar",
        (
            Parameter(("title", "name", "event"), "string", "What the event is"),
            Parameter(("day", "date", "when"), "string", "The day of the event"),
        ),
        (
            "Add {0} on {1} to my calendar.",
            "Schedule {0} for {1}.",
            "Put {0} on my calendar for {1}.",
            "I have {0} on {1}, note it.",
        ),
        lambda rng: (rng.choice(EVENTS), rng.choice(DAYS)),
        _done("I added {0} on {1} to your calendar."),
    ),
    Function(
        ("translate", "translate_text", "translator"),
        "Translate a text to another language",
        (
            Parameter(("text", "content", "phrase"), "string", "The text to translate"),
            Parameter(("language", "target_language", "to"), "string", "The language to translate to"),
        ),
        ("Translate {0} to {1}.", 'How do you say "{0}" in {1}?', "{0} in {1} please", "Translate into {1}: {0}"),
        lambda rng: (rng.choice((rng.choice(MESSAGES), noun(rng))), rng.choice(LANGUAGES)),
        lambda rng, values: (lambda word: ({"translation": word}, f'In {values[1]} it is "{word}".'))(
            invented_word(rng)
        ),
    ),
    Function(
        ("search", "web_search", "search_web", "find", "lookup"),
        "Search the web",
        (Parameter(("query", "q", "search_term", "text"), "string", "What to search for"),),
        ("Search for {0}.", "Look up {0}.", "Find information about {0}.", "search the web for {0}", "google {0}"),
        lambda rng: (
            rng.choice((f"{rng.choice(lex.ADJECTIVES)} {noun(rng)}s", noun(rng) + "s", rng.choice(lex.CITIES))),
        ),
        _search,
    ),
    Function(
        ("play_music", "play", "play_song", "start_music"),
        "Play music by an artist",
        (Parameter(("artist", "name", "query"), "string", "The artist or the song"),),
        ("Play some {0}.", "Play music by {0}.", "I want to hear {0}.", "put on {0}"),
        lambda rng: (
            rng.choice(("Mozart", "Bach", "Queen", "ABBA", "the Beatles", "jazz", "panpipes", "Vivaldi", "Adele")),
        ),
        _done("Now playing {0}."),
    ),
    Function(
        ("roll_dice", "roll", "dice", "throw_dice"),
        "Roll dice",
        (Parameter(("sides", "faces"), "integer", "How many sides the dice has"),),
        ("Roll a {0} sided dice.", "Roll a dice with {0} sides.", "throw a d{0}"),
        lambda rng: (rng.choice((4, 6, 8, 10, 12, 20)),),
        lambda rng, values: (lambda n: ({"result": n}, f"You rolled a {n}."))(rng.randint(1, values[0])),
    ),
    Function(
        ("book_table", "reserve_table", "make_reservation", "restaurant_booking"),
        "Book a table at a restaurant",
        (
            Parameter(("people", "guests", "party_size"), "integer", "How many people come"),
            Parameter(("day", "date", "when"), "string", "The day of the visit"),
        ),
        (
            "Book a table for {0} on {1}.",
            "Reserve a table for {0} people for {1}.",
            "We are {0} and want to eat out on {1}.",
        ),
        lambda rng: (rng.randint(2, 10), rng.choice(DAYS)),
        _done("Your table for {0} on {1} is booked."),
    ),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A function as one prompt offers it: under one name, each parameter under one word."""

    function: Function
    name: str
    words: tuple[str, ...]
    described: bool

    def tool(self) -> Tool:
        """The JSON shown to the model."""
        pairs = zip(self.words, self.function.parameters, strict=True)
        schema = {
            "type": "object",
            "properties": {word: parameter.schema() for word, parameter in pairs},
            "required": list(self.words),
        }
        description = {"description": self.function.description} if self.described else {}
        return {"type": "function", "function": {"name": self.name, **description, "parameters": schema}}

    def call(self, values: tuple[Any, ...]) -> str:
        """The call as Llama 3.1 writes it."""
        return json.dumps(
            {"name": self.name, "parameters": dict(zip(self.words, values, strict=True))}, ensure_ascii=False
        )


def _offer(rng: random.Random, function: Function) -> Offer:
    words = tuple(rng.choice(parameter.names) for parameter in function.parameters)
    name = rng.choice(function.names) if rng.random() < 0.85 else f"{invented_word(rng)}_{rng.choice(function.names)}"
    return Offer(function, name, words, described=rng.random() < 0.85)


def _offers(rng: random.Random) -> list[Offer]:
    return [_offer(rng, function) for function in rng.sample(FUNCTIONS, rng.choice((1, 1, 2, 2, 3)))]


def _asked(rng: random.Random, split: Split) -> tuple[list[Offer], Offer, str, tuple[Any, ...]]:
    offers = _offers(rng)
    chosen = rng.choice(offers)
    request, values = draw(split, lambda: (rng.choice(chosen.function.requests), chosen.function.values(rng)))
    return offers, chosen, request.format(*values), values


def _dialogue(skill: str, offers: list[Offer], messages: list[Message], rng: random.Random) -> Dialogue:
    if rng.random() < 0.3:
        messages = [Message("system", rng.choice(SYSTEMS)), *messages]
    return Dialogue(skill, tuple(messages), tools=tuple(offer.tool() for offer in offers))


SYSTEMS = (
    "You are a helpful assistant.",
    "You are a helpful assistant with tool calling capabilities.",
    "You are cria, a small assistant.",
    "Use the tools when they help.",
    (
        "You are a helpful assistant with tool calling capabilities. When you receive a tool call response, use the "
        "output to format an answer to the original user question."
    ),
)


def call(rng: random.Random, split: Split) -> Dialogue:
    """A request that one of the offered functions answers: the call."""
    offers, chosen, asked, values = _asked(rng, split)
    return _dialogue("tool call", offers, [Message("user", asked), Message("assistant", chosen.call(values))], rng)


def after_result(rng: random.Random, split: Split) -> Dialogue:
    """The call, its result, and the answer in words; at times a second request follows."""
    offers, chosen, asked, values = _asked(rng, split)
    messages = _exchange(rng, chosen, asked, values)
    if rng.random() < 0.3:
        following = rng.choice(offers)
        more = following.function.values(rng)
        messages += _exchange(rng, following, rng.choice(following.function.requests).format(*more), more)
    return _dialogue("tool result", offers, messages, rng)


def _exchange(rng: random.Random, offer: Offer, asked: str, values: tuple[Any, ...]) -> list[Message]:
    result, said = offer.function.result(rng, values)
    shown = result if isinstance(result, str) else json.dumps(result)
    if rng.random() < 0.2:
        shown = json.dumps(shown)
    return [
        Message("user", asked),
        Message("assistant", offer.call(values)),
        Message("tool", shown),
        Message("assistant", said),
    ]


def not_needed(rng: random.Random, split: Split) -> Dialogue:
    """Tools are there, but the user only wants to talk."""
    while True:
        offers, exchange = _offers(rng), _talk(rng)
        names = ",".join(offer.name for offer in offers)
        if held_out(names, exchange.question) == (split == "held_out"):
            break
    messages = [Message("user", exchange.question), Message("assistant", exchange.answer)]
    return replace(
        _dialogue("tool not needed", offers, messages, rng), accepted=exchange.accepted, keywords=exchange.keywords
    )


def _talk(rng: random.Random) -> Exchange:
    return smalltalk.ASKERS["greetings"](rng, "train") if rng.random() < 0.3 else any_exchange(rng)


SKILLS: dict[str, Skill] = {"tool call": call, "tool result": after_result, "tool not needed": not_needed}
