import contextlib
import json
import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tampu.cli.answers import appending, id_of, part_of, read_answers, retrying
from tampu.cli.batch import Batch
from tampu.engine.llm import LLM
from tampu.errors import InvalidRequest
from tests.cli.conftest import Tampu

CHAT = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 3, "seed": 1}


def line(**values: Any) -> str:
    return json.dumps({**CHAT, **values})


def answered(llm: LLM, *lines: str | bytes, skip: Container[int] = ()) -> list[dict[str, Any] | None]:
    return list(Batch(llm, 0).answers([as_bytes(line) for line in lines], skip))


def as_bytes(line: str | bytes) -> bytes:
    return line.encode() if isinstance(line, str) else line


def body(answer: dict[str, Any] | None) -> Any:
    assert answer is not None
    return answer["response"]["body"]


def test_answers_have_the_form_of_openais_batches(llm: LLM) -> None:
    (answer,) = answered(llm, line(custom_id="a"))
    assert answer is not None
    assert (answer["custom_id"], answer["response"]["status_code"], answer["error"]) == ("a", 200, None)
    assert body(answer)["object"] == "chat.completion"
    same = llm.chat("hello", max_tokens=3, seed=1)
    assert body(answer)["choices"][0]["message"]["content"] == str(same)


def test_answers_come_in_the_order_of_the_lines_whatever_ends_first(llm: LLM) -> None:
    lengths = [40, 1, 20, 2, 30, 3, 10, 5]
    answers = answered(llm, *(line(max_tokens=length, custom_id=f"{length} long") for length in lengths))
    assert [answer and answer["custom_id"] for answer in answers] == [f"{length} long" for length in lengths]


def test_an_answer_does_not_depend_on_the_lines_beside_it(llm: LLM) -> None:
    alone = answered(llm, line(seed=7, custom_id="x"))
    among = answered(llm, line(seed=5), line(seed=7, custom_id="x"), line(seed=6))
    assert among[1] == alone[0] is not None


def test_a_line_of_openais_batch_api_is_unwrapped(llm: LLM) -> None:
    wrapped = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": CHAT})
    (one,), (other,) = answered(llm, wrapped), answered(llm, line(custom_id="a"))
    assert body(one) == body(other)


def test_prompts_are_completed_and_several_make_one_answer(llm: LLM) -> None:
    request = {"prompt": ["abc", "def"], "max_tokens": 2, "seed": 3, "n": 2}
    (answer,) = answered(llm, json.dumps(request))
    assert body(answer)["object"] == "text_completion"
    assert [choice["index"] for choice in body(answer)["choices"]] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("wrong", "status", "param", "message"),
    [
        ("nonsense", 400, None, "The line is not JSON"),
        ("[" * 100_000, 400, None, "The line is not JSON"),
        ("[]", 400, None, "not a JSON object"),
        (b"\xff{}", 400, None, "The line is not JSON"),
        ("{}", 400, "messages", "needs messages or a prompt"),
        (line(custom_id=3), 400, "custom_id", "must be a string"),
        (line(custom_id="good"), 400, "custom_id", "stands on an earlier line too"),
        (line(stream=True), 400, "stream", "a batch has whole answers"),
        (line(model="gpt-4o"), 404, "model", "does not exist"),
        (line(temperature=9), 400, "temperature", "Expected a value <= 2, but got 9"),
        (line(max_tokens=100_000), 400, "messages", "maximum context length is 2048"),
        (json.dumps({"body": 3}), 400, "body", "must be an object"),
    ],
)
def test_a_wrong_line_has_its_error_and_disturbs_no_other(
    wrong: str | bytes, status: int, param: str | None, message: str, llm: LLM
) -> None:
    first, second, third = answered(llm, line(custom_id="good"), wrong, line(custom_id="also good"))
    assert second is not None
    assert second["response"]["status_code"] == status
    assert body(second)["error"]["param"] == param
    assert message in body(second)["error"]["message"]
    assert [first, third] == answered(llm, line(custom_id="good"), line(custom_id="also good"))


def test_lines_done_before_are_skipped_also_wrong_ones_and_count_as_before(llm: LLM) -> None:
    lines = (line(custom_id="a"), line(custom_id="b", seed=2), "nonsense", line(custom_id="a"))
    first, second, third, fourth = answered(llm, *lines, skip={0, 2})
    assert (first, third) == (None, None)
    assert [second, fourth] == [answered(llm, *lines)[place] for place in (1, 3)]


def test_a_line_without_an_id_is_named_by_its_number_in_the_file(llm: LLM) -> None:
    answers = answered(llm, "\n", line(), " \n", "nonsense")
    assert [answer and answer["custom_id"] for answer in answers] == ["line-2", "line-4"]


def test_an_answers_id_follows_from_its_line_and_the_model(llm: LLM) -> None:
    (answer,) = answered(llm, line(custom_id="a"))
    assert answer is not None and answer["id"] == id_of(line(custom_id="a").encode() + b"\n", llm.card.fingerprint)
    assert len({id_of(text, model) for text in (b"a", b"b") for model in ("12345678", "87654321")}) == 4


def stored(custom_id: str) -> str:
    return json.dumps({"id": "batch_req_1", "custom_id": custom_id, "response": {"status_code": 200}}) + "\n"


def test_a_broken_off_answer_is_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(stored("a") + stored("b") + '{"custom_')
    assert [earlier.mark.custom_id for earlier in read_answers(path)] == ["a", "b"]
    assert path.read_text() == stored("a") + stored("b")
    assert read_answers(tmp_path / "nowhere") == []


@pytest.mark.parametrize("content", ["a poem\n", "3\n", "{}\n"])
def test_a_file_of_something_else_is_left_alone(content: str, tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text(content)
    with pytest.raises(InvalidRequest, match="something other than answers"):
        read_answers(path)
    assert path.read_text() == content


@dataclass(frozen=True, slots=True)
class Run:
    """A file of requests, its output, and the command."""

    tampu: Tampu
    requests: Path
    output: Path

    def __call__(self, *flags: str) -> Result:
        return self.tampu("generate", str(self.requests), "--output", str(self.output), *flags)

    def write(self, *lines: str) -> None:
        self.requests.write_text("".join(f"{line}\n" for line in lines))

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.output.read_text().splitlines()]

    @property
    def ids(self) -> list[str]:
        return [answer["custom_id"] for answer in self.answers]


@pytest.fixture
def run(tampu: Tampu, tmp_path: Path) -> Run:
    return Run(tampu, tmp_path / "in.jsonl", tmp_path / "out.jsonl")


def text_of(answer: dict[str, Any]) -> Any:
    return answer["response"]["body"]["choices"]


def test_a_file_is_answered_line_by_line_and_only_once(run: Run) -> None:
    run.write(*(line(custom_id=f"r{number}", seed=number) + "\n" for number in range(5)))
    assert run().exit_code == 0
    whole = run.answers
    assert run.ids == ["r0", "r1", "r2", "r3", "r4"]
    lines = run.output.read_text().splitlines()
    run.output.write_text("\n".join(lines[:2]) + "\n" + lines[2][:30])
    assert run().exit_code == 0
    assert run.ids == ["r0", "r1", "r2", "r3", "r4"]
    assert list(map(text_of, run.answers)) == list(map(text_of, whole))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((line(seed=1), line(seed=9)), "has an answer to line-2 as it was before it changed"),
        (("", line(seed=1), line(seed=2)), "has an answer to line-1 where the requests now have line-2"),
        ((line(seed=1, custom_id="a"), line(seed=2)), "has an answer to line-1 where the requests now have a"),
        ((line(seed=1),), "has more answers than there are lines: line-2 is none of them"),
    ],
)
def test_an_output_of_other_lines_is_not_gone_on_with(lines: tuple[str, ...], said: str, run: Run) -> None:
    run.write(line(seed=1), line(seed=2))
    assert run().exit_code == 0
    before = run.output.read_bytes()
    run.write(*lines)
    result = run()
    assert result.exit_code == 2 and said in result.stderr and "name another file" in result.stderr
    assert run.output.read_bytes() == before


def test_an_output_of_another_model_or_of_an_earlier_version_is_not_gone_on_with(run: Run) -> None:
    run.write(line())
    run()
    (answer,) = run.answers
    run.output.write_text(json.dumps(answer | {"id": answer["id"][:-8] + "0" * 8}) + "\n")
    assert "has answers of another model" in run().stderr
    del answer["id"]
    run.output.write_text(json.dumps(answer) + "\n")
    assert "was written by an earlier version" in run().stderr


def test_requests_from_a_pipe_are_compared_too(run: Run) -> None:
    run.write(line())
    run()
    read, write = os.pipe()
    os.write(write, line(seed=5).encode())
    os.close(write)
    result = run.tampu("generate", f"/dev/fd/{read}", "--output", str(run.output))
    os.close(read)
    assert result.exit_code == 2 and "as it was before it changed" in result.stderr


def test_lines_that_failed_stay_failed_until_they_are_retried(run: Run) -> None:
    run.write(line(custom_id="a"), line(custom_id="b", seed=2), line(custom_id="c"))
    run()
    good = run.answers
    failure = {**good[1], "response": {"status_code": 500, "body": {}}}
    run.output.write_text("".join(json.dumps(answer) + "\n" for answer in (good[0], failure, good[2])))
    result = run()
    assert (
        result.exit_code == 1 and "1 line could not be answered" in result.stderr and "--retry-errors" in result.stderr
    )
    result = run("--retry-errors")
    assert result.exit_code == 0, result.stderr
    assert run.ids == ["a", "b", "c"]
    assert list(map(text_of, run.answers)) == list(map(text_of, good))
    assert not part_of(run.output).exists()


def test_a_retry_that_was_killed_loses_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(stored("a") + stored("bad") + stored("c"))
    part_of(path).write_text(stored("a") + stored("b") + '{"custom_')
    assert [earlier.mark.custom_id for earlier in read_answers(path)] == ["a", "b", "c"]
    assert path.read_text() == stored("a") + stored("b") + stored("c")
    assert not part_of(path).exists()


def test_an_interrupted_retry_keeps_what_it_did_not_come_to(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text(stored("a") + stored("bad") + stored("c"))
    with contextlib.suppress(KeyboardInterrupt), retrying(path) as (new, old):
        new.write(next(old))
        next(old)
        raise KeyboardInterrupt
    assert path.read_text() == stored("a") + stored("bad") + stored("c")


def test_two_runs_do_not_write_to_one_file(run: Run) -> None:
    run.write(line())
    run()
    before = run.output.read_bytes()
    with appending(run.output):
        result = run()
    assert result.exit_code == 2 and "Another run is writing" in result.stderr
    assert run.output.read_bytes() == before


def test_retrying_needs_the_output_of_a_run(tampu: Tampu) -> None:
    result = tampu("generate", "-", "--retry-errors", stdin=line())
    assert result.exit_code == 2 and "--output" in result.stderr


def test_an_id_that_is_no_text_is_written_all_the_same(run: Run) -> None:
    run.write('{"prompt": "a", "max_tokens": 1, "custom_id": "\\ud800"}')
    assert (run().exit_code, run().exit_code, run.ids) == (0, 0, ["\ud800"])


def test_standard_input_is_answered_on_standard_output(tampu: Tampu) -> None:
    result = tampu("generate", "-", stdin=line() + "\n")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["custom_id"] == "line-1"


def test_a_device_for_an_output_is_written_to_and_not_read(tampu: Tampu, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(line() + "\n")
    assert tampu("generate", str(tmp_path / "in.jsonl"), "--output", "/dev/null").exit_code == 0


def test_lines_that_fail_make_exit_code_1(tampu: Tampu) -> None:
    result = tampu("generate", "-", stdin=f"{line()}\n".encode() + b"\xff\n")
    assert result.exit_code == 1
    assert "1 line could not be answered" in result.stderr
    assert len(result.stdout.splitlines()) == 2


def test_a_line_may_be_held_to_a_choice(llm: LLM) -> None:
    (answer,) = answered(llm, line(guided_choice=["yes", "no"]))
    assert body(answer)["choices"][0]["message"]["content"] in ("yes", "no")
    (refused,) = answered(llm, line(guided_regex="["))
    assert body(refused)["error"]["code"] == "unsupported_schema"
