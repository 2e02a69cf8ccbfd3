"""OpenAI's own sentences and codes for what is wrong with a body."""

from collections.abc import Sequence

from tampu.dialects.kinds import shown
from tampu.errors import Missing, NotOneOf, OutOfRange, ServiceError, WrongLength, WrongType

Words = tuple[str, str | None]  # message and code
DECIMALS = ("temperature", "top_p", "min_p", "top_a", "presence_penalty", "frequency_penalty", "repetition_penalty")
NOUNS = {"a number": "a decimal"}


def words_of(error: ServiceError) -> Words:
    """The error in OpenAI's words, or in ours where it has none for it."""
    match error:
        case Missing():
            return f"Missing required parameter: '{error.param}'.", "missing_required_parameter"
        case WrongType():
            expected, got = (NOUNS.get(noun, noun) for noun in (error.expected, error.got))
            return f"Invalid type for '{error.param}': expected {expected}, but got {got} instead.", "invalid_type"
        case OutOfRange():
            return _out_of_range(error)
        case WrongLength():
            return _wrong_length(error)
        case NotOneOf():
            return f"Invalid value: '{error.value}'. Supported values are: {_listed(error.values)}.", "invalid_value"
        case _:
            return error.message, error.code


def _out_of_range(error: OutOfRange) -> Words:
    kind = "decimal" if error.param in DECIMALS or error.value != int(error.value) else "integer"
    below = error.value < error.low or (error.above and error.value == error.low)
    side, sign, bound = ("below minimum", ">=", error.low) if below else ("above maximum", "<=", error.high)
    sign = ">" if below and error.above else sign
    got = shown(error.value)
    message = f"Invalid '{error.param}': {kind} {side} value. Expected a value {sign} {bound}, but got {got} instead."
    return message, f"{kind}_{'below_min' if below else 'above_max'}_value"


def _wrong_length(error: WrongLength) -> Words:
    if error.unit in ("pairs", "entries"):
        wanted = f"Expected an object with at most {error.high} properties"
        got = f"but got an object with {error.count} properties instead."
        return f"Invalid '{error.param}': too many properties. {wanted}, {got}", "object_above_max_properties"
    kind, noun = ("a string", "string") if error.unit.startswith("characters") else ("an array", "array")
    few = error.count < error.low
    bound = f"minimum length {error.low}" if few else f"maximum length {error.high}"
    if error.count == 0:
        got, size, code = f"an empty {noun}", f"empty {noun}", f"empty_{noun}"
    else:
        got, size = f"{kind} with length {error.count}", f"{noun} too {'short' if few else 'long'}"
        code = f"{noun}_{'below_min' if few else 'above_max'}_length"
    return f"Invalid '{error.param}': {size}. Expected {kind} with {bound}, but got {got} instead.", code


def _listed(values: Sequence[str]) -> str:
    *most, last = [f"'{value}'" for value in values]
    if not most:
        return last
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}"
