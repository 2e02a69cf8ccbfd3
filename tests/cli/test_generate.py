import json
from pathlib import Path
from typing import Any

import pytest

from tampu.cli.batch import Batch, finished_ids
from tampu.engine.llm import LLM
from tampu.errors import InvalidRequest
from tests.cli.conftest import Tampu

CHAT = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 3, "seed": 1}


def line(**values: Any) -> str:
    return json.dumps({**CHAT, **values})


def answered(llm: LLM, *lines: str | bytes, done: frozenset[str] = frozenset()) -> list[dict[str, Any] | None]:
    return list(Batch(llm, 0, done).answers(lines))


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
    assert among[1] == alone[0]


def test_a_line_of_openais_batch_api_is_unwrapped(llm: LLM) -> None:
    wrapped = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": CHAT})
    assert answered(llm, wrapped) == answered(llm, line(custom_id="a"))


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


def test_lines_done_before_are_skipped_also_wrong_ones(llm: LLM) -> None:
    done = frozenset({"a", "line-3"})
    first, second, third = answered(llm, line(custom_id="a"), line(custom_id="b"), "nonsense", done=done)
    assert (first, third) == (None, None)
    assert second is not None


def test_a_broken_off_answer_is_cut_away(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text('{"custom_id": "a"}\n{"custom_id": "b"}\n{"custom_')
    assert finished_ids(path) == {"a", "b"}
    assert path.read_text() == '{"custom_id": "a"}\n{"custom_id": "b"}\n'
    assert finished_ids(tmp_path / "nowhere") == frozenset()


@pytest.mark.parametrize("content", ["a poem\n", "3\n", "{}\n"])
def test_a_file_of_something_else_is_left_alone(content: str, tmp_path: Path) -> None:
    path = tmp_path / "poem.txt"
    path.write_text(content)
    with pytest.raises(InvalidRequest, match="something other than answers"):
        finished_ids(path)
    assert path.read_text() == content


def test_a_file_is_answered_line_by_line_and_only_once(tampu: Tampu, tmp_path: Path) -> None:
    requests, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    requests.write_text("".join(line(custom_id=f"r{number}", seed=number) + "\n\n" for number in range(5)))
    assert tampu("generate", str(requests), "--output", str(output)).exit_code == 0
    whole = output.read_text().splitlines()
    assert [json.loads(text)["custom_id"] for text in whole] == ["r0", "r1", "r2", "r3", "r4"]
    output.write_text("\n".join(whole[:2]) + "\n" + whole[2][:30])
    assert tampu("generate", str(requests), "--output", str(output)).exit_code == 0
    again = [json.loads(text) for text in output.read_text().splitlines()]
    assert [answer["custom_id"] for answer in again] == ["r0", "r1", "r2", "r3", "r4"]
    assert [text_of(answer) for answer in again] == [text_of(json.loads(text)) for text in whole]


def text_of(answer: dict[str, Any]) -> Any:
    return answer["response"]["body"]["choices"]


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
