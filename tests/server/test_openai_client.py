"""The real `openai` package against a real server."""

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from tampu.errors import EngineFailure, Overloaded
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import Live, live

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "hello"}]


def client_of(server: Live, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


@pytest.fixture
def client() -> Iterator[OpenAI]:
    with live(FakeUpstream("Hel", "lo")) as server, client_of(server) as connected:
        yield connected


def test_a_chat_answers_with_every_part(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="cria",
        messages=[
            {"role": "developer", "content": "be kind"},
            {"role": "user", "content": [{"type": "text", "text": "hello"}]},
        ],
        temperature=0.5, top_p=0.9, seed=7, n=2, stop=["\n"], max_completion_tokens=8, presence_penalty=0.1,
        frequency_penalty=0.1, logit_bias={"5": -1}, logprobs=True, top_logprobs=2, user="ann",
        extra_body={"top_k": 40, "min_p": 0.05, "repetition_penalty": 1.1, "stop_token_ids": [3]},
    )  # fmt: skip
    assert [choice.message.content for choice in answer.choices] == ["Hello", "Hello"]
    assert [choice.finish_reason for choice in answer.choices] == ["stop", "stop"]
    assert answer.usage is not None and answer.usage.total_tokens == 7
    assert answer.usage.prompt_tokens_details is not None and answer.usage.prompt_tokens_details.cached_tokens == 0
    assert (answer.model, answer.system_fingerprint, answer.model_extra) == ("cria", "fp_fake", {"seed": 7})
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None and logprobs.content is not None
    assert [token.token for token in logprobs.content] == ["Hel", "lo"]
    assert len(logprobs.content[0].top_logprobs) == 2
    assert answer._request_id is not None and answer._request_id.startswith("req_")


def test_a_chat_streams(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="cria", messages=HELLO, n=2, stream=True, stream_options={"include_usage": True}
        )
    )  # fmt: skip
    texts = ["", ""]
    for chunk in chunks[:-1]:
        (choice,) = chunk.choices
        texts[choice.index] += choice.delta.content or ""
    assert texts == ["Hello", "Hello"]
    assert [chunk.choices[0].finish_reason for chunk in chunks[-3:-1]] == ["stop", "stop"]
    assert chunks[-1].choices == [] and chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 4
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_the_stream_helper_folds_to_the_whole_answer(client: OpenAI) -> None:
    with client.chat.completions.stream(model="cria", messages=HELLO, logprobs=True) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "Hello"
    assert final.choices[0].logprobs is not None and len(final.choices[0].logprobs.content or []) == 2


def test_completions_take_several_prompts_with_echo_and_logprobs(client: OpenAI) -> None:
    answer = client.completions.create(model="cria", prompt=["a b", "c"], echo=True, logprobs=1, n=2, max_tokens=1)
    assert [choice.text for choice in answer.choices] == ["a bHel", "a bHel", "cHel", "cHel"]
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None and logprobs.tokens == ["a", "b", "Hel"]
    assert logprobs.token_logprobs is not None and logprobs.token_logprobs[0] is None
    assert logprobs.text_offset == [0, 1, 2]
    assert {choice.finish_reason for choice in answer.choices} == {"length"}


def test_completions_stream(client: OpenAI) -> None:
    chunks = client.completions.create(model="cria", prompt=[5, 6], stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Hello"


def test_models_are_listed_and_retrieved(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["cria"]
    assert client.models.retrieve("cria").owned_by == "tampu"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("meta-llama/Llama-3.1-8B-Instruct")


def test_the_raw_answer_has_the_headers(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="cria", messages=HELLO)
    assert raw.headers["x-request-id"] == raw.request_id
    assert int(raw.headers["openai-processing-ms"]) >= 0


def test_errors_become_the_packages_own(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="cria", messages=HELLO, temperature=3)
    assert (caught.value.param, caught.value.code) == ("temperature", "decimal_above_max_value")
    assert caught.value.request_id is not None
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="cria", messages=HELLO, function_call="auto")
    assert caught.value.code == "unsupported_parameter"
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="crya", messages=HELLO)
    assert missing.value.code == "model_not_found" and "cria" in missing.value.message


def test_what_is_not_offered_says_so(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=r"no embeddings.*base URL is .*/v1"):
        client.embeddings.create(model="cria", input="a")
    with pytest.raises(openai.NotFoundError, match="nothing to cancel"):
        client.responses.cancel("resp_1")
    with pytest.raises(openai.NotFoundError, match="keeps no completions"):
        client.chat.completions.retrieve("chatcmpl-1")


def test_a_wrong_key_is_an_authentication_error() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("llama-key"))) as server:
        with pytest.raises(openai.AuthenticationError):
            client_of(server, "other").models.list()
        assert [model.id for model in client_of(server, "llama-key").models.list()] == ["cria"]


def test_a_full_queue_is_an_internal_server_error_that_may_be_retried() -> None:
    with live(FakeUpstream(Overloaded("full", retry_after=1))) as server:
        with pytest.raises(openai.InternalServerError) as caught:
            client_of(server).chat.completions.create(model="cria", messages=HELLO)
        assert caught.value.status_code == 503
        assert caught.value.response.headers["retry-after"] == "1"


def test_a_stream_that_breaks_raises_after_its_text() -> None:
    with live(FakeUpstream("Hel", EngineFailure("broken"), delay=0.01)) as server:
        stream = client_of(server).chat.completions.create(model="cria", messages=HELLO, stream=True)
        chunks = iter(stream)
        pieces = [next(chunks), next(chunks)]
        with pytest.raises(openai.APIError, match="broken"):
            next(chunks)
    assert [piece.choices[0].delta.content for piece in pieces] == ["", "Hel"]


def test_a_strict_server_is_as_strict_as_openai() -> None:
    with live(FakeUpstream(), ServerSettings(strict=True)) as server:
        client = client_of(server)
        assert client.chat.completions.create(model="cria", messages=HELLO, user="ann").choices
        with pytest.raises(openai.BadRequestError, match="Unrecognized request arguments supplied: top_k, min_p"):
            client.chat.completions.create(model="cria", messages=HELLO, extra_body={"top_k": 1, "min_p": 0.5})
        with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'top_k'") as caught:
            client.responses.create(model="cria", input="hello", extra_body={"top_k": 1})
    assert (caught.value.param, caught.value.code) == ("top_k", "unknown_parameter")
