import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import typer

from tampu.cli.chat import check_flags, prompt_of
from tampu.cli.reply import Reply, ask
from tampu.engine.llm import LLM
from tampu.errors import ContextTooLong
from tampu.request import Chunk, Message, SamplingParams, Usage
from tests.cli.conftest import Tampu

GREEDY = ("--temperature", "0", "--max-tokens", "8")


def test_one_question_prints_the_answer_alone(tampu: Tampu, llm: LLM) -> None:
    result = tampu("chat", *GREEDY, "hello", "there")
    assert result.exit_code == 0
    assert result.stdout == str(llm.chat("hello there", temperature=0.0, max_tokens=8)) + "\n"
    assert result.stderr == ""


def test_a_pipe_is_a_question(tampu: Tampu) -> None:
    assert tampu("chat", *GREEDY, stdin="hello there").stdout == tampu("chat", *GREEDY, "hello there").stdout


def test_tampu_alone_answers_a_pipe(tampu: Tampu, llm: LLM) -> None:
    result = tampu(stdin="hello")
    assert result.exit_code == 0
    assert result.stdout.endswith("\n")
    assert llm.card.context == 2048


def test_a_dash_stands_for_standard_input(tampu: Tampu) -> None:
    assert tampu("chat", *GREEDY, "say", "-", stdin="hello").stdout == tampu("chat", *GREEDY, "say hello").stdout


def test_standard_input_is_left_alone_when_words_are_given(tampu: Tampu) -> None:
    assert tampu("chat", *GREEDY, "hello", stdin="ignored").stdout == tampu("chat", *GREEDY, "hello").stdout


@pytest.mark.parametrize("stdin", ["", " \n"])
def test_nothing_asked_is_wrong_usage(stdin: str, tampu: Tampu) -> None:
    result = tampu("chat", stdin=stdin)
    assert result.exit_code == 2
    assert "Nothing was asked" in result.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--raw", "--system", "Be kind."), "--raw has no system message"),
        (("--logprobs", "1"), "--logprobs needs --json"),
    ],
)
def test_a_flag_that_would_be_ignored_is_refused(flags: tuple[str, ...], message: str, tampu: Tampu) -> None:
    result = tampu("chat", *flags, "hello")
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("given", [{"raw": True}, {"as_json": True}, {"flags": {"n": "2", "logprobs": None}}])
def test_a_conversation_refuses_what_only_one_answer_has(given: dict[str, Any]) -> None:
    plain: dict[str, Any] = {"raw": False, "as_json": False, "flags": {"n": None, "logprobs": None}}
    check_flags(None, "", **plain)
    with pytest.raises(typer.BadParameter, match="need words to answer"):
        check_flags(None, "", **{**plain, **given})


def test_bytes_that_are_no_text_are_wrong_usage(tampu: Tampu) -> None:
    result = tampu("chat", stdin=b"\xff\xfe")
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr


def test_json_has_what_is_needed_to_repeat_the_answer(tampu: Tampu) -> None:
    first = json.loads(tampu("chat", "--json", "--max-tokens", "8", "--logprobs", "1", "hello").stdout)
    again = json.loads(tampu("chat", "--json", "--max-tokens", "8", "--seed", str(first["seed"]), "hello").stdout)
    assert again["text"] == first["text"]
    assert again["fingerprint"] == first["fingerprint"]
    assert first["usage"]["prompt_tokens"] == 28
    assert len(first["choices"][0]["logprobs"]) == len(first["choices"][0]["token_ids"])


def test_several_choices_are_numbered(tampu: Tampu) -> None:
    lines = tampu("chat", "--n", "2", "--seed", "3", "--max-tokens", "1", "--stop-token-ids", "10", "hello").stdout
    assert lines.startswith("[0] ")
    assert "\n[1] " in lines


def test_raw_words_are_no_chat(tampu: Tampu, llm: LLM) -> None:
    result = tampu("chat", "--raw", *GREEDY, "hello<|eot_id|>")
    assert result.stdout == str(llm.complete("hello<|eot_id|>", temperature=0.0, max_tokens=8)) + "\n"


def test_a_system_message_comes_first() -> None:
    assert prompt_of("hi", "be kind", raw=False) == (Message("system", "be kind"), Message("user", "hi"))
    assert prompt_of("hi", "", raw=False) == (Message("user", "hi"),)


def test_the_makers_temperature_is_the_default(tampu: Tampu) -> None:
    # The checkpoint recommends temperature 0.6 and top_p 0.9.
    seeded = ("--seed", "5", "--max-tokens", "12", "hello")
    assert tampu("chat", *seeded).stdout == tampu("chat", "--temperature", "0.6", "--top-p", "0.9", *seeded).stdout


def test_a_prompt_past_the_context_is_refused_with_both_numbers(llm: LLM) -> None:
    with pytest.raises(ContextTooLong, match=r"2048 tokens.*3024 in the prompt"):
        ask(llm, (Message("user", "x" * 3000 + "y"),), SamplingParams(), lambda chunk, seconds: None)  # noqa: ARG005


def test_ctrl_c_stops_the_reply_and_leaves_the_engine_whole(llm: LLM) -> None:
    shown: list[Chunk] = []

    def interrupt_at_third(chunk: Chunk, _seconds: float) -> None:
        shown.append(chunk)
        if len(shown) == 3:
            os.kill(os.getpid(), signal.SIGINT)

    never_ends = SamplingParams(
        temperature=0.0, max_tokens=1000, logit_bias=dict.fromkeys(llm.card.eos_token_ids, -100)
    )
    reply = ask(llm, (Message("user", "hello"),), never_ends, interrupt_at_third)
    assert reply.completion is None
    assert 3 <= reply.num_tokens <= 4
    assert "cached" not in reply.summary
    assert reply.summary.endswith("stopped")
    assert llm.stats().running == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_heard_while_a_long_prompt_is_read(model: Path) -> None:
    with LLM(str(model), threads=1, max_num_batched_tokens=1) as slow:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        reply = ask(slow, (Message("user", "x" * 2000),), SamplingParams(max_tokens=1), lambda *_: None)
    assert (reply.text, reply.num_tokens, reply.completion) == ("", 0, None)


def test_the_summary_says_what_a_reader_wants_to_know() -> None:
    reply = Reply("", num_tokens=21, first_token=0.5, seconds=2.5, usage=Usage(40, 21, 32))
    assert reply.tokens_per_second == 10.0
    assert reply.summary == "21 tokens · first after 500 ms · 10.0 tokens/s · prompt 40 (32 cached) · stopped"


def test_ctrl_c_in_a_one_shot_chat_is_exit_code_130(model: Path, tmp_path: Path) -> None:
    never_ends = [argument for id_ in (256, 257, 262, 263, 264, 265) for argument in ("--logit-bias", f"{id_}=-100")]
    command = [sys.executable, "-m", "tampu", "chat", "--model", str(model), "--isa", "reference", *never_ends, "hello"]
    environment = {**os.environ, "TAMPU_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as chat:
        assert chat.stdout is not None and chat.stderr is not None
        chat.stdout.read(1)
        chat.send_signal(signal.SIGINT)
        chat.stdout.read()
        assert b"Traceback" not in chat.stderr.read()
        assert chat.wait(30) == 130


def test_a_model_is_packed_once(tampu: Tampu, checkpoint: Path) -> None:
    first = tampu("chat", "--model", str(checkpoint), *GREEDY, "hello").stdout
    packed = json.loads(tampu("models", "--json").stdout)
    assert [entry["source"] for entry in packed if entry["source"] != "bundled"] == ["packed"]
    assert tampu("chat", "--model", str(checkpoint), *GREEDY, "hello").stdout == first


def test_an_answer_matches_the_schema_in_a_file(tampu: Tampu, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(
        '{"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": false}'
    )
    result = tampu("chat", "--schema", str(schema), "hello")
    assert result.exit_code == 0 and json.loads(result.stdout)["n"] in (1, 2)


@pytest.mark.parametrize(
    ("text", "message"), [('{"uniqueItems": true}', "uniqueItems cannot be enforced"), ("{", "is not JSON")]
)
def test_a_schema_that_cannot_be_enforced_is_wrong_usage(text: str, message: str, tampu: Tampu, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(text)
    result = tampu("chat", "--schema", str(schema), "hello")
    assert result.exit_code == 2 and message in result.stderr and "--schema" in result.stderr
