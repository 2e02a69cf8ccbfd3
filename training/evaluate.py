"""Ask held-out prompts of every skill, greedily, and count the right answers.

    python -m training.evaluate --checkpoint DIR --prompts 40 --figures training/figures.json

The table goes to standard output as Markdown; `--wrong N` shows N wrong answers of each skill as well.
`--say "hi" "Who are you?"` only shows what cria answers to these.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from training.dialogue import Dialogue, talk
from training.render import render_prompt
from training.scoring import Answerer, score, table
from training.stream import encode

ROWS = 40  # prompts generated together
MAX_NEW_TOKENS = 160


def transformers_answerer(checkpoint: Path) -> Answerer:
    """Answers of the Hugging Face directory `checkpoint`, computed in float32."""
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    model = LlamaForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    pad = tokenizer.token_to_id("<|finetune_right_pad_id|>")

    def batch(prompts: list[list[int]]) -> list[str]:
        longest = max(map(len, prompts))
        token_ids = torch.tensor([[pad] * (longest - len(prompt)) + prompt for prompt in prompts])
        output = model.generate(
            input_ids=token_ids,
            attention_mask=(token_ids != pad).long(),
            max_new_tokens=MAX_NEW_TOKENS,
            do_sample=False,
            pad_token_id=pad,
        )
        return [tokenizer.decode(row[longest:].tolist(), skip_special_tokens=True) for row in output]

    def answer(dialogues: Sequence[Dialogue]) -> list[str]:
        prompts = [encode(tokenizer, render_prompt(dialogue))[0] for dialogue in dialogues]
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        answers = [""] * len(prompts)
        for start in range(0, len(order), ROWS):
            chosen = order[start : start + ROWS]
            for i, text in zip(chosen, batch([prompts[i] for i in chosen]), strict=True):
                answers[i] = text
        return answers

    return answer


def main() -> None:
    """Read the options, evaluate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a Hugging Face directory")
    parser.add_argument("--prompts", type=int, default=40)
    parser.add_argument("--wrong", type=int, default=0)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--say", nargs="+", default=[])
    parser.add_argument("skills", nargs="*")
    options = parser.parse_args()

    if options.say:
        answers = transformers_answerer(options.checkpoint)([talk("said", text, "-") for text in options.say])
        print("\n".join(f"> {text}\n{answer}\n" for text, answer in zip(options.say, answers, strict=True)))
        return
    figures = score(transformers_answerer(options.checkpoint), options.prompts, options.wrong, options.skills)
    print(table(figures))
    if options.figures:
        options.figures.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
