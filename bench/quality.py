"""What quantisation costs: logits of every kind beside float32's, and llama.cpp's on the same weights.

    scripts/bench quality --llama-cpp PYTHON

KL is of the next token's probabilities, mean over all positions; "error" is the root mean square of the logits'
difference over their spread; "top 1" is how often the likeliest token stays the likeliest. The models: random Llamas,
the same with outlier channels and a massive first token as trained Llamas have them, and cria on held-out dialogues.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np

from bench.machine import machine
from tampu.kernels import load_kernels
from tampu.kernels.interface import F32, I32, AttentionRows, Kind
from tampu.model.checkpoint import tensor_shapes
from tampu.model.config import ModelConfig
from tampu.model.llama import ForwardInput, Llama
from tampu.model.pack import pack
from tampu.model.packed import open_packed
from tampu.model.rotation import Rotation
from tampu.model.weights import SafetensorsCheckpoint
from tampu.text.tokenizer import Tokenizer
from tests.checkpoints import BEGIN_OF_TEXT, Weights, random_weights, silent, tiny_config, write_checkpoint
from tests.gguf_files import write_gguf
from training.render import render
from training.scoring import held_out_prompts
from training.skills import all_skills

CRIA = Path(__file__).parents[1] / "training" / "cria"
PEERS = ("Q8_0", "Q4_0")
BLOCK_SIZE = 32
SHAPE = {"hidden_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 4}
SHAPE |= {"head_dim": 128, "intermediate_size": 3584, "vocab_size": 4096}


@dataclass(frozen=True, slots=True)
class Case:
    """A model and the prompts that it reads, all positions of which count."""

    config: ModelConfig
    weights: Weights
    prompts: Sequence[I32]


@dataclass(frozen=True, slots=True)
class Quality:
    """How far logits are from float32's."""

    kl: float
    error: float
    top_1: float

    @classmethod
    def of(cls, logits: F32, exact: F32) -> "Quality":
        """Of logits [N, V] beside the exact ones."""
        log_q, log_p = log_softmax(logits), log_softmax(exact)
        return cls(
            kl=float(np.mean(np.sum(np.exp(log_p) * (log_p - log_q), axis=1))),
            error=float(np.sqrt(np.mean((logits - exact) ** 2)) / exact.std()),
            top_1=float(np.mean(logits.argmax(axis=1) == exact.argmax(axis=1))),
        )


def log_softmax(logits: F32) -> np.ndarray:
    """In float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def plain() -> Case:
    """Normal weights."""
    config = tiny_config(**SHAPE)
    prompts = [np.random.default_rng(seed).integers(0, 4096, 128).astype(np.int32) for seed in range(2)]
    for prompt in prompts:
        prompt[0] = BEGIN_OF_TEXT
    return Case(config, random_weights(config), prompts)


def outliers() -> Case:
    """Eight channels of the stream 40 times as large as the others, with small gains; four of every MLP 20 times."""
    case = plain()
    channels = np.random.default_rng(1).choice(SHAPE["hidden_size"], 8, replace=False)
    for name, values in case.weights.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            values[channels] *= 40
        if name.endswith("layernorm.weight") or name == "model.norm.weight":
            values[channels] *= 0.3
        if name.endswith("up_proj.weight"):
            values[channels[:4]] *= 20
    case.weights["model.embed_tokens.weight"][:, channels] *= 40
    return case


def massive() -> Case:
    """The outliers, and two channels of the first token's embedding are a thousand times the others."""
    case = outliers()
    case.weights["model.embed_tokens.weight"][BEGIN_OF_TEXT, [17, 300]] = 1000
    return case


def cria() -> Case:
    """The demo model's bf16 weights, and one held-out dialogue of each skill."""
    checkpoint = SafetensorsCheckpoint(CRIA)
    assert checkpoint.tokenizer_json is not None
    tokenizer = Tokenizer.from_json(checkpoint.tokenizer_json)
    prompts = []
    for skill in all_skills():
        token_ids: list[int] = []
        for piece in render(held_out_prompts(skill, 1)[0]):
            token_ids += [tokenizer.control_id(piece.text)] if piece.control else tokenizer.encode(piece.text)
        prompts.append(np.array(token_ids, np.int32))
    weights = {name: checkpoint.read(name) for name in tensor_shapes(checkpoint.config)}
    return Case(checkpoint.config, weights, prompts)


CASES: Mapping[str, Callable[[], Case]] = {"plain": plain, "outliers": outliers, "massive": massive, "cria": cria}


def read_prompt(model: Llama, token_ids: I32, kv_dtype: str) -> F32:
    """Logits f32[N, V] of every position of a prompt."""
    num_blocks = -(-len(token_ids) // BLOCK_SIZE)
    positions = np.arange(len(token_ids), dtype=np.int32)
    table = np.arange(num_blocks, dtype=np.int32)[None]
    rows = AttentionRows(table, np.zeros_like(positions), positions)
    inputs = ForwardInput(token_ids, positions, rows, positions)
    return model.forward(inputs, model.new_cache(num_blocks, BLOCK_SIZE, kv_dtype))


def tampu_logits(case: Case, folder: Path, kind: Kind, rotation: Rotation | None = None) -> F32:
    """Of all prompts, one after the other; the cache is as the engine would choose it."""
    pack(SafetensorsCheckpoint(folder / "hf"), kind, folder / "packed.tampu", silent, rotation=rotation)
    model = Llama(open_packed(folder / "packed.tampu"), load_kernels())
    kv_dtype = "f32" if kind == "f32" else "bf16"
    return np.concatenate([read_prompt(model, prompt, kv_dtype) for prompt in case.prompts])


def peer_logits(python: str, case: Case, folder: Path, kind: str) -> F32:
    """Of all prompts, by llama.cpp in a process of its own, on weights that it has quantised itself."""
    offsets = np.cumsum([len(prompt) for prompt in case.prompts])[:-1]
    np.savez(folder / "prompts.npz", *case.prompts)
    command = [python, str(Path(__file__).with_name("quality_llama_cpp.py")), str(folder), kind]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    logits: F32 = np.load(folder / "logits.npy")
    assert len(logits) == offsets[-1] + len(case.prompts[-1])
    return logits


def qualities(case: Case, folder: Path, llama_cpp: str | None) -> dict[str, Quality]:
    """Of every kind of both programs."""
    write_checkpoint(folder / "hf", case.config, case.weights)
    metadata = {"tokenizer.ggml.model": "no_vocab", "llama.vocab_size": case.config.vocab_size}
    exact = tampu_logits(case, folder, "f32")
    table = {}
    for kind in get_args(Kind):
        if kind != "f32":
            table[f"tampu {kind}"] = Quality.of(tampu_logits(case, folder, kind), exact)
        if kind.startswith("int"):
            table[f"tampu {kind}, not rotated"] = Quality.of(tampu_logits(case, folder, kind, Rotation()), exact)
    if llama_cpp is not None:
        write_gguf(folder / "f32.gguf", case.config, case.weights, "F32", metadata, vocabulary=False)
        for peer in PEERS:
            table[f"llama.cpp {peer}"] = Quality.of(peer_logits(llama_cpp, case, folder, peer), exact)
    return table


def main() -> None:
    """Measure every case and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", metavar="PYTHON", help="a Python with llama-cpp-python; else it is left out")
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], help="which models [default all]")
    arguments = parser.parse_args()
    print(machine())
    for name in arguments.cases or CASES:
        with tempfile.TemporaryDirectory() as folder:
            table = qualities(CASES[name](), Path(folder), arguments.llama_cpp)
        print(f"\n| {name} | KL | error | top 1 |\n|---|---|---|---|")
        for subject, quality in table.items():
            print(f"| {subject} | {quality.kl:.2e} | {quality.error:.4f} | {100 * quality.top_1:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
