from typing import Any

from tampu.engine.card import ModelCard
from tampu.engine.open_request import OpenRequest
from tampu.engine.output import Logprobs, StepOutput
from tampu.engine.prepare import Preparer
from tampu.errors import EngineFailure, ServiceError
from tampu.request import Chunk, GenerateRequest, SamplingParams
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import tokenizer_json

TOKENIZER = Tokenizer.from_json(tokenizer_json())
CARD = ModelCard("tiny", 2048, 512, "f32", "f32", "fp", (257,), 64, 32, "reference", 1, "tiny.tampu")


def opened(**sampling: Any) -> OpenRequest:
    params = SamplingParams(**{"seed": 5, "max_tokens": 9} | sampling)
    prepared = Preparer(TOKENIZER, CARD).prepare(GenerateRequest("r", "tiny", "Hi", params))
    return OpenRequest(prepared, 10, "fp", TOKENIZER)


def token(sequence_id: int, token_id: int, num_generated: int = 1, **values: Any) -> StepOutput:
    return StepOutput(sequence_id, (token_id,), num_generated=num_generated, **values)


def texts(request: OpenRequest) -> list[str]:
    return [news.text if isinstance(news, Chunk) else str(news) for news in request.take()]


def test_chunks_are_taken_once() -> None:
    request = opened()
    assert not request.has_news
    request.push(token(10, 97))
    request.push(token(10, 98, 2))
    assert request.has_news and texts(request) == ["a", "b"]
    assert not request.has_news and texts(request) == []


def test_a_sequence_goes_on_after_the_tokens_recorded_so_far() -> None:
    request = opened(n=2)
    fresh = list(request.open_specs())
    request.push(token(10, 97))
    request.push(token(10, 98, 2))
    request.push(token(11, 99))
    assert [spec.output_token_ids for spec in fresh] == [(), ()]
    assert [spec.output_token_ids for spec in request.open_specs()] == [(97, 98), (99,)]
    assert [spec.resumed(()) for spec in request.open_specs()] == fresh


def test_a_choice_that_has_ended_is_not_resumed() -> None:
    request = opened(n=2)
    request.push(token(10, 97, finish_reason="length"))
    assert not request.finished and request.open_ids() == [11]
    assert [spec.id for spec in request.open_specs()] == [11]
    request.push(token(11, 97, finish_reason="length"))
    assert request.finished and request.open_ids() == []


def test_the_prompt_is_scored_again_only_if_its_scores_were_not_delivered() -> None:
    request = opened(prompt_logprobs=0, logprobs=0)
    assert [spec.sampling.prompt_logprobs for spec in request.open_specs()] == [0]
    scores = tuple(Logprobs(token_id, None) for token_id in (256, 72, 105))
    request.push(token(10, 97, prompt_logprobs=scores, logprobs=(Logprobs(97, -1.0),)))
    assert [spec.sampling.prompt_logprobs for spec in request.open_specs()] == [None]


def test_a_stop_string_asks_for_the_sequence_to_be_aborted_once() -> None:
    request = opened(stop=("b",))
    assert [request.push(token(10, token_id, 1)) for token_id in b"abc"] == [False, True, False]
    assert request.finished


def test_a_sequence_that_failed_ends_the_request_after_what_it_had() -> None:
    request = opened(n=2)
    request.push(token(10, 97))
    request.push(StepOutput(11, error="NaN in the logits."))
    request.push(token(10, 98, 2))
    assert request.finished and isinstance(request.error, EngineFailure)
    assert texts(request) == ["a", "NaN in the logits."]
    assert request.open_ids() == [10, 11]


def test_an_error_from_outside_ends_it_too() -> None:
    request = opened()
    request.fail(ServiceError("Enough."))
    assert request.finished and texts(request) == ["Enough."]
