"""Log-probabilities as OpenAI-shaped dialects send them: chat's shape, and the older one of completions."""

from collections.abc import Callable, Iterable

from tampu.dialects.kinds import JSON
from tampu.request import TokenLogprob

Name = Callable[[TokenLogprob], str]  # what a token is called in an answer

LOWEST_LOGPROB = -9999.0  # OpenAI's "very unlikely"; JSON has no infinity


def text_name(token: TokenLogprob) -> str:
    """A token's text; a control token has a name."""
    return token.text if token.data else control_name(token)


def chat_logprobs(tokens: Iterable[TokenLogprob], name: Name = text_name) -> JSON:
    """Chat's shape: a list of tokens with their bytes and their likeliest alternatives."""
    content = [
        {**_chat_token(token, name), "top_logprobs": [_chat_token(alternative, name) for alternative in token.top]}
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def response_logprobs(tokens: Iterable[TokenLogprob]) -> list[dict[str, JSON]]:
    """The shape of the Responses API: chat's tokens, with empty bytes where chat has null."""
    return [
        {**_response_token(token), "top_logprobs": [_response_token(alternative) for alternative in token.top]}
        for token in tokens
    ]


def _response_token(token: TokenLogprob) -> dict[str, JSON]:
    return {**_chat_token(token, text_name), "bytes": list(token.data)}


def _chat_token(token: TokenLogprob, name: Name) -> dict[str, JSON]:
    return {"token": name(token), "logprob": _finite(token.logprob), "bytes": list(token.data) or None}


def control_name(token: TokenLogprob) -> str:
    """A token by its id: what a control token is called, which has no text of its own."""
    return f"token_id:{token.token_id}"


def prompt_logprobs(tokens: Iterable[TokenLogprob]) -> list[JSON]:
    """vLLM's shape: for each token of a prompt an object of ids, the chosen one first; null for the first token.

    The rank of a chosen token that is not among the likeliest reported is null.
    """
    return [None if token.logprob is None else _by_id(token) for token in tokens]


def _by_id(token: TokenLogprob) -> dict[str, JSON]:
    ranks = {other.token_id: rank for rank, other in enumerate(token.top, start=1)}
    return {
        str(other.token_id): {
            "logprob": _finite(other.logprob),
            "rank": ranks.get(other.token_id),
            "decoded_token": other.text,
        }
        for other in (token, *token.top)
    }


def text_logprobs(tokens: Iterable[TokenLogprob], offset: int = 0, call: Name | None = None) -> tuple[JSON, int]:
    """The legacy shape of completions, offsets counted in characters from `offset`; and the offset after it.

    The chosen token always stands among `top_logprobs`. The first token of a prompt has null in both lists.
    """
    wire: dict[str, list[JSON]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    call = call or legacy_name
    for token in tokens:
        name, logprob = call(token), token.logprob
        alternatives = {call(other): _finite(other.logprob) for other in token.top}
        wire["tokens"].append(name)
        wire["token_logprobs"].append(None if logprob is None else _finite(logprob))
        wire["top_logprobs"].append(None if logprob is None else {name: _finite(logprob), **alternatives})
        wire["text_offset"].append(offset)
        offset += sum(byte & 0xC0 != 0x80 for byte in token.data)  # bytes that begin a character
    return wire, offset


def legacy_name(token: TokenLogprob) -> str:
    """A token as a key: its text, or `bytes:\\xf0\\x9f` where it is part of a character, so that keys stay distinct."""
    try:
        return token.data.decode() if token.data else control_name(token)
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in token.data)


def _finite(logprob: float | None) -> float:
    return LOWEST_LOGPROB if logprob is None else max(logprob, LOWEST_LOGPROB)
