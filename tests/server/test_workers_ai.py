"""Workers AI and Dataoorts over a socket: what their clients send, byte for byte, and what they get."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tampu.errors import EngineFailure, Overloaded
from tampu.settings import Secret, ServerSettings
from tests.fakes import FakeUpstream
from tests.server.live import Live, eventually, exchange, live

RUN = "/client/v4/accounts/0123456789abcdef0123456789abcdef/ai/run/"
V1 = "/client/v4/accounts/me/ai/v1"
HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "hello there"}]}
ANSWER = {
    "response": "Hello",
    "tool_calls": [],
    "usage": {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4},
    "finish_reason": "stop",
}
# The curl of the catalogue page, but for host, key and model.
CURL = """curl https://api.cloudflare.com/client/v4/accounts/$CLOUDFLARE_ACCOUNT_ID/ai/run/llama-3.1-8b-instruct \
-H "Authorization: Bearer $CLOUDFLARE_AUTH_TOKEN" \
-H "Content-Type: application/json" \
-d '{
"messages": [
{ "role": "system", "content": "You are a helpful assistant." },
{ "role": "user", "content": "Explain quantum entanglement in one sentence." }
]
}'"""


@pytest.fixture(scope="module")
def server() -> Iterator[Live]:
    with live(FakeUpstream()) as running:
        yield running


def events(text: str) -> list[str]:
    assert text.endswith("\n\n")
    return [event.removeprefix("data: ") for event in text[:-2].split("\n\n")]


@pytest.mark.parametrize(
    "model",
    ["cria", "@cf/tampu/cria", "@cf%2Ftampu%2Fcria", "%40cf%2Ftampu%2Fcria", "@cf/tampu/cria/", "@cf//tampu/cria"],
)
def test_the_name_of_a_model_comes_with_slashes_of_either_kind(server: Live, model: str) -> None:
    path = (RUN + model).encode()
    body = json.dumps(HELLO).encode()
    head = b"POST %b HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % (path, len(body))
    status, answer = exchange(server.port, head + body)
    assert status.startswith(b"HTTP/1.1 200"), answer
    assert json.loads(answer) == {"result": ANSWER, "success": True, "errors": [], "messages": []}


@pytest.mark.parametrize(
    "media", ["application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "nonsense", ""]
)
def test_a_body_is_json_whatever_its_header_says(server: Live, media: str) -> None:
    headers = {"content-type": media} if media else {}
    for path, body in [(RUN + "cria", HELLO), ("/api/v1", {"model": "cria", "data": HELLO})]:
        answer = httpx2.post(server.url + path, content=json.dumps(body), headers=headers)
        assert (answer.status_code, answer.json()["result"]["response"]) == (200, "Hello")


def test_query_options_that_are_not_known_come_and_go(server: Live) -> None:
    answer = httpx2.post(f"{server.url}{RUN}cria?tags=a,b&returnRawResponse=true&x=y", json=HELLO)
    assert answer.json()["result"] == ANSWER


def test_an_answer_has_the_ids_and_the_neurons_in_its_head(server: Live) -> None:
    whole = httpx2.post(server.url + RUN + "cria", json=HELLO)
    assert whole.headers["cf-ai-req-id"] == whole.headers["x-request-id"]
    assert len(whole.headers["cf-ai-req-id"]) == 36
    # cria costs 0.01 and 0.02 dollars a million: 2 * 10,000 + 2 * 20,000 pico-dollars, 11,000,000 to the neuron.
    assert whole.headers["cf-ai-neurons"] == "0.005455"
    streamed = httpx2.post(server.url + RUN + "cria", json={**HELLO, "stream": True})
    assert streamed.headers["cf-ai-neurons"] == "0.001818"
    missing = httpx2.get(f"{server.url}/client/v4/user")
    listing = httpx2.get(f"{server.url}{V1}/models")
    for answer in (missing, listing):
        assert (len(answer.headers["cf-ai-req-id"]), answer.headers["cf-ai-neurons"]) == (36, "0")


def test_a_stream_ends_with_its_usage_and_the_mark(server: Live) -> None:
    answer = httpx2.post(server.url + RUN + "cria", json={**HELLO, "stream": True, "seed": 7})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    pieces = events(answer.text)
    assert [json.loads(piece)["response"] for piece in pieces[:-1]] == ["Hel", "lo", ""]
    closing = {"response": "", "usage": ANSWER["usage"], "finish_reason": "stop"}
    assert (json.loads(pieces[-2]), pieces[-1]) == (closing, "[DONE]")
    again = httpx2.post(server.url + RUN + "cria", json={**HELLO, "stream": True, "seed": 7})
    assert again.text == answer.text


def test_a_shape_of_calls_that_there_is_not_is_refused(server: Live) -> None:
    body = {**HELLO, "options": {"toolCalls": "xml"}}
    answer = httpx2.post(server.url + RUN + "cria", json=body)
    assert "enum xml not in flat,openai at '/options/toolCalls'" in answer.json()["errors"][0]["message"]


def test_the_neurons_come_in_the_usage_where_they_are_asked_for(server: Live) -> None:
    body = {**HELLO, "options": {"neurons": True}}
    usage = httpx2.post(server.url + RUN + "cria", json=body).json()["result"]["usage"]
    assert usage["neurons"] == 0.005455


def test_openais_urls_answer_with_its_bare_objects(server: Live) -> None:
    body = {**HELLO, "model": "@cf/tampu/cria"}
    whole = httpx2.post(f"{server.url}{V1}/chat/completions", json=body)
    answer = whole.json()
    assert (answer["object"], answer["model"]) == ("chat.completion", "@cf/tampu/cria")
    assert answer["choices"][0]["message"]["content"] == "Hello"
    assert whole.headers["cf-ai-neurons"] == "0.005455"
    text = httpx2.post(f"{server.url}{V1}/completions", json={"model": "cria", "prompt": "a b"}).json()
    assert (text["object"], text["choices"][0]["text"]) == ("text_completion", "Hello")
    response = httpx2.post(f"{server.url}{V1}/responses", json={"model": "cria", "input": "a b"})
    assert (response.json()["object"], response.json()["status"]) == ("response", "completed")
    assert response.headers["cf-ai-neurons"] == "0.005455"
    streamed = httpx2.post(f"{server.url}{V1}/chat/completions", json={**body, "stream": True})
    first, *_, last, mark = events(streamed.text)
    assert json.loads(first)["choices"] == [{"index": 0, "delta": {"role": "assistant", "content": ""}}]
    closing = json.loads(last)
    assert (closing["choices"][0], mark) == ({"index": 0, "delta": {}, "finish_reason": "stop"}, "[DONE]")
    assert closing["usage"] == ANSWER["usage"]


def test_models_are_listed_at_openais_url(server: Live) -> None:
    listing = httpx2.get(f"{server.url}{V1}/models").json()
    assert (listing["object"], [row["id"] for row in listing["data"]]) == ("list", ["@cf/tampu/cria"])
    assert httpx2.get(f"{server.url}{V1}/models/@cf%2Ftampu%2Fcria").json()["id"] == "@cf/tampu/cria"
    missing = httpx2.get(f"{server.url}{V1}/models/@cf/a/b")
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (400, 5007)


def test_the_openai_package_works_at_its_urls_and_hears_errors_in_words(server: Live) -> None:
    client = openai.OpenAI(base_url=server.url + V1, api_key="none", max_retries=0)
    assert [model.id for model in client.models.list()] == ["@cf/tampu/cria"]
    messages = HELLO["messages"]
    answer = client.chat.completions.create(model="@cf/tampu/cria", messages=messages)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("Hello", "stop")
    with client.chat.completions.stream(model="@cf/tampu/cria", messages=messages) as stream:
        final = stream.get_final_completion()
    assert (final.choices[0].message.content, final.choices[0].finish_reason) == ("Hello", "stop")
    assert final.usage is not None and final.usage.total_tokens == 4
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="@cf/a/b", messages=messages)
    assert "AiError: AiError: No such model @cf/a/b or task" in caught.value.message


FAILURES: list[tuple[str, str, bytes, int, int]] = [
    ("POST", RUN + "cria", b"", 400, 3003),
    ("POST", RUN + "cria", b"{", 400, 3003),
    ("POST", RUN + "cria", b"[]", 400, 5006),
    ("POST", RUN + "cria", b"{}", 400, 5006),
    ("POST", RUN + "cria", b'{"prompt": "a", "max_tokens": 512}', 413, 5021),
    ("POST", RUN + "cria", b'{"prompt": "a", "lora": "poet"}', 405, 5005),
    ("POST", RUN + "@cf/meta/llama-9", b'{"prompt": "a"}', 400, 5007),
    ("POST", RUN + "llama-9", b'{"prompt": "a"}', 400, 7000),
    ("POST", "/client/v4/accounts/me/ai/walk", b"{}", 404, 7003),
    ("GET", RUN + "cria", b"", 405, 7001),
    ("POST", RUN + "cria", b'{"prompt": "%b"}' % (b"a" * 4_000_000), 413, 3006),
    ("POST", "/api/v1", b'{"model": "x", "data": {"prompt": "a"}}', 400, 5007),
    ("PUT", "/api/v1", b"", 405, 7001),
    ("POST", f"{V1}/chat/completions", b"{}", 400, 5006),
    ("POST", f"{V1}/embeddings", b"{}", 404, 7003),
    ("GET", f"{V1}/chat/completions", b"", 405, 7001),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "number"), FAILURES)
def test_failures_have_their_status_and_number(
    server: Live, method: str, path: str, body: bytes, status: int, number: int
) -> None:
    answer = httpx2.request(method, server.url + path, content=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, number)
    assert answer.json()["success"] is False
    if number not in (7000, 7001, 7003):
        assert answer.headers["cf-ai-req-id"] in answer.json()["errors"][0]["message"]


def test_the_context_sentence_is_the_one_that_clients_look_for(server: Live) -> None:
    answer = httpx2.post(server.url + RUN + "cria", json={"prompt": "a b", "max_tokens": 511})
    sentence = (
        "The estimated number of input and maximum output tokens (513) exceeded this model context window limit (512)"
    )
    assert answer.json()["errors"][0]["message"] == f"AiError: AiError: {sentence} ({answer.headers['cf-ai-req-id']})"


def test_a_wrong_key_is_an_error_of_the_edge() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("k"))) as server:
        for path in (RUN + "cria", "/api/v1"):
            answer = httpx2.post(server.url + path, json={**HELLO, "model": "cria"}, headers={"x-auth-key": "no"})
            assert (answer.status_code, answer.json()["result"]) == (401, None)
            assert answer.json()["errors"] == [{"code": 10000, "message": "Authentication error"}]
        by_key = {"x-auth-email": "a@b.example", "x-auth-key": "k"}
        assert httpx2.post(server.url + RUN + "cria", json=HELLO, headers=by_key).status_code == 200


def test_an_account_may_be_the_only_one() -> None:
    with live(FakeUpstream(), ServerSettings(account="me")) as server:
        answers = [
            httpx2.post(f"{server.url}/client/v4/accounts/{account}/ai/run/cria", json=HELLO)
            for account in ("me", "you")
        ]
        assert httpx2.get(f"{server.url}/client/v4/accounts/you/ai/v1/models").status_code == 404
    assert [answer.status_code for answer in answers] == [200, 404]
    assert [error["code"] for error in answers[1].json()["errors"]] == [7003, 7000]


def test_an_engine_without_room_is_out_of_capacity_and_says_when_to_come_back() -> None:
    with live(FakeUpstream(Overloaded("full", retry_after=3))) as server:
        for body in (HELLO, {**HELLO, "stream": True}):
            answer = httpx2.post(server.url + RUN + "cria", json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
            assert "Capacity temporarily exceeded, please try again." in answer.json()["errors"][0]["message"]


def test_a_stream_that_breaks_ends_with_the_error_and_without_the_mark() -> None:
    with live(FakeUpstream("Hel", EngineFailure("It broke."))) as server:
        answer = httpx2.post(server.url + RUN + "cria", json={**HELLO, "stream": True})
    *_, last = events(answer.text)
    broken = json.loads(last)
    assert (list(broken), broken["errors"][0]["code"], broken["success"]) == (["errors", "success"], 500, False)
    assert answer.headers["cf-ai-req-id"] in broken["errors"][0]["message"]


def test_json_that_max_tokens_cuts_is_no_answer_but_a_stream_of_it_is() -> None:
    with live(FakeUpstream('{"a": ', "1}")) as server:
        body = {**HELLO, "response_format": {"type": "json_object"}}
        assert httpx2.post(server.url + RUN + "cria", json=body).json()["result"]["response"] == {"a": 1}
        cut = httpx2.post(server.url + RUN + "cria", json={**body, "max_tokens": 1})
        assert (cut.status_code, cut.json()["errors"][0]["code"]) == (400, 5098)
        streamed = httpx2.post(server.url + RUN + "cria", json={**body, "max_tokens": 1, "stream": True})
        assert json.loads(events(streamed.text)[-2])["finish_reason"] == "length"


def test_a_client_that_leaves_a_stream_ends_its_generation() -> None:
    upstream = FakeUpstream(*["word "] * 200, delay=0.02)
    with live(upstream) as server:
        for path, body in [
            (RUN + "cria", {**HELLO, "stream": True}),
            ("/api/v1", {"model": "cria", "data": {**HELLO, "stream": True}}),
        ]:
            with httpx2.stream("POST", server.url + path, json=body) as answer:
                next(answer.iter_lines())
        assert eventually(lambda: upstream.num_aborted == 2 and upstream.num_open == 0)


def test_the_curl_of_the_catalogue_page_works_but_for_host_key_and_model() -> None:
    with live(FakeUpstream(), ServerSettings(api_key=Secret("key"), alias="llama-3.1-8b-instruct")) as server:
        command = CURL.replace("https://api.cloudflare.com", server.url).replace("$CLOUDFLARE_AUTH_TOKEN", "key")
        _, url, _, authorization, _, media, _, body = shlex.split(command)
        headers = dict(header.split(": ") for header in (authorization, media))
        answer = httpx2.post(url, content=body, headers=headers)
    assert answer.json()["result"]["response"] == "Hello"


def test_the_script_of_dataoorts_works_but_for_the_url(server: Live) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer $Dataoorts_Serverless_API_KEY"}
    payload = {
        "model": "cria",
        "data": {
            "messages": [
                {"role": "system", "content": "You are an expert deep learning engineer"},
                {"role": "user", "content": "What is Deep Learning"},
            ],
            "temperature": 0.1,
            "top_p": 0.9,
            "top_k": 40,
            "max_tokens": 400,
        },
    }
    for slash in ("", "/"):
        answer = httpx2.post(f"{server.url}/api/v1{slash}", headers=headers, content=json.dumps(payload))
        usage = {"completion_tokens": 2, "prompt_tokens": 11, "total_tokens": 13}
        result = {"finish_reason": "stop", "response": "Hello", "usage": usage}
        assert answer.text == json.dumps(
            {"errors": [], "messages": [], "result": result, "success": True}, separators=(",", ":")
        )
    assert httpx2.get(f"{server.url}/api/v1").json() == {"status": "All Services Operational"}


def test_a_stream_at_dataoorts_is_that_of_workers_ai(server: Live) -> None:
    data = {**HELLO, "stream": True, "seed": 7}
    there = httpx2.post(f"{server.url}/api/v1", json={"model": "cria", "data": data})
    assert there.text == httpx2.post(server.url + RUN + "cria", json=data).text


def test_where_we_are_strict_a_flat_body_is_refused_at_dataoorts() -> None:
    with live(FakeUpstream(), ServerSettings(strict=True)) as server:
        answer = httpx2.post(f"{server.url}/api/v1", json={"model": "cria", **HELLO})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 5006)
