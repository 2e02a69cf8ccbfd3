"""Cost curves and a roofline, measured and drawn: tokens/s by streams and by context, and linears beside their limits.

    python -m bench.curves --shape 8b --folder weights --draw docs/pictures

Steps are taken with a key-value cache that is filled as if the streams had come that far. Drawing needs matplotlib
(`pip install -e ".[bench]"`).
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.kernels import LINEARS, random_weight
from bench.machine import machine
from bench.shapes import SHAPES, write_files
from tampu.kernels import load_kernels
from tampu.kernels.interface import AttentionRows, Kernels, Kind, rows_kind
from tampu.kernels.limits import STREAM_BYTES, measure_limits
from tampu.model.llama import ForwardInput, Llama
from tampu.model.packed import open_packed

KINDS: tuple[Kind, ...] = ("int8", "int4")
STREAMS = (1, 2, 4, 8, 16, 32, 64)
CONTEXTS = (128, 512, 2048, 8192, 32768)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
BLOCK_SIZE = 32
FILLING = {"int8": 3, "bf16": 0x3C00}  # small numbers, so that pages are real and no sum overflows
Curve = dict[int, float]


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The median time, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return median(times)


class Decoding:
    """Decode steps of a model at any number of streams and any context."""

    def __init__(self, model: Llama, kv_dtype: str) -> None:
        self._model = model
        blocks = max(max(CONTEXTS), max(STREAMS) * CONTEXTS[0]) // BLOCK_SIZE
        self._cache = model.new_cache(blocks, BLOCK_SIZE, kv_dtype)
        for layer in self._cache:
            for numbers in (layer.keys, layer.values):
                numbers.fill(FILLING[kv_dtype])
            for scales in (layer.key_scales, layer.value_scales):
                if scales is not None:
                    scales.fill(0.01)

    def rate(self, streams: int, context: int, repeats: int) -> float:
        """Tokens per second of so many streams in sum, each with so many tokens before."""
        per_stream = context // BLOCK_SIZE
        tables = np.arange(streams * per_stream, dtype=np.int32).reshape(streams, per_stream)
        position = np.full(streams, context - 1, np.int32)
        inputs = ForwardInput(
            token_ids=np.arange(streams, dtype=np.int32),
            slot_mapping=tables[:, -1] * np.int32(BLOCK_SIZE) + np.int32(BLOCK_SIZE - 1),
            attention=AttentionRows(tables, np.arange(streams, dtype=np.int32), position),
            logits_indices=np.arange(streams, dtype=np.int32),
        )
        return streams / seconds(lambda: self._model.forward(inputs, self._cache), repeats)


def measure_curves(path: Path, kernels: Kernels, kv_dtype: str, repeats: int) -> dict[str, Curve]:
    """Tokens/s by streams at 128 tokens of context, and of one stream by context."""
    decoding = Decoding(Llama(open_packed(path), kernels), kv_dtype)
    return {
        "streams": {streams: decoding.rate(streams, CONTEXTS[0], repeats) for streams in STREAMS},
        "context": {context: decoding.rate(1, context, repeats) for context in CONTEXTS},
    }


def measure_roofline(kernels: Kernels, kind: Kind, repeats: int) -> list[tuple[float, float]]:
    """For each number of rows: operations per byte of the weights, and operations per second, of gate_up at 8B."""
    rng = np.random.default_rng(0)
    shape = LINEARS["gate_up"]
    size = random_weight(rng, kind, *shape).nbytes
    weights = cycle([random_weight(rng, kind, *shape) for _ in range(STREAM_BYTES // size + 1)])
    points = []
    for num_rows in ROWS:
        rows = kernels.quantize_rows(rng.standard_normal((num_rows, shape[1]), np.float32), rows_kind(kind))
        operations = 2 * num_rows * shape[0] * shape[1]
        taken = seconds(lambda: kernels.linear(rows, next(weights)), repeats)  # noqa: B023 - called at once
        points.append((operations / size, operations / taken))
    return points


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    kernels = load_kernels("auto", arguments.threads)
    figures: dict[str, Any] = {"machine": machine(), "shape": arguments.shape, "isa": kernels.isa, "curves": {}}
    for kind in KINDS:
        path = write_files(arguments.folder, arguments.shape, kind)
        for kv_dtype in ("bf16", "int8"):
            print(f"  {kind}, cache {kv_dtype} ...", flush=True)
            figures["curves"][f"{kind}, cache {kv_dtype}"] = measure_curves(path, kernels, kv_dtype, arguments.repeats)
    limits = measure_limits(kernels)
    figures |= {"read": limits.read, "multiply": limits.multiply}
    figures["roofline"] = {kind: measure_roofline(kernels, kind, arguments.repeats) for kind in KINDS}
    return figures


def draw(figures: dict[str, Any], folder: Path) -> None:
    """Three pictures."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "tampu", "svg.fonttype": "none", "axes.grid": True, "grid.alpha": 0.3}
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    note = f"{figures['shape']} shape, random weights. {figures['machine']}"

    def picture(name: str, title: str, x_label: str, y_label: str, lines: Callable[[Any], None]) -> None:
        figure, axes = pyplot.subplots(figsize=(7.2, 4.2))
        lines(axes)
        axes.set(title=title, xlabel=x_label, ylabel=y_label)
        axes.legend(frameon=False)
        figure.text(0.01, 0.005, note, fontsize=6, color="gray")
        figure.tight_layout(rect=(0, 0.02, 1, 1))
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        pyplot.close(figure)

    def by(key: str) -> Callable[[Any], None]:
        def lines(axes: Any) -> None:
            for name, curves in figures["curves"].items():
                points = {int(x): y for x, y in curves[key].items()}
                axes.plot(list(points), list(points.values()), marker="o", label=name)
            ticks = STREAMS if key == "streams" else CONTEXTS
            axes.set_xscale("log", base=2)
            axes.set_xticks(ticks, [str(tick) for tick in ticks])
            axes.set_ylim(bottom=0)

        return lines

    picture("streams", "Tokens per second by streams", "streams, 128 tokens each", "tokens/s in sum", by("streams"))
    picture("context", "Tokens per second of one stream by context", "tokens before", "tokens/s", by("context"))
    picture(
        "roofline", "The widest linear of 8B under its roof", "operations per byte of the weights", "GOP/s",
        lambda axes: draw_roof(axes, figures["read"], figures["multiply"], figures["roofline"]),
    )  # fmt: skip


def draw_roof(axes: Any, read: float, multiply: float, points: dict[str, Sequence[tuple[float, float]]]) -> None:
    """What memory and multipliers allow, and what the linears reach, on logarithmic axes."""
    intensities = np.geomspace(1, 4096, 64)
    roof = np.minimum(intensities * read, multiply) / 1e9
    axes.plot(intensities, roof, color="black", label=f"limit: {read / 1e9:.0f} GB/s, {multiply / 1e9:,.0f} GOP/s")
    for name, reached in points.items():
        axes.plot([x for x, _ in reached], [y / 1e9 for _, y in reached], marker="o", linestyle="--", label=name)
    axes.set(xscale="log", yscale="log")


def print_tables(figures: dict[str, Any]) -> None:
    """The curves as tables."""
    for key, columns in (("streams", STREAMS), ("context", CONTEXTS)):
        print(f"\n| tokens/s by {key} | {' | '.join(map(str, columns))} |\n|---{'|---' * len(columns)}|")
        for name, curves in figures["curves"].items():
            print(f"| {name} | {' | '.join(f'{curves[key][column]:.1f}' for column in columns)} |")


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, required=True, help="where the weights are, or are to be written")
    parser.add_argument("--draw", type=Path, help="write pictures, and the figures they are drawn from, here")
    arguments = parser.parse_args()
    figures = measure(arguments)
    print(figures["machine"])
    print_tables(figures)
    if arguments.draw:
        draw(json.loads(json.dumps(figures)), arguments.draw)
        (arguments.draw / "curves.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
