"""Sampling and log-probabilities over a row of logits.

Processors turn the logits of one row into the logits of what may be drawn, -inf being what may not. Each kept token
then weighs an integer, 2^30 for the likeliest, so that sums are exact and native code may add in any order, select
instead of sort, and still draw the same token. Tokens 2^-31 times as likely as the likeliest weigh nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tampu.kernels.interface import F32, I32, U32, SampleRows, SparseRows, TopLogprobs
from tampu.kernels.numerics import exp, lane_sum, log

HEAVIEST = np.float32(2.0**30)
NOT_DRAWN = np.float32(-np.inf)


@dataclass(frozen=True, slots=True)
class Controls:
    """The sampling controls of one row; see `SampleRows`."""

    temperature: np.float32
    top_p: np.float32
    top_k: int
    min_p: np.float32
    top_a: np.float32
    repetition_penalty: np.float32
    presence_penalty: np.float32
    frequency_penalty: np.float32
    bias_ids: I32
    bias: F32
    seen_ids: I32
    counts: F32
    mask: U32 | None


def sample(logits: F32, rows: SampleRows) -> I32:
    """One token id per row; -1 where a logit that may be drawn is NaN or none is above -inf."""
    drawn = np.empty(len(logits), np.int32)
    for b in range(len(logits)):
        row, controls = logits[b], _controls(rows, b)
        for process in PROCESSORS:
            row = process(row, controls)
        drawn[b] = _draw(row, _philox_fraction(int(rows.seed[b]), int(rows.choice[b]), int(rows.position[b])))
    return drawn


def logprobs(logits: F32, token_ids: I32, top: int) -> TopLogprobs:
    """Log-softmax of raw logits for `token_ids`, and the `top` likeliest; NaN rows have NaN and the ids -1."""
    with np.errstate(invalid="ignore"):
        highest = np.fmax.reduce(logits, axis=1)
        centred = _centre(logits, highest[:, None])
        table = centred - log(lane_sum(exp(centred)))[:, None]
    order = np.argsort(-logits, axis=1, kind="stable")[:, :top].astype(np.int32)
    top_logprobs = np.take_along_axis(table, order, axis=1)
    unusable = np.isnan(logits).any(axis=1) | (highest == NOT_DRAWN)
    table[unusable], top_logprobs[unusable], order[unusable] = np.nan, np.nan, -1
    return TopLogprobs(table[np.arange(len(logits)), token_ids], order, top_logprobs)


def add_logit_bias(logits: F32, controls: Controls) -> F32:
    """Adds the bias of each listed token."""
    biased = logits.copy()
    biased[controls.bias_ids] += controls.bias
    return biased


def apply_penalties(logits: F32, controls: Controls) -> F32:
    """Repetition divides (multiplies) positive (negative) logits of all seen tokens, then frequency and presence are
    subtracted from those generated."""
    seen = logits[controls.seen_ids]
    penalty = controls.repetition_penalty
    seen = np.where(seen > 0, seen / penalty, seen * penalty)
    seen = seen - controls.frequency_penalty * controls.counts
    seen = np.where(controls.counts > 0, seen - controls.presence_penalty, seen)
    penalised = logits.copy()
    penalised[controls.seen_ids] = seen
    return penalised


def mask_grammar(logits: F32, controls: Controls) -> F32:
    """Keeps the tokens whose bit is 1; where there is no mask, all."""
    if controls.mask is None:
        return logits
    bits = np.unpackbits(controls.mask.astype("<u4").view(np.uint8), count=len(logits), bitorder="little")
    return np.where(bits == 1, logits, NOT_DRAWN)


def scale_temperature(logits: F32, controls: Controls) -> F32:
    """(logits - their maximum) / temperature; at temperature 0 only the first maximum stays, at a NaN nothing."""
    highest = np.max(logits)
    if controls.temperature == 0 or np.isnan(highest) or highest == NOT_DRAWN:
        kept = np.full_like(logits, NOT_DRAWN)
        kept[np.flatnonzero((logits == highest) & (logits > NOT_DRAWN))[:1]] = 0
        return kept
    with np.errstate(over="ignore", invalid="ignore"):
        return _centre(logits, highest) / controls.temperature


def keep_min_p(logits: F32, controls: Controls) -> F32:
    """Keeps tokens at least min_p times as likely as the likeliest."""
    return np.where(exp(logits) >= controls.min_p, logits, NOT_DRAWN)


def keep_top_a(logits: F32, controls: Controls) -> F32:
    """Keeps tokens with p >= top_a * p_max^2, p being the shares of what is left.

    With the likeliest weighing 2^30 that is weight * total >= top_a * 2^60; it always stays itself.
    """
    if controls.top_a <= 0:
        return logits
    weights = _weights(logits)
    total = weights.sum()
    if total == 0:
        return logits
    least = np.ceil(np.float64(controls.top_a) * 2.0**60 / np.float64(total))
    return np.where(weights >= int(least), logits, NOT_DRAWN)


def keep_top_k(logits: F32, controls: Controls) -> F32:
    """Keeps the top_k likeliest, the lower id where equal; 0 keeps all."""
    if controls.top_k == 0 or controls.top_k >= len(logits):
        return logits
    return _keep(logits, _likeliest_first(logits)[: controls.top_k])


def keep_top_p(logits: F32, controls: Controls) -> F32:
    """Keeps the fewest likeliest whose weights reach top_p of what is left, at least one."""
    if controls.top_p >= 1:
        return logits
    weights = _weights(logits)
    order = _likeliest_first(logits)
    needed = max(1, int(np.ceil(np.float64(controls.top_p) * np.float64(weights.sum()))))
    count = int(np.searchsorted(np.cumsum(weights[order]), needed)) + 1
    return _keep(logits, order[:count])


Processor = Callable[[F32, Controls], F32]
PROCESSORS: list[Processor] = [
    add_logit_bias,
    apply_penalties,
    mask_grammar,
    scale_temperature,
    keep_min_p,
    keep_top_a,
    keep_top_k,
    keep_top_p,
]


def philox4x32(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Four random 32-bit words for a counter and a key, ten rounds: Salmon et al., Random123, SC 2011."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        low, high = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (high >> 32) ^ c1 ^ k0, high & 0xFFFFFFFF, (low >> 32) ^ c3 ^ k1, low & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _philox_fraction(seed: int, choice: int, position: int) -> int:
    """u * 2^64 of the draw, an integer in [0, 2^64)."""
    words = philox4x32((position, choice, 0, 0), (seed & 0xFFFFFFFF, seed >> 32))
    return words[0] << 32 | words[1]


def _draw(logits: F32, fraction: int) -> int:
    """The first token in id order whose cumulative weight exceeds u * total; -1 where nothing is left."""
    cumulative = np.cumsum(_weights(logits))
    total = int(cumulative[-1])
    return int(np.searchsorted(cumulative, fraction * total >> 64, side="right")) if total else -1


def _weights(logits: F32) -> NDArray[np.int64]:
    """Integer weights of logits whose maximum is 0."""
    weights: NDArray[np.int64] = np.rint(exp(logits) * HEAVIEST).astype(np.int64)
    return weights


def _centre(logits: F32, highest: F32 | np.float32) -> F32:
    """logits - highest, 0 for the highest also where that is infinite."""
    return np.where(logits == highest, np.float32(0), logits - highest)


def _likeliest_first(logits: F32) -> NDArray[np.intp]:
    return np.argsort(-logits, kind="stable")


def _keep(logits: F32, token_ids: NDArray[np.intp]) -> F32:
    kept = np.full_like(logits, NOT_DRAWN)
    kept[token_ids] = logits[token_ids]
    return kept


def _controls(rows: SampleRows, b: int) -> Controls:
    bias_ids, bias = _sparse_row(rows.logit_bias, b)
    seen_ids, counts = _sparse_row(rows.seen, b)
    return Controls(
        temperature=rows.temperature[b],
        top_p=rows.top_p[b],
        top_k=int(rows.top_k[b]),
        min_p=rows.min_p[b],
        top_a=rows.top_a[b],
        repetition_penalty=rows.repetition_penalty[b],
        presence_penalty=rows.presence_penalty[b],
        frequency_penalty=rows.frequency_penalty[b],
        bias_ids=bias_ids,
        bias=bias,
        seen_ids=seen_ids,
        counts=counts,
        mask=None if rows.mask is None else rows.mask[b],
    )


def _sparse_row(sparse: SparseRows, b: int) -> tuple[I32, F32]:
    row = slice(sparse.offsets[b], sparse.offsets[b + 1])
    return sparse.token_ids[row], sparse.values[row]
