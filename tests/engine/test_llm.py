import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tampu import LLM
from tampu.errors import (
    BadSetting,
    ContextTooLong,
    InvalidAdapter,
    InvalidPrompt,
    InvalidRequest,
    ModelMissing,
    NotReady,
    ServiceError,
)
from tampu.request import Chunk, Completion, GenerateRequest, Message, SamplingParams
from tampu.settings import Paths
from tests.adapters import adapter_weights, merged, write_adapter
from tests.checkpoints import random_checkpoint, random_weights, tiny_config, write_checkpoint


def paths_under(root: Path) -> Paths:
    return Paths(*(root / name for name in ("config", "data", "state", "cache")))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny")


def open_llm(checkpoint: Path, **settings: Any) -> LLM:
    small: dict[str, Any] = {"quant": "f32", "threads": 1, "num_blocks": 64}
    return LLM(str(checkpoint), paths=paths_under(checkpoint.parent), **(small | settings))


@pytest.fixture(scope="module")
def llm(checkpoint: Path) -> Iterator[LLM]:
    with open_llm(checkpoint) as llm:
        yield llm


def texts(stream: Iterator[tuple[str, Chunk | ServiceError]]) -> dict[str, str]:
    """The text per request id, or the name of its error."""
    found: dict[str, str] = {}
    for request_id, news in stream:
        piece = news.text if isinstance(news, Chunk) else type(news).__name__
        found[request_id] = found.get(request_id, "") + piece
    return found


def ask(name: str, prompt: str = "Hi", **sampling: Any) -> GenerateRequest:
    return GenerateRequest(name, "tiny", prompt, SamplingParams(**{"seed": 7, "max_tokens": 8} | sampling))


def test_the_card_says_what_was_loaded(llm: LLM) -> None:
    card = llm.card
    assert (card.id, card.kind, card.kv_dtype, card.context) == ("tiny", "f32", "f32", 2048)
    assert (card.num_blocks, card.block_size, card.threads, card.vocab_size) == (64, 32, 1, 512)


def test_an_answer_reads_as_its_text(llm: LLM) -> None:
    answer = llm.chat("Hello", seed=1, max_tokens=12)
    assert answer.text and str(answer) == answer.text == answer.texts[0]
    assert (answer.finish_reason, answer.usage.completion_tokens) == ("length", 12)


def test_a_stream_has_the_text_of_the_whole_answer_in_pieces(llm: LLM) -> None:
    whole = llm.chat("Hello", seed=1, max_tokens=12)
    pieces = list(llm.chat("Hello", stream=True, seed=1, max_tokens=12))
    assert len(pieces) > 1 and "".join(pieces) == whole.text


def test_what_is_left_out_is_as_the_makers_recommend(llm: LLM) -> None:
    assert llm.card.recommended == {"temperature": 0.6, "top_p": 0.9}
    silent = llm.chat("Hi", seed=1, max_tokens=9)
    assert silent.text == llm.chat("Hi", seed=1, max_tokens=9, temperature=0.6, top_p=0.9).text
    assert silent.text != llm.chat("Hi", seed=1, max_tokens=9, temperature=5.0).text


def test_a_string_a_dict_and_a_message_say_the_same(llm: LLM) -> None:
    spellings: list[Any] = ["Hello", [{"role": "user", "content": "Hello"}], [Message("user", "Hello")]]
    assert len({llm.chat(messages, seed=1, max_tokens=6).text for messages in spellings}) == 1


def test_a_completion_goes_on_from_raw_text_or_ids(llm: LLM) -> None:
    text = llm.complete("ab", seed=1, max_tokens=6).text
    assert text == llm.complete([256, 97, 98], seed=1, max_tokens=6).text
    assert text == "".join(llm.complete("ab", stream=True, seed=1, max_tokens=6))


def test_requests_run_in_one_batch_and_give_what_each_gives_alone(llm: LLM) -> None:
    requests = [ask(f"r{seed}", seed=seed) for seed in range(5)]
    together = texts(llm.generate(requests))
    assert together == {request.id: texts(llm.generate([request]))[request.id] for request in requests}
    assert len(set(together.values())) == 5


def test_prompts_may_be_generated_from_in_one_batch(llm: LLM) -> None:
    sizes: dict[str, int] = {}
    stream = llm.generate(["ab", "cdefg"])
    while len(sizes) < 2:
        id_, chunk = next(stream)
        assert isinstance(chunk, Chunk)
        if chunk.opening is not None:
            sizes[id_] = chunk.opening.prompt_tokens
    assert sizes == {
        str(place): llm.complete(prompt, max_tokens=1).usage.prompt_tokens
        for place, prompt in enumerate(["ab", "cdefg"])
    }
    del stream  # which ends them
    for id_, _ in llm.generate("ab"):
        assert id_ == "0"
        break
    with pytest.raises(InvalidRequest, match=r"requests\[1\] must be a string or a list of token ids, got 5"):
        list(llm.generate(["ab", 5]))  # type: ignore[list-item]
    with pytest.raises(InvalidRequest, match="requests must be a list, got an integer"):
        list(llm.generate(5))  # type: ignore[arg-type]


def test_chunks_of_different_requests_are_interleaved(llm: LLM) -> None:
    order = [request_id for request_id, _ in llm.generate([ask("a"), ask("b")])]
    assert order[:4] == ["a", "b", "a", "b"]


def test_a_refused_request_ends_alone(llm: LLM) -> None:
    found = texts(llm.generate([ask("a"), ask("b", prompt=""), ask("c", logit_bias={512: 1.0})]))
    assert (found["b"], found["c"]) == ("InvalidPrompt", "OutOfRange")
    assert found["a"] == texts(llm.generate([ask("a")]))["a"]


def test_more_requests_than_fit_are_read_when_there_is_room(checkpoint: Path) -> None:
    read = []

    def requests() -> Iterator[GenerateRequest]:
        for number in range(9):
            read.append(number)
            yield ask(str(number))

    with open_llm(checkpoint, max_num_seqs=2) as llm:
        stream = llm.generate(requests())
        next(stream)
        assert read == [0, 1, 2, 3]
        assert len(texts(stream)) == 9


def test_closing_an_iterator_frees_its_blocks(llm: LLM) -> None:
    stream = llm.generate([ask("a", max_tokens=100)])
    next(stream)
    assert llm.stats().running == 1
    stream.close()  # type: ignore[attr-defined]
    assert (llm.stats().running, llm.stats().blocks_used) == (0, 0)


def test_two_iterators_may_be_read_in_turns(llm: LLM) -> None:
    whole = Completion.fold(piece for _, piece in llm.generate([ask("a")]) if isinstance(piece, Chunk))
    streams = [llm.generate([ask("a")]), llm.generate([ask("b")])]
    collected: list[list[Chunk]] = [[], []]
    for pair in zip(*streams, strict=True):
        for pieces, (_, piece) in zip(collected, pair, strict=True):
            assert isinstance(piece, Chunk)
            pieces.append(piece)
    assert [Completion.fold(pieces).choices for pieces in collected] == [whole.choices, whole.choices]


def test_a_stop_string_ends_the_answer_and_the_sequence(llm: LLM) -> None:
    text = llm.complete("ab", temperature=0.0, max_tokens=20).text
    stop = next(character for character in text if text.count(character) == 1 and character != "\ufffd")
    answer = llm.complete("ab", temperature=0.0, max_tokens=20, stop=stop)
    assert (answer.text, answer.finish_reason) == (text.split(stop)[0], "stop")
    assert llm.stats().running == 0


@pytest.mark.parametrize(
    ("sampling", "param"),
    [
        ({"temprature": 0.5}, "temprature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_k": 1.5}, "top_k"),
        ({"temperature": math.nan}, "temperature"),
        ({"stop": ""}, "stop"),
        ({"logit_bias": []}, "logit_bias"),
        ({"seed": True}, "seed"),
        ({"stop": 7}, "stop"),
        ({"stop_token_ids": ["x"]}, "stop_token_ids"),
        ({"logit_bias": {"x": "y"}}, "logit_bias"),
        ({"prompt_logprobs": "yes"}, "prompt_logprobs"),
    ],
)
def test_a_wrong_argument_is_named(llm: LLM, sampling: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        llm.chat("Hi", **sampling)
    assert caught.value.param == param


def test_wrong_messages_and_prompts_are_named(llm: LLM) -> None:
    with pytest.raises(InvalidRequest, match=r"messages\[0\]\.role"):
        llm.chat([{"role": "alien", "content": "Hi"}])
    with pytest.raises(InvalidPrompt):
        llm.complete("")
    with pytest.raises(ContextTooLong):
        llm.complete([1] * 2048)
    with pytest.raises(InvalidRequest, match="n must be 1 for a stream"):
        llm.chat("Hi", stream=True, n=2)


@pytest.mark.parametrize("prompt", [[1.5], ["a"], [True], None, 5])
def test_a_prompt_is_text_or_token_ids(llm: LLM, prompt: Any) -> None:
    with pytest.raises(InvalidRequest, match="prompt must be a string or a list of token ids"):
        llm.complete(prompt)


@pytest.mark.parametrize("messages", [None, 5, {"role": "user", "content": "Hi"}])
def test_messages_are_text_or_a_list(llm: LLM, messages: Any) -> None:
    with pytest.raises(InvalidRequest, match="messages must be a string or a list of messages"):
        llm.chat(messages)


def test_an_unknown_setting_and_a_missing_model_are_said_before_anything_is_loaded(checkpoint: Path) -> None:
    with pytest.raises(BadSetting, match="Did you mean max_num_seqs"):
        open_llm(checkpoint, max_num_seq=3)
    with pytest.raises(BadSetting, match="max_model_len is 4096, but this model ends at 2048"):
        open_llm(checkpoint, max_model_len=4096)
    with pytest.raises(ModelMissing):
        LLM("no/such/model", paths=paths_under(checkpoint.parent))


def test_a_closed_model_answers_with_an_error(checkpoint: Path) -> None:
    llm = open_llm(checkpoint)
    stream = llm.generate([ask("a")])
    next(stream)
    llm.close()
    llm.close()
    assert texts(stream) == {"a": "NotReady"}
    with pytest.raises(NotReady):
        llm.chat("Hi")


def test_guesses_change_no_chunk_also_where_a_stop_string_ends_the_text_among_them(checkpoint: Path) -> None:
    repeating: dict[str, Any] = {"max_tokens": 60, "temperature": 0.0, "logit_bias": {97: 100.0, 98: 100.0}}
    requests = [
        ask("plain", **repeating),
        ask("stopped", **repeating, stop=("a" * 30, "b" * 30)),
        ask("sampled", **repeating | {"temperature": 1.0}, logprobs=1),
    ]
    chunks: dict[str, list[tuple[str, Chunk | ServiceError]]] = {}
    for speculate in ("off", "auto"):
        with open_llm(checkpoint, speculate=speculate) as llm:
            chunks[speculate] = [item for request in requests for item in llm.generate([request])]
            assert (llm.stats().right_guesses > 40) == (speculate == "auto")
            assert llm.stats().blocks_used == 0
    assert chunks["auto"] == chunks["off"]


def test_a_draft_model_changes_no_chunk(checkpoint: Path, tmp_path: Path) -> None:
    small = random_checkpoint(tmp_path / "small", tiny_config(num_hidden_layers=1), seed=3)
    requests = [ask("greedy", temperature=0.0, max_tokens=40), ask("sampled", seed=4, max_tokens=40)]
    chunks, guessed = [], []
    for draft in ("", str(small), str(checkpoint)):
        with open_llm(checkpoint, draft_model=draft) as llm:
            chunks.append([item for request in requests for item in llm.generate([request])])
            guessed.append(llm.stats().guessed_tokens)
    assert chunks[0] == chunks[1] == chunks[2]
    assert len(set(guessed)) == 3


def test_a_draft_model_with_another_vocabulary_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    other = random_checkpoint(tmp_path / "other", tiny_config(vocab_size=1024))
    with pytest.raises(BadSetting, match="has 1024 tokens in its vocabulary"):
        open_llm(checkpoint, draft_model=str(other))


def test_a_draft_model_that_is_not_here_is_said(checkpoint: Path) -> None:
    with pytest.raises(ModelMissing):
        open_llm(checkpoint, draft_model="nowhere")


def test_an_adapter_answers_as_the_model_does_that_it_is_merged_into(checkpoint: Path, tmp_path: Path) -> None:
    weights = adapter_weights()
    whole = write_checkpoint(tmp_path / "merged", tiny_config(), merged(random_weights(tiny_config()), weights, 2.0))
    with open_llm(checkpoint, adapters={"pirate": write_adapter(tmp_path / "pirate", weights)}) as llm:
        base, adapted = (llm.chat("Hello", adapter=name, temperature=0, max_tokens=20) for name in ("", "pirate"))
    with open_llm(whole) as llm:
        expected = llm.chat("Hello", temperature=0, max_tokens=20)
    assert adapted.text == expected.text != base.text
    fingerprints = {answer.completion.opening.fingerprint for answer in (base, adapted)}
    assert len(fingerprints) == 2


def test_adapters_in_the_store_can_be_asked_for_and_dropped(checkpoint: Path, tmp_path: Path) -> None:
    with open_llm(checkpoint) as llm:
        before = llm.complete("Hi", seed=1, max_tokens=8).text
        llm.adapters.add("pirate", copy_of(llm, write_adapter(tmp_path / "pirate")))
        pirate = llm.complete("Hi", seed=1, max_tokens=8, adapter="pirate").text
        assert pirate != before == llm.complete("Hi", seed=1, max_tokens=8).text
        llm.adapters.remove("pirate")
        with pytest.raises(InvalidRequest) as caught:
            llm.complete("Hi", adapter="pirate")
        assert caught.value.param == "adapter"


def test_an_adapter_that_does_not_fit_memory_or_model_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with open_llm(checkpoint, adapter_memory=1000) as llm:
        with pytest.raises(InvalidAdapter, match="adapter_memory is 1000"):
            llm.add_adapter("pirate", write_adapter(tmp_path / "pirate"))
        wide = adapter_weights(tiny_config(intermediate_size=256))
        with pytest.raises(InvalidAdapter, match="it has"):
            llm.add_adapter("wide", write_adapter(tmp_path / "wide", wide))


def copy_of(llm: LLM, source: Path) -> Path:
    staged = llm.adapters.stage()
    for path in source.iterdir():
        (staged / path.name).write_bytes(path.read_bytes())
    return staged
