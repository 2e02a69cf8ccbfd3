"""Ask a packed cria held-out prompts of every skill, greedily, in tampu's own engine, and count the right answers.

    python -m training.evaluate --model cria --prompts 40 --figures training/figures.json
    python -m training.evaluate --model build/cria-hf --wrong 3 add "sort words"
    python -m training.evaluate --model cria --say "hi" "Who are you?"

The table goes to standard output as Markdown; `--wrong N` shows N wrong answers of each skill as well.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tampu import LLM
from tampu import request as nouns
from training.dialogue import Dialogue, Tool
from training.scoring import Answerer, Score, score, table
from training.skills import all_skills

MAX_NEW_TOKENS = 160


def as_request(dialogue: Dialogue) -> tuple[list[nouns.Message], list[nouns.Tool]]:
    """Messages up to the last answer, and tools, in tampu's own nouns."""
    messages = [nouns.Message(turn.role, turn.content) for turn in dialogue.messages[:-1]]
    return messages, [_tool(tool) for tool in dialogue.tools]


def tampu_answerer(llm: LLM) -> Answerer:
    """Answers of a loaded model at temperature 0."""

    def answer(dialogue: Dialogue) -> str:
        messages, tools = as_request(dialogue)
        said = llm.chat(messages, tools=tools, temperature=0.0, max_tokens=MAX_NEW_TOKENS).completion.choices[0]
        return llm.tokenizer.decode(said.token_ids)  # calls as they were written

    def answers(dialogues: Sequence[Dialogue]) -> list[str]:
        return [answer(dialogue) for dialogue in dialogues]

    return answers


def _tool(tool: Tool) -> nouns.Tool:
    function = tool["function"]
    return nouns.Tool(function["name"], function.get("description", ""), function["parameters"])


def main() -> None:
    """Read the options, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cria", help="a name or a path that tampu loads")
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--wrong", type=int, default=0)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--say", nargs="+", default=[])
    parser.add_argument("skills", nargs="*")
    options = parser.parse_args()
    llm = LLM(options.model)
    if options.say:
        for text in options.say:
            print(f"> {text}\n{llm.chat(text, temperature=0.0, max_tokens=MAX_NEW_TOKENS)}\n")
        return
    scores = {}
    for skill in options.skills or all_skills():
        scores[skill] = score(tampu_answerer(llm), skill, options.prompts)
        for miss in scores[skill].misses[: options.wrong]:
            print(miss, flush=True)
    print(table(scores))
    if options.figures:
        options.figures.write_text(json.dumps(figures(scores), indent=2, sort_keys=True) + "\n")


def figures(scores: Mapping[str, Score]) -> dict[str, dict[str, int]]:
    """What `figures.json` keeps of each skill."""
    return {
        skill: {"prompts": score.prompts, "right": score.right, "quick_right": score.quick_right}
        for skill, score in scores.items()
    }


if __name__ == "__main__":
    main()
