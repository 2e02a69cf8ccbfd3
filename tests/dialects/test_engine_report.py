"""What answers tell of their tokens as vLLM does: ids, names by id, log-probabilities of the prompt, running usage."""

import json
from typing import Any

from tampu.request import Chunk, Completion, Opening, TokenLogprob, Usage
from tests.dialects.examples import parse

PROMPT = (TokenLogprob(1, b"a", None), TokenLogprob(2, b"b", -0.5, (TokenLogprob(3, b"c", -0.1),)))
CHUNKS = [
    Chunk(0, "x", (7,), (TokenLogprob(7, b"x", -1.0),), opening=Opening(5, "f", 2, 0, "", PROMPT, (1, 2))),
    Chunk(0, "", (8,), (TokenLogprob(8, b"\xf0", -2.0, (TokenLogprob(9, b"y", -2.5),)),)),
    Chunk(0, finish_reason="length", usage=Usage(2, 2, 0)),
]


def whole(operation: str, **changes: Any) -> Any:
    """The answer to a small body with these changes."""
    return json.loads(json.dumps(parse(operation, **changes).answer.render([Completion.fold(CHUNKS)])))


def events(operation: str, **changes: Any) -> list[Any]:
    """The objects of a stream, without its end mark."""
    answer = parse(operation, stream=True, **changes).answer
    pieces = [event for chunk in CHUNKS for event in answer.render_chunk(0, chunk)] + list(answer.render_end())
    return [json.loads(event.removeprefix(b"data: ")) for event in pieces if b"[DONE]" not in event]


def test_a_chat_gives_the_ids_of_prompt_and_choices() -> None:
    answer = whole("chat", return_token_ids=True)
    assert (answer["prompt_token_ids"], answer["choices"][0]["token_ids"]) == ([1, 2], [7, 8])
    assert "token_ids" not in whole("chat")["choices"][0] and "prompt_token_ids" not in whole("chat")


def test_a_streamed_chat_gives_every_id_once_those_of_the_prompt_first() -> None:
    stream = events("chat", return_token_ids=True)
    assert [event.get("prompt_token_ids") for event in stream] == [[1, 2]] + [None] * (len(stream) - 1)
    told = [token_id for event in stream for choice in event["choices"] for token_id in choice.get("token_ids", [])]
    assert told == [7, 8]


def test_a_completion_gives_the_ids_with_each_choice() -> None:
    (choice,) = whole("completions", return_token_ids=True)["choices"]
    assert (choice["prompt_token_ids"], choice["token_ids"]) == ([1, 2], [7, 8])
    choices = [choice for event in events("completions", return_token_ids=True) for choice in event["choices"]]
    assert [choice["prompt_token_ids"] for choice in choices if "prompt_token_ids" in choice] == [[1, 2]]
    assert [token_id for choice in choices for token_id in choice.get("token_ids", [])] == [7, 8]


def test_log_probabilities_of_the_prompt_are_by_id_with_ranks() -> None:
    expected = [
        None,
        {
            "2": {"logprob": -0.5, "rank": None, "decoded_token": "b"},
            "3": {"logprob": -0.1, "rank": 1, "decoded_token": "c"},
        },
    ]
    assert whole("chat", prompt_logprobs=1)["prompt_logprobs"] == expected
    (choice,) = whole("completions", prompt_logprobs=1, logprobs=0)["choices"]
    assert (choice["prompt_logprobs"], choice["logprobs"]["tokens"]) == (expected, ["x", "bytes:\\xf0"])


def test_tokens_may_be_named_by_id() -> None:
    chat = whole("chat", logprobs=True, return_tokens_as_token_ids=True)["choices"][0]["logprobs"]["content"]
    assert [token["token"] for token in chat] == ["token_id:7", "token_id:8"]
    assert chat[1]["top_logprobs"][0]["token"] == "token_id:9"
    text = whole("completions", logprobs=1, return_tokens_as_token_ids=True)["choices"][0]["logprobs"]
    assert text["tokens"] == ["token_id:7", "token_id:8"]
    assert text["top_logprobs"][1] == {"token_id:8": -2.0, "token_id:9": -2.5}


def test_every_chunk_of_a_stream_may_have_the_usage_so_far() -> None:
    stream = events("chat", stream_options={"include_usage": True, "continuous_usage_stats": True})
    assert [event["usage"]["completion_tokens"] for event in stream if event["choices"]][:2] == [1, 1]
    assert all(event["usage"]["prompt_tokens"] == 2 for event in stream)
    assert stream[-1]["choices"] == [] and stream[-1]["usage"]["completion_tokens"] == 2
