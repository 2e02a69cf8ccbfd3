"""From a constraint to the text of a grammar that llguidance reads, or to the reason why there is none.

JSON is written on one line with the separators of Python's `json.dumps`: most of it is then forced and costs nothing,
and no answer drowns in white space. Properties come in the order of the schema.
"""

import json
import re
from typing import TYPE_CHECKING, Any, get_args

from tampu.errors import InvalidRequest, SchemaTooComplex, UnsupportedSchema
from tampu.grammar.schema import (
    MAX_ENUM,
    MAX_ENUM_BYTES,
    MAX_SCHEMA_BYTES,
    check_pattern,
    find_refused,
    place,
    read_schema,
)
from tampu.request import Constraint, ConstraintKind

if TYPE_CHECKING:
    import llguidance

MAX_REPEATS = 1000  # of a bounded repetition in a regular expression
JSON_STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
MAX_LEXER_STATES = 50_000  # of one matcher: 100 MB at worst
NUMBER_OF_REPEATS = re.compile(r"\{(\d*),?(\d*)\}")
TOO_COMPLEX = ("too big", "too large", "too many", "limit", "too complex", "fuel")


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

    return llguidance.LLParserLimits(verbose_errors=False, max_lexer_states=MAX_LEXER_STATES)


def compile_constraint(constraint: Constraint) -> str:
    """The constraint as text for `Grammars`. UnsupportedSchema or SchemaTooComplex says what is wrong with it."""
    match constraint.kind:
        case "json_object":
            return _compile_schema({"type": "object"}, constraint.param)
        case "json_schema":
            return _compile_schema(read_schema(constraint.source, constraint.param), constraint.param)
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


def _compile_schema(schema: Any, param: str) -> str:
    if isinstance(schema, bool):
        schema = {} if schema else {"enum": []}
    text = _schema_grammar(schema)
    if trouble := _trouble(text):
        path = find_refused(schema, lambda part: bool(_trouble(_schema_grammar(part))))
        _refuse(trouble, param, f"; see {place(path)}")
    return text


def _schema_grammar(schema: Any) -> str:
    return json.dumps({"grammars": [{"json_schema": {**schema, "x-guidance": JSON_STYLE}}]})


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
    alternatives = " | ".join(json.dumps(text, ensure_ascii=False) for text in texts)
    return _compile_lark(_llguidance().LLMatcher.grammar_from_lark(f"start: {alternatives}"), param)


def _compile_grammar(source: str, param: str) -> str:
    if not 1 <= len(source.encode()) <= MAX_SCHEMA_BYTES:
        raise SchemaTooComplex(f"{param} takes 1 to {MAX_SCHEMA_BYTES} bytes, got {len(source)}.", param=param)
    if "<[" in source:
        raise UnsupportedSchema(f"{param}: tokens by their numbers are not taken; write their text.", param=param)
    try:
        return _compile_lark(_llguidance().grammar_from("grammar", source), param)
    except ValueError as error:
        raise UnsupportedSchema(f"{param}: {_first_line(str(error))}.", param=param) from error


def _compile_tools(asked: Any, param: str) -> str:
    """Calls as Llama 3.1 writes them, whose arguments match their schemas; or else the content, if there may be any."""
    calls = asked["calls"]
    rules = [f"call{index}: {_call_rule(call, f'{param}[{index}]')}" for index, call in enumerate(calls)]
    some = " | ".join(f"call{index}" for index in range(len(calls)))
    answer = 'call ("; " call)*' if asked["parallel"] else "call"
    content = asked["content"]
    if content == "text":
        rules.append(r"content: /([^\s{\[](?s:.)*)?/")
    elif content is not None:
        schema = read_schema(json.dumps(content, ensure_ascii=False), "response_format")
        rules.append(f"content: %json {json.dumps({**schema, 'x-guidance': JSON_STYLE})}")
    start = f"start: {answer}" if content is None else f"start: {answer} | content"
    return _compile_lark(_llguidance().LLMatcher.grammar_from_lark("\n".join([start, f"call: {some}", *rules])), param)


def _call_rule(call: Any, param: str) -> str:
    schema = read_schema(json.dumps(call["schema"], ensure_ascii=False), f"{param}.function.parameters")
    head = json.dumps(f'{{"name": {json.dumps(call["name"])}, "parameters": ')
    return f'{head} %json {json.dumps({**schema, "x-guidance": JSON_STYLE})} "}}"'


def _compile_lark(text: str, param: str) -> str:
    if trouble := _trouble(text):
        _refuse(trouble, param, "")
    return text


def _refuse(trouble: str, param: str, where: str) -> None:
    kind = SchemaTooComplex if any(word in trouble for word in TOO_COMPLEX) else UnsupportedSchema
    raise kind(f"{param}: {trouble}{where}.", param=param)


def _trouble(text: str) -> str:
    """What is wrong with a grammar; nothing when a text may begin."""
    llguidance = _llguidance()
    vocabulary = llguidance.LLTokenizer(ByteVocabulary(), slices=[])
    matcher = llguidance.LLMatcher(vocabulary, text, limits=limits(), log_level=0)
    if not matcher.is_error():
        matcher.compute_bitmask()
    if matcher.is_stopped() and not matcher.is_accepting():
        return "nothing matches it" if "NoExtension" in matcher.get_error() else _first_line(matcher.get_error())
    return ""


def _first_line(message: str) -> str:
    """What llguidance says, without the part of the grammar that it shows under it."""
    return " ".join(line.strip() for line in message.splitlines() if not re.match(r"\s*(\d+ \||\||\^|<)", line))[:300]


def _llguidance() -> Any:
    import llguidance  # see `limits`

    return llguidance
