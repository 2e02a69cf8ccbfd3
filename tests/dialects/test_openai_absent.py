import pytest

from tampu.dialects.base import Policy
from tampu.dialects.openai import OpenAI
from tampu.dialects.openai_absent import why_absent
from tampu.errors import RouteNotFound


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/embeddings", "offers no embeddings"),
        ("/v1/responses/resp_1/cancel", "nothing to cancel"),
        ("/v1/responses/input_tokens", "counts tokens when it answers"),
        ("/v1/chat/completions/chatcmpl-1", "keeps no completions"),
        ("/v1/images/generations", "text only"),
        ("/v1/batches", "keeps no files"),
    ],
)
def test_the_absence_of_openais_other_routes_is_explained(path: str, reason: str) -> None:
    assert reason in why_absent(path)
    status, body = OpenAI.build(Policy()).render_error(RouteNotFound("Use /v1.", path=path), "req_1")
    assert (status, body["error"]["message"]) == (404, f"{why_absent(path)} Use /v1.")


@pytest.mark.parametrize("path", ["/v1/embedding", "/v1/embeddingsx", "/v2/embeddings", "/"])
def test_what_openai_has_not_either_needs_no_reason(path: str) -> None:
    assert why_absent(path) == ""
