"""Our errors in the words of pydantic, as services made with FastAPI send them."""

from tampu.errors import InvalidRequest, Missing, NotOneOf, OutOfRange, WrongLength, WrongType

# The beginning of what was expected -> pydantic's name of the error, and its noun.
TYPES = {
    "a string or": ("value_error", ""),
    "a string": ("string_type", "a valid string"),
    "an integer": ("int_type", "a valid integer"),
    "a number": ("float_type", "a valid number"),
    "a boolean": ("bool_type", "a valid boolean"),
    "an array": ("list_type", "a valid list"),
    "an object": ("dict_type", "a valid dictionary"),
}


def words(error: InvalidRequest) -> tuple[str, str]:
    """Pydantic's name of the error, and its sentence; our own sentence where it has none."""
    match error:
        case Missing():
            return "missing", "Field required"
        case WrongType():
            return _type(error)
        case OutOfRange():
            return _range(error)
        case WrongLength():
            return _length(error)
        case NotOneOf():
            return "literal_error", f"Input should be {_listed(error.values)}"
        case _:
            return "value_error", error.message


def _type(error: WrongType) -> tuple[str, str]:
    for beginning, (name, noun) in TYPES.items():
        if error.expected.startswith(beginning):
            return name, f"Input should be {noun or error.expected}"
    return "value_error", f"Input should be {error.expected}"


def _range(error: OutOfRange) -> tuple[str, str]:
    if error.value > error.high:
        return "less_than_equal", f"Input should be less than or equal to {error.high}"
    if error.above:
        return "greater_than", f"Input should be greater than {error.low}"
    return "greater_than_equal", f"Input should be greater than or equal to {error.low}"


def _length(error: WrongLength) -> tuple[str, str]:
    few, bound = error.count < error.low, error.low if error.count < error.low else error.high
    size = "at least" if few else "at most"
    if error.unit == "characters":
        name = "string_too_short" if few else "string_too_long"
        return name, f"String should have {size} {bound} character{'' if bound == 1 else 's'}"
    name = "too_short" if few else "too_long"
    return name, f"List should have {size} {bound} item{'' if bound == 1 else 's'} after validation, not {error.count}"


def _listed(values: tuple[str, ...]) -> str:
    quoted = [f"'{value}'" for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def dotted(param: str | None) -> str | None:
    """A path such as `messages[2].content` as pydantic writes it: `messages.2.content`."""
    return None if param is None else param.replace("[", ".").replace("]", "")
