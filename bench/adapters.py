"""What LoRA adapters cost: decode steps of 8 rows with none, one and eight adapters, and a prompt with one.

An eighth of an 8B model, its layers and its vocabulary alike, with random weights: the shares are those of the whole.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from bench.kernels import random_weight
from bench.machine import machine
from tampu.kernels import load_kernels, usable_cores
from tampu.kernels.interface import I32, AttentionRows, Kind, LayerCache, LowRank, PackedLinear
from tampu.model.checkpoint import tensor_shapes
from tampu.model.config import GenerationDefaults, ModelConfig
from tampu.model.llama import ForwardInput, Llama
from tampu.model.lora import PROJECTIONS, Adapter, AdapterRows
from tampu.model.packed import PackedModel, Weight
from tampu.model.plan import packed_plan, weight_kind
from tampu.model.rotation import rotation_for

RANK, ROWS, CONTEXT, PREFILL, BLOCK = 16, 8, 256, 512, 32
SHAPES = {
    "8b": ModelConfig(
        hidden_size=4096,
        num_hidden_layers=4,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        intermediate_size=14336,
        vocab_size=16032,
        max_position_embeddings=8192,
        rms_norm_eps=1e-5,
    ),
    "1b": ModelConfig(
        hidden_size=2048,
        num_hidden_layers=8,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=64,
        intermediate_size=8192,
        vocab_size=64128,
        max_position_embeddings=8192,
        rms_norm_eps=1e-5,
    ),
}


def random_model(config: ModelConfig, kind: Kind) -> PackedModel:
    """A model of this shape that was never on a disk."""
    rng = np.random.default_rng(0)
    rotation = rotation_for(kind, config)
    weights: dict[str, Weight] = {}
    for planned in packed_plan(config, kind):
        if len(planned.shape) == 1:
            weights[planned.name] = np.full(planned.shape, 1e-3, np.float32)
        else:
            weights[planned.name] = random_weight(rng, weight_kind(kind, planned.name), *planned.shape)
    return PackedModel(config, None, GenerationDefaults(), kind, weights, rotation, "random", "random")


def random_adapter(config: ModelConfig, seed: int) -> Adapter:
    """An adapter of every projection."""
    rng, shapes = np.random.default_rng(seed), tensor_shapes(config)

    def low_rank(layer: int, sources: tuple[str, ...]) -> LowRank:
        sizes = [shapes[f"model.layers.{layer}.{source}.weight"] for source in sources]
        firsts = np.cumsum([0, *(size[0] for size in sizes[:-1])])
        slices = np.array([(first, size[0], RANK) for first, size in zip(firsts, sizes, strict=True)], np.int32)
        count = RANK * (len(sizes) * sizes[0][1] + sum(size[0] for size in sizes))
        return LowRank(rng.integers(0x3A00, 0x3C00, count, np.uint16), sizes[0][1], slices)

    layers = range(config.num_hidden_layers)
    linears = PROJECTIONS.items()
    return Adapter(str(seed), tuple({name: low_rank(layer, of) for name, of in linears} for layer in layers))


def decode_inputs(adapters: AdapterRows | None) -> ForwardInput:
    """A token for each of 8 rows of 256."""
    blocks = CONTEXT // BLOCK
    tables = np.arange(ROWS * blocks, dtype=np.int32).reshape(ROWS, blocks)
    rows = np.arange(ROWS, dtype=np.int32)
    positions = np.full(ROWS, CONTEXT - 1, np.int32)
    slots = tables[:, -1] * BLOCK + BLOCK - 1
    return ForwardInput(rows, slots, AttentionRows(tables, rows, positions), rows, adapters)


def prefill_inputs(adapters: AdapterRows | None) -> ForwardInput:
    """A prompt of 512 tokens."""
    positions = np.arange(PREFILL, dtype=np.int32)
    tables = np.arange(PREFILL // BLOCK, dtype=np.int32)[None]
    rows = AttentionRows(tables, np.zeros_like(positions), positions)
    return ForwardInput(positions, positions, rows, positions[-1:], adapters)


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def compare(model: Llama, cases: dict[str, ForwardInput], cache: list[LayerCache], repeats: int) -> None:
    """One line per case: median time, and the speed beside the first one's. Taken in turns: a busy machine is fair."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(repeats + 1):
        for name, inputs in cases.items():
            times[name].append(seconds(lambda inputs=inputs: model.forward(inputs, cache)))  # type: ignore[misc]
    base = median(next(iter(times.values()))[1:])
    for name, taken in times.items():
        print(f"  {name:28} {1000 * median(taken[1:]):8.2f} ms   {base / median(taken[1:]):.2f} of the speed without")


def owners(*values: int) -> I32:
    """Which adapter each row has."""
    return np.array(values, np.int32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--quant", default="int8")
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--isa", default="auto")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print(machine())
    config = SHAPES[options.shape]
    model = Llama(random_model(config, options.quant), load_kernels(options.isa, options.threads))
    adapters = [random_adapter(config, seed) for seed in range(ROWS)]
    cache = model.new_cache(ROWS * CONTEXT // BLOCK, BLOCK, "bf16")
    weights = sum(each.data.nbytes for each in linears_of(model))
    size = adapters[0].num_bytes / 1e6
    print(f"{options.shape} {options.quant}: {weights / 1e6:.0f} MB of weights, adapters of {size:.1f} MB")
    decode = {
        "8 rows, no adapter": decode_inputs(None),
        "8 rows, one adapter": decode_inputs(AdapterRows(adapters[:1], owners(*[0] * ROWS))),
        "8 rows, 8 adapters": decode_inputs(AdapterRows(adapters, owners(*range(ROWS)))),
        "8 rows, one of them adapted": decode_inputs(AdapterRows(adapters[:1], owners(0, *[-1] * (ROWS - 1)))),
    }
    compare(model, decode, cache, options.repeats)
    prompt = AdapterRows(adapters[:1], np.zeros(PREFILL, np.int32))
    prefill = {"512 tokens, no adapter": prefill_inputs(None), "512 tokens, one adapter": prefill_inputs(prompt)}
    compare(model, prefill, cache, max(1, options.repeats // 5))


def linears_of(model: Llama) -> list[PackedLinear]:
    """The linears of a model."""
    layers = [getattr(layer, name) for layer in model.layers for name in PROJECTIONS]
    return [model.lm_head, *layers]


if __name__ == "__main__":
    main()
