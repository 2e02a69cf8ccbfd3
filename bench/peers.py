"""tampu beside llama.cpp and transformers on the same random weights: prefill, one stream, sixteen streams.

Each subject runs in a process of its own. llama.cpp needs `pip install llama-cpp-python`; without it, it is left out.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from bench.machine import machine
from tampu.model.config import ModelConfig
from tests.checkpoints import Weights, random_weights, tiny_config, write_checkpoint

PREFILL, DECODE, STREAMS = 512, 64, 16
SHAPES: dict[str, dict[str, Any]] = {
    "cria": {"hidden_size": 256, "num_hidden_layers": 8, "num_attention_heads": 8, "num_key_value_heads": 4}
    | {"head_dim": 32, "intermediate_size": 768, "vocab_size": 4352, "tie_word_embeddings": True},
    "1b": {"hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8}
    | {"head_dim": 64, "intermediate_size": 8192, "vocab_size": 128256, "tie_word_embeddings": True},
}
Figures = dict[str, float]


def prompt_ids(vocab_size: int, length: int, seed: int) -> list[int]:
    """Random token ids, different for each seed, so that no prefix is shared."""
    return [int(token_id) for token_id in np.random.default_rng(seed).integers(0, vocab_size, length)]


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_tampu(folder: Path, threads: int, quant: str) -> Figures:
    """tampu's engine, in this process."""
    from tampu.engine.loading import load_engine
    from tampu.engine.sequence import SequenceSpec
    from tampu.request import SamplingParams
    from tampu.settings import EngineSettings, load

    # Random weights repeat themselves: what is guessed would be right, and is no measure.
    settings = load(EngineSettings, {"threads": threads, "quant": quant, "speculate": "off"})
    engine, card = load_engine(folder / "hf", folder / "cache", settings, lambda _phase, _fraction: None)
    numbers = iter(range(10**6))

    def generate(count: int, length: int, max_tokens: int) -> None:
        for _ in range(count):
            number = next(numbers)
            sampling = SamplingParams(temperature=0.0, max_tokens=max_tokens, seed=0)
            engine.add(SequenceSpec(number, tuple(prompt_ids(card.vocab_size, length, number)), sampling))
        while engine.has_work():
            engine.step()

    return three_figures(generate)


def measure_llama_cpp(folder: Path, threads: int, quant: str) -> Figures:
    """llama.cpp through its C interface: one batch per step, greedy tokens picked in numpy."""
    import llama_cpp

    params = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_load_model_from_file(str(folder / f"{quant}.gguf").encode(), params)
    context_params = llama_cpp.llama_context_default_params()
    context_params.n_ctx, context_params.n_batch, context_params.n_ubatch = 8192, PREFILL, PREFILL
    context_params.n_seq_max = STREAMS
    context_params.n_threads = context_params.n_threads_batch = threads
    context = llama_cpp.llama_new_context_with_model(model, context_params)
    vocab_size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    batch = llama_cpp.llama_batch_init(PREFILL, 0, 1)

    def decode(entries: list[tuple[int, int, int, bool]]) -> None:
        """Entries are (token id, position, sequence, whether its logits are wanted)."""
        batch.n_tokens = len(entries)
        for i, (token_id, position, sequence, wanted) in enumerate(entries):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token_id, position, 1, wanted
            batch.seq_id[i][0] = sequence
        assert llama_cpp.llama_decode(context, batch) == 0

    def best(index: int) -> int:
        return int(np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, index), (vocab_size,)).argmax())

    def generate(count: int, length: int, max_tokens: int) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        last = []
        for sequence in range(count):
            ids = prompt_ids(vocab_size, length, sequence)
            decode([(token_id, i, sequence, i == length - 1) for i, token_id in enumerate(ids)])
            last.append(best(length - 1))
        for step in range(max_tokens - 1):
            decode([(token_id, length + step, sequence, True) for sequence, token_id in enumerate(last)])
            last = [best(i) for i in range(count)]

    return three_figures(generate)


def measure_transformers(folder: Path, threads: int, quant: str) -> Figures:
    """transformers' LlamaForCausalLM with its own key-value cache."""
    import torch
    from transformers import LlamaForCausalLM

    torch.set_num_threads(threads)
    model = LlamaForCausalLM.from_pretrained(folder / "hf", dtype=torch.bfloat16 if quant == "bf16" else torch.float32)

    @torch.inference_mode()  # type: ignore[untyped-decorator, unused-ignore]
    def generate(count: int, length: int, max_tokens: int) -> None:
        ids = torch.tensor([prompt_ids(model.config.vocab_size, length, sequence) for sequence in range(count)])
        out = model(ids, use_cache=True, logits_to_keep=1)
        for _ in range(max_tokens - 1):
            best = out.logits[:, -1:].argmax(-1)
            out = model(best, past_key_values=out.past_key_values, use_cache=True)

    return three_figures(generate)


def three_figures(generate: Callable[[int, int, int], None]) -> Figures:
    """Tokens/s of a 512-token prompt, of one stream, and of sixteen in sum; the median of three runs each."""
    generate(1, 32, 4)

    def rate(tokens: int, count: int, max_tokens: int, length: int) -> float:
        def decode_seconds() -> float:
            whole = timed(lambda: generate(count, length, max_tokens))
            return whole if max_tokens == 1 else whole - timed(lambda: generate(count, length, 1))

        return tokens / sorted(decode_seconds() for _ in range(3))[1]

    return {
        "prefill 512": rate(PREFILL, 1, 1, PREFILL),
        "1 stream": rate(DECODE, 1, DECODE + 1, 32),
        "16 streams, sum": rate(STREAMS * DECODE, STREAMS, DECODE + 1, 32),
    }


def write_gguf(path: Path, config: ModelConfig, weights: Weights, kind: Any) -> None:
    """The same weights as llama.cpp wants them: its names, its order of the rotated halves, a byte vocabulary."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, values in weights.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            heads = len(values) // config.head_dim
            halves = values.reshape(heads, 2, config.head_dim // 2, -1)
            values = np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)
        stored = gguf.GGMLQuantizationType.F32 if values.ndim == 1 else kind
        data = gguf.quants.quantize(values, stored)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


SUBJECTS = {
    "tampu int8": (measure_tampu, "int8"),
    "tampu bf16": (measure_tampu, "bf16"),
    "llama.cpp Q8_0": (measure_llama_cpp, "q8_0"),
    "llama.cpp BF16": (measure_llama_cpp, "bf16"),
    "transformers bf16": (measure_transformers, "bf16"),
}


def run_subject(name: str, folder: Path, threads: int) -> Figures | None:
    """The subject's figures from a process of its own; None when it is not installed or failed."""
    command = [
        sys.executable,
        "-m",
        "bench.peers",
        "--subject",
        name,
        "--folder",
        str(folder),
        "--threads",
        str(threads),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        print(f"  {name}: left out ({reason})", file=sys.stderr)
        return None
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def main() -> None:
    """Write the checkpoints, run every subject, print the table with ratios to the best peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="cria")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--subject", choices=SUBJECTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.subject:
        measure, quant = SUBJECTS[arguments.subject]
        print(json.dumps(measure(arguments.folder, arguments.threads, quant)))
        return
    with tempfile.TemporaryDirectory() as folder:
        config = tiny_config(**SHAPES[arguments.shape])
        weights = random_weights(config)
        write_checkpoint(Path(folder) / "hf", config, weights, "bfloat16")
        write_gguf(Path(folder) / "q8_0.gguf", config, weights, gguf.GGMLQuantizationType.Q8_0)
        write_gguf(Path(folder) / "bf16.gguf", config, weights, gguf.GGMLQuantizationType.BF16)
        del weights
        table = {name: run_subject(name, Path(folder), arguments.threads) for name in SUBJECTS}
    if arguments.json:
        print(json.dumps({"machine": machine(), "shape": arguments.shape, "tokens per second": table}, indent=2))
        return
    print(f"{arguments.shape} shape, random weights, {arguments.threads} threads, tokens/s\n{machine()}\n")
    print("| | prefill 512 | 1 stream | 16 streams, sum |\n|---|---|---|---|")
    for name, figures in table.items():
        if figures:
            print(f"| {name} | " + " | ".join(f"{value:,.0f}" for value in figures.values()) + " |")


if __name__ == "__main__":
    main()
