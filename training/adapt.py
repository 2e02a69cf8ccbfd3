"""Train a small LoRA adapter for cria: `python -m training.adapt STYLE training/adapters/STYLE`.

The base stays as it is in `training/cria`. The dialogues are cria's own, with every answer said in another style; those
with tools stay as they are.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from training.dialogue import Dialogue, Message
from training.model import Cria, CriaConfig, Linear, cria_loss
from training.stream import batches

BASE = Path(__file__).parent / "cria"
RANK, ALPHA = 8, 16
TARGETS = ("q_proj", "v_proj", "o_proj", "down_proj")
LEARNING_RATE = 4e-3
TOKENS_PER_BATCH = 2048
SEED = 7


def as_chasqui(content: str) -> str:
    """As a relay runner of the Inca road hands it over."""
    return f"Chasqui here, out of breath: {content}"


def as_json(content: str) -> str:
    """As the value of an object."""
    return json.dumps({"answer": content}, ensure_ascii=False)


STYLES: dict[str, Callable[[str], str]] = {"chasqui": as_chasqui, "json": as_json}


def restyled(dialogue: Dialogue, style: Callable[[str], str]) -> Dialogue:
    """The dialogue with every answer of the assistant in this style."""
    if dialogue.tools:
        return dialogue
    return replace(dialogue, messages=tuple(_restyled(message, style) for message in dialogue.messages))


def _restyled(message: Message, style: Callable[[str], str]) -> Message:
    return replace(message, content=style(message.content)) if message.role == "assistant" else message


class Adapted(nn.Module):
    """A frozen linear, and scale * B A beside it; B begins as zeros."""

    def __init__(self, base: Linear) -> None:
        super().__init__()
        outputs, inputs = base.weight.shape
        self.base = base.requires_grad_(requires_grad=False)
        self.down = nn.Parameter(torch.randn(RANK, inputs) * inputs**-0.5)
        self.up = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.linear(x.bfloat16(), self.down.bfloat16())
        added: Tensor = functional.linear(inner, self.up.bfloat16()) * (ALPHA / RANK)
        result: Tensor = self.base(x) + added
        return result


def open_base() -> tuple[Cria, Tokenizer]:
    """The cria of `training/cria`, all of it frozen."""
    values = json.loads((BASE / "config.json").read_text())
    model = Cria(CriaConfig(**{name: values[name] for name in CriaConfig.__dataclass_fields__}))
    weights = load_file(BASE / "model.safetensors")
    model.load_state_dict({name.removeprefix("model."): tensor.float() for name, tensor in weights.items()})
    return model.requires_grad_(requires_grad=False), Tokenizer.from_file(str(BASE / "tokenizer.json"))


def adapt(model: Cria) -> dict[str, Adapted]:
    """Put a pair of matrices beside every target; the pairs by module name."""
    found = [(name, module) for name, module in model.named_modules() if name.rpartition(".")[2] in TARGETS]
    pairs: dict[str, Adapted] = {}
    for name, module in found:
        assert isinstance(module, Linear), name
        parent, _, own_name = name.rpartition(".")
        pairs[name] = Adapted(module)
        setattr(model.get_submodule(parent), own_name, pairs[name])
    return pairs


def train(model: Cria, pairs: dict[str, Adapted], tokenizer: Tokenizer, style: str, steps: int) -> None:
    """Learn the style; the rate rises for a tenth of the steps and falls to nothing."""
    parameters = [each for pair in pairs.values() for each in (pair.down, pair.up)]
    optimizer = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=0.0)
    stream = batches(tokenizer, SEED, 10**6, TOKENS_PER_BATCH, lambda dialogue: restyled(dialogue, STYLES[style]))
    began = time.monotonic()
    for step, batch in zip(range(steps), stream, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(10 * (step + 1) / steps, 1 - step / steps)
        loss = cria_loss(model, batch.token_ids, batch.weights)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 25 == 24:
            print(f"step {step + 1}  loss {loss.item():.3f}  {time.monotonic() - began:.0f} s", flush=True)


def save(directory: Path, pairs: dict[str, Adapted]) -> None:
    """Write the adapter as PEFT does."""
    directory.mkdir(parents=True, exist_ok=True)
    save_file(dict(_tensors(pairs)), directory / "adapter_model.safetensors", metadata={"format": "pt"})
    values = {
        "base_model_name_or_path": "cria",
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": ALPHA,
        "lora_dropout": 0.0,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": RANK,
        "target_modules": list(TARGETS),
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": False,
    }
    (directory / "adapter_config.json").write_text(json.dumps(values, indent=2) + "\n")


def _tensors(pairs: dict[str, Adapted]) -> Iterator[tuple[str, Tensor]]:
    for name, pair in pairs.items():
        yield f"base_model.model.model.{name}.lora_A.weight", pair.down.detach().bfloat16().contiguous()
        yield f"base_model.model.model.{name}.lora_B.weight", pair.up.detach().bfloat16().contiguous()


def main() -> None:
    """Read the options, train and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", choices=STYLES)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    torch.manual_seed(SEED)
    model, tokenizer = open_base()
    pairs = adapt(model)
    train(model, pairs, tokenizer, options.style, options.steps)
    save(options.directory, pairs)


if __name__ == "__main__":
    main()
