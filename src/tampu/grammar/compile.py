"""From a constraint to the text of a grammar that llguidance reads, or to the reason why there is none.

JSON is written on one line with the separators of Python's `json.dumps`: most of it is then forced and costs nothing,
and no answer drowns in white space. Properties come in the order of the schema.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, get_args

from tampu.errors import InvalidRequest, SchemaTooComplex, UnsupportedSchema
from tampu.grammar.keys import are_scarce, marked
from tampu.grammar.keywords import MAX_ENUM, MAX_ENUM_BYTES, check_pattern
from tampu.grammar.schema import MAX_SOURCE_BYTES, find_refused, literals, parse_schema, read_schema
from tampu.request import Constraint, ConstraintKind

if TYPE_CHECKING:
    import llguidance

MAX_REPEATS = 1000  # of a bounded repetition in a regular expression
# Without \\uXXXX, each name of a property has one spelling: \\u0061 would be another "a".
JSON_STYLE = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "json_allowed_escapes": 'nrbtf\\"',
}
MAX_LEXER_STATES = 50_000  # of one matcher: 100 MB at worst
MAX_ROW_ITEMS = 16_384  # of its parser: an object with 2,000 properties that may be absent takes half
MAX_STEP_ITEMS = 200_000
TRIAL_STEPS = 64  # bytes of an answer that are tried: most limits are met with the first name of a property
CLOSING = b'"}]'
NUMBER_OF_REPEATS = re.compile(r"\{(\d*),?(\d*)\}")
TOO_COMPLEX = ("too big", "too large", "too many", "limit", "too complex", "fuel", "max is", "stack level")
# What llguidance says of a schema, and what a client is told.
WORDS = {
    "Unsatisfiable": "nothing matches it",
    "NoExtension": "nothing matches it",
    "anyOf is empty": "nothing matches it",
    "look-around": "look-around in an expression cannot be enforced",
    "lookarounds": "look-around and word boundaries in an expression cannot be enforced",
    "backreferences": "back-references in an expression cannot be enforced",
    "regex parse": "an expression in it cannot be read",
    "min/maxProperties": "minProperties and maxProperties cannot be enforced where listed properties may be absent",
    "not disjoint": "two patterns of patternProperties may match the same name",
    "are disjoint": "two patterns of patternProperties may match the same name",
    "circular": "a reference to a schema around it cannot be enforced with other keywords beside it",
    "multipleOf": "this multipleOf cannot be enforced",
    "for integer range": "these bounds cannot be enforced",
    "for float range": "these bounds cannot be enforced",
}


class ByteVocabulary:
    """A vocabulary of single bytes: enough to tell whether a grammar is one."""

    eos_token_id = 256
    bos_token_id = None
    special_token_ids = (256,)
    is_tokenizer_wrapper = True
    tokens = (*(bytes([byte]) for byte in range(256)), b"\xff<end>")

    def __call__(self, text: str) -> list[int]:
        """One id per byte."""
        return list(text.encode())


def limits() -> "llguidance.LLParserLimits":
    """What a matcher may take: one that needs more ends its own sequence with an error."""
    import llguidance  # 8 MB and 40 ms that only constrained requests need

    return llguidance.LLParserLimits(
        verbose_errors=False,
        max_lexer_states=MAX_LEXER_STATES,
        max_items_in_row=MAX_ROW_ITEMS,
        step_max_items=MAX_STEP_ITEMS,
    )


def compile_constraint(constraint: Constraint) -> str:
    """The constraint as text for `Grammars`. UnsupportedSchema or SchemaTooComplex says what is wrong with it."""
    match constraint.kind:
        case "json_object":
            return _compile_schema({"type": "object"}, constraint.param)
        case "json_schema":
            return _compile_schema(parse_schema(constraint.source, constraint.param), constraint.param)
        case "regex":
            return _compile_regex(constraint.source, constraint.param)
        case "choice":
            return _compile_choice(constraint.source, constraint.param)
        case "grammar":
            return _compile_grammar(constraint.source, constraint.param)
        case "tools":
            return _compile_tools(json.loads(constraint.source), constraint.param)
        case unknown:
            kinds = ", ".join(get_args(ConstraintKind))
            raise InvalidRequest(f"There is no constraint {unknown}; there are {kinds}.", param=constraint.param)


def _compile_schema(source: Any, param: str) -> str:
    if (values := literals(source, param)) is not None:
        return _compile_lark(_choice(json.dumps(value, ensure_ascii=False) for value in values), param)
    schema = read_schema(source, param)
    text = _schema_grammar(schema)
    if trouble := _trouble(text):
        place = find_refused(schema, lambda part: bool(_trouble(_schema_grammar(part))))
        _refuse(trouble, param, f": {_in_our_words(trouble)}; see {place}")
    return marked(text, are_scarce([schema]))


def _schema_grammar(schema: Any) -> str:
    return json.dumps({"grammars": [{"json_schema": {**schema, "x-guidance": JSON_STYLE}}]})


def _choice(texts: Iterable[str]) -> str:
    alternatives = " | ".join(json.dumps(text, ensure_ascii=False) for text in texts)
    return str(_llguidance().LLMatcher.grammar_from_lark(f"start: {alternatives}"))


def _compile_regex(source: str, param: str) -> str:
    check_pattern(source, "The expression", param)
    for low, high in NUMBER_OF_REPEATS.findall(source):
        if max(int(low or 0), int(high or 0)) > MAX_REPEATS:
            raise SchemaTooComplex(f"{param} repeats at most {MAX_REPEATS} times, got {high or low}.", param=param)
    return _compile_lark(_llguidance().LLMatcher.grammar_from_regex(source), param)


def _compile_choice(source: str, param: str) -> str:
    try:
        texts = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{param} is not JSON.", param=param) from error
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidRequest(f"{param} must be an array of strings.", param=param)
    if not 1 <= len(texts) <= MAX_ENUM or len(source.encode()) > MAX_ENUM_BYTES:
        raise SchemaTooComplex(f"{param} takes 1 to {MAX_ENUM} strings of {MAX_ENUM_BYTES} bytes in all.", param=param)
    if not all(texts):
        raise InvalidRequest(f"{param} must not hold an empty string.", param=param)
    return _compile_lark(_choice(texts), param)


def _compile_grammar(source: str, param: str) -> str:
    if not 1 <= len(source.encode()) <= MAX_SOURCE_BYTES:
        raise SchemaTooComplex(f"{param} takes 1 to {MAX_SOURCE_BYTES} bytes, got {len(source)}.", param=param)
    if "<[" in source:
        raise UnsupportedSchema(f"{param}: tokens by their numbers are not taken; write their text.", param=param)
    try:
        return _compile_lark(_llguidance().grammar_from("grammar", source), param)
    except ValueError as error:
        raise UnsupportedSchema(f"{param}: {_first_line(str(error))}.", param=param) from error


def _compile_tools(asked: Any, param: str) -> str:
    """Calls as Llama 3.1 writes them, whose arguments match their schemas; or else the content, if there may be any."""
    calls = asked["calls"]
    schemas = [read_schema(call["schema"], f"{param}[{index}].function.parameters") for index, call in enumerate(calls)]
    rules = [f"call{index}: {_call_rule(calls[index]['name'], schema)}" for index, schema in enumerate(schemas)]
    some = " | ".join(f"call{index}" for index in range(len(calls)))
    answer = 'call ("; " call)*' if asked["parallel"] else "call"
    content = asked["content"]
    if content == "text":
        rules.append(r"content: /([^\s{\[](?s:.)*)?/")
    elif content is not None:
        schemas.append(read_schema(content, "response_format"))
        rules.append(f"content: {_json_rule(schemas[-1])}")
    start = f"start: {answer}" if content is None else f"start: {answer} | content"
    text = _llguidance().LLMatcher.grammar_from_lark("\n".join([start, f"call: {some}", *rules]))
    if trouble := _trouble(text):
        where, place = _refused_call(schemas, param)
        _refuse(trouble, where, f": {_in_our_words(trouble)}{place}")
    return marked(text, are_scarce(schemas))


def _refused_call(schemas: Sequence[Any], param: str) -> tuple[str, str]:
    """Which function's schema is refused alone, and where."""
    for index, schema in enumerate(schemas):
        if _trouble(_schema_grammar(schema)):
            place = find_refused(schema, lambda part: bool(_trouble(_schema_grammar(part))))
            return f"{param}[{index}].function.parameters", f"; see {place}"
    return param, ""


def _call_rule(name: str, schema: Any) -> str:
    head = json.dumps(f'{{"name": {json.dumps(name)}, "parameters": ')
    return f'{head} {_json_rule(schema)} "}}"'


def _json_rule(schema: Any) -> str:
    return f"%json {json.dumps({**schema, 'x-guidance': JSON_STYLE})}"


def _compile_lark(text: str, param: str) -> str:
    if trouble := _trouble(text):
        _refuse(trouble, param, f": {trouble}")
    return text


def _refuse(trouble: str, param: str, said: str) -> None:
    kind = SchemaTooComplex if _is_large(trouble) else UnsupportedSchema
    raise kind(f"{param}{said}.", param=param)


def _in_our_words(trouble: str) -> str:
    known = (words for part, words in WORDS.items() if part in trouble)
    return next(known, "it is too complex" if _is_large(trouble) else "it cannot be enforced")


def _is_large(trouble: str) -> bool:
    return any(word in trouble for word in TOO_COMPLEX)


def _trouble(text: str) -> str:
    """What is wrong with a grammar; nothing when a text may begin, and the first part of one was tried."""
    llguidance = _llguidance()
    vocabulary = llguidance.LLTokenizer(ByteVocabulary(), slices=[])
    matcher = llguidance.LLMatcher(vocabulary, text, limits=limits(), log_level=0)
    for _ in range(TRIAL_STEPS):
        if matcher.is_stopped():
            break
        allowed = _allowed(matcher.compute_bitmask())
        if not allowed:
            break
        matcher.consume_token(next((byte for byte in CLOSING if byte in allowed), allowed[0]))
    if matcher.is_stopped() and not matcher.is_accepting():
        return "nothing matches it" if "NoExtension" in matcher.get_error() else _first_line(matcher.get_error())
    return ""


def _allowed(mask: bytes) -> list[int]:
    """The bytes that a mask allows."""
    return [token for token in range(256) if mask[token >> 3] >> (token & 7) & 1]


def _first_line(message: str) -> str:
    """What llguidance says, without the part of the grammar that it shows under it."""
    return " ".join(line.strip() for line in message.splitlines() if not re.match(r"\s*(\d+ \||\||\^|<)", line))[:300]


def _llguidance() -> Any:
    import llguidance  # see `limits`

    return llguidance
