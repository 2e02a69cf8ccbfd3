"""Log-probabilities as OpenAI-shaped dialects send them: chat's shape, and the older one of completions."""

from collections.abc import Iterable

from tampu.dialects.kinds import JSON
from tampu.request import TokenLogprob

LOWEST_LOGPROB = -9999.0  # OpenAI's "very unlikely"; JSON has no infinity


def chat_logprobs(tokens: Iterable[TokenLogprob]) -> JSON:
    """Chat's shape: a list of tokens with their bytes and their likeliest alternatives."""
    content = [
        {**_chat_token(token), "top_logprobs": [_chat_token(alternative) for alternative in token.top]}
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
    return {**_chat_token(token), "bytes": list(token.data)}


def _chat_token(token: TokenLogprob) -> dict[str, JSON]:
    text, data = (token.text, list(token.data)) if token.data else (control_name(token), None)
    return {"token": text, "logprob": _finite(token.logprob), "bytes": data}


def control_name(token: TokenLogprob) -> str:
    """What a control token is called, which has no text of its own."""
    return f"token_id:{token.token_id}"


def text_logprobs(tokens: Iterable[TokenLogprob], offset: int = 0) -> tuple[JSON, int]:
    """The legacy shape of completions, offsets counted in characters from `offset`; and the offset after it.

    The chosen token always stands among `top_logprobs`. The first token of a prompt has null in both lists.
    """
    wire: dict[str, list[JSON]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        name, logprob = legacy_name(token), token.logprob
        alternatives = {legacy_name(other): _finite(other.logprob) for other in token.top}
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
