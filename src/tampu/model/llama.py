"""The forward pass of a Llama, written once against the kernel interface.

N tokens of all rows laid flat, L rows whose logits are wanted, H query heads, D head size, K hidden_size, V vocab_size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from tampu.kernels import ARITHMETIC_VERSION
from tampu.kernels.cache import new_layer_cache
from tampu.kernels.interface import F32, I32, AttentionRows, Kernels, LayerCache, PackedLinear, Rows, rows_kind
from tampu.model.lora import AdapterRows
from tampu.model.packed import PackedModel
from tampu.model.plan import EMBED_TOKENS, INVERSE_FREQUENCIES, LM_HEAD, NORM


@dataclass(frozen=True, slots=True)
class ForwardInput:
    """The tokens of one step. slot_mapping has the cache slot (block * block_size + offset) of each token's K and V."""

    token_ids: I32  # [N]
    slot_mapping: I32  # [N]
    attention: AttentionRows
    logits_indices: I32  # [L], indices into the N tokens
    adapters: AdapterRows | None = None  # None: no token has one


@dataclass(frozen=True, slots=True)
class Layer:
    """The weights of one transformer layer; qkv_proj is q, k, v stacked, gate_up_proj gate and up."""

    input_layernorm: F32
    qkv_proj: PackedLinear
    o_proj: PackedLinear
    post_attention_layernorm: F32
    gate_up_proj: PackedLinear
    down_proj: PackedLinear


class Llama:
    """A packed model and the kernels that run it."""

    def __init__(self, packed: PackedModel, kernels: Kernels) -> None:
        weights = packed.weights
        self.config = packed.config
        self.rows_kind = rows_kind(packed.kind)
        self.fingerprint = _hash(packed.fingerprint, ARITHMETIC_VERSION)
        self.kernels = kernels
        self.embed_tokens = cast(PackedLinear, weights[EMBED_TOKENS])
        self.layers = [
            Layer(**{name: weights[f"layers.{layer}.{name}"] for name in Layer.__slots__})  # type: ignore[arg-type]
            for layer in range(packed.config.num_hidden_layers)
        ]
        self.norm = cast(F32, weights[NORM])
        self.lm_head = cast(PackedLinear, weights[LM_HEAD])
        self.rotation = packed.rotation
        self.inverse_frequencies = cast(F32, weights[INVERSE_FREQUENCIES])

    def fingerprint_with(self, kv_dtype: str) -> str:
        """The fingerprint of this model with that cache: equal fingerprints give equal tokens."""
        return _hash(self.fingerprint, kv_dtype)

    def new_cache(self, num_blocks: int, block_size: int, kv_dtype: str) -> list[LayerCache]:
        """Empty blocks for keys and values, one LayerCache per layer; BadSetting where there is no such cache."""
        groups, head_size = self.config.num_key_value_heads, self.config.head_dim
        return [new_layer_cache(num_blocks, groups, block_size, head_size, kv_dtype) for _ in self.layers]

    def forward(self, inputs: ForwardInput, cache: Sequence[LayerCache]) -> F32:
        """Logits f32[L, V] of the wanted tokens; keys and values of all N tokens are written to the cache."""
        hidden = self.kernels.gather_rows(self.embed_tokens, inputs.token_ids)  # f32[N, K]
        rotation = self.kernels.rotary_table(inputs.attention.positions, self.inverse_frequencies)
        attention, wanted, adapters = inputs.attention, inputs.logits_indices, inputs.adapters
        for index, (layer, layer_cache) in enumerate(zip(self.layers, cache, strict=True)):
            queries = self._project(index, hidden, rotation, inputs, layer_cache)
            if layer is self.layers[-1]:
                # From here on the other tokens matter to nobody: their last keys and values are in the cache. N is L.
                hidden, queries, attention = hidden.take(wanted, 0), queries.take(wanted, 0), _take(attention, wanted)
                adapters = None if adapters is None else adapters.take(wanted)
            hidden = self._attend(index, hidden, queries, attention, layer_cache, adapters)
            hidden = self._feed_forward(index, hidden, adapters)
        return self.kernels.linear(self._norm(hidden, self.norm), self.lm_head)

    def _project(
        self, index: int, hidden: F32, rotation: tuple[F32, F32], inputs: ForwardInput, cache: LayerCache
    ) -> F32:
        """Queries f32[N, H, D]; keys and values go to their slots of the cache."""
        layer, kernels = self.layers[index], self.kernels
        rows = self._norm(hidden, layer.input_layernorm)
        qkv = self._linear(index, "qkv_proj", rows, inputs.adapters)  # f32[N, (H + 2 G) * D]
        return kernels.rotate_and_cache(qkv, *rotation, inputs.slot_mapping, self.config.num_attention_heads, cache)

    def _attend(
        self,
        index: int,
        hidden: F32,
        queries: F32,
        attention: AttentionRows,
        cache: LayerCache,
        adapters: AdapterRows | None,
    ) -> F32:
        attended = self.kernels.attention(queries, cache, attention)  # f32[N, H * D]
        rows = self.kernels.quantize_rows(attended, self.rows_kind, self.rotation.heads)
        return self._linear(index, "o_proj", rows, adapters, hidden)

    def _feed_forward(self, index: int, hidden: F32, adapters: AdapterRows | None) -> F32:
        layer, kernels = self.layers[index], self.kernels
        rows = self._norm(hidden, layer.post_attention_layernorm)
        gate_up = self._linear(index, "gate_up_proj", rows, adapters)  # f32[N, 2 * intermediate_size]
        rows = kernels.silu_mul(gate_up, self.rows_kind, self.rotation.inner)
        return self._linear(index, "down_proj", rows, adapters, hidden)

    def _norm(self, hidden: F32, gain: F32) -> Rows:
        eps, width = self.config.rms_norm_eps, self.rotation.hidden
        return self.kernels.rms_norm(hidden, gain, eps, self.rows_kind, width)

    def _linear(
        self, index: int, name: str, rows: Rows, adapters: AdapterRows | None, residual: F32 | None = None
    ) -> F32:
        """A linear of one layer, and what the adapters add to it."""
        out = self.kernels.linear(rows, getattr(self.layers[index], name), residual)
        if adapters is not None:
            adapters.add(self.kernels, index, name, rows, out)
        return out


def _hash(*parts: object) -> str:
    return sha256(" ".join(map(str, parts)).encode()).hexdigest()


def _take(rows: AttentionRows, wanted: I32) -> AttentionRows:
    return AttentionRows(rows.block_tables, rows.row_of_token.take(wanted), rows.positions.take(wanted))
