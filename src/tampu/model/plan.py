"""Which tensors of a checkpoint make up which weight of a packed file."""

from dataclasses import dataclass

from tampu.kernels.interface import Kind, rows_kind
from tampu.model.checkpoint import EMBEDDING, Shape, tensor_shapes
from tampu.model.checkpoint import LM_HEAD as LM_HEAD_TENSOR
from tampu.model.config import ModelConfig

EMBED_TOKENS, NORM, LM_HEAD, INVERSE_FREQUENCIES = "embed_tokens", "norm", "lm_head", "inverse_frequencies"

# packed name: the checkpoint's tensors, stacked along the output channels
LAYER_PLAN = {
    "input_layernorm": ("input_layernorm",),
    "qkv_proj": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "o_proj": ("self_attn.o_proj",),
    "post_attention_layernorm": ("post_attention_layernorm",),
    "gate_up_proj": ("mlp.gate_proj", "mlp.up_proj"),
    "down_proj": ("mlp.down_proj",),
}


@dataclass(frozen=True, slots=True)
class PlannedWeight:
    """One weight of a packed file: a linear of shape [N, K] or a vector [K]; no sources: computed, not read."""

    name: str
    sources: tuple[str, ...]
    shape: Shape

    def projection(self, source: str) -> str:
        """What a source is in the model: "q_proj", "embed_tokens", "lm_head" ..."""
        return self.name if self.name in (EMBED_TOKENS, LM_HEAD) else source.split(".")[-2]


def weight_kind(kind: Kind, name: str) -> Kind:
    """The kind of a linear in a model of this kind.

    The embedding of an integer model is bf16: a token reads one row of it, so that its bits cost disk and no time, and
    what is lost there is lost to all layers. The lm_head of an int4 model is int8: that adds 6 % to what a step of an
    8B model reads and lowers the KL from float32 by 13 % (a random model) or 24 % (cria), which as int4 would be worse
    off than with llama.cpp's Q4_0, whose output tensor has 6.6 bits.
    """
    if rows_kind(kind) == "int8" and name == EMBED_TOKENS:
        return "bf16"
    return "int8" if kind == "int4" and name == LM_HEAD else kind


def packed_plan(config: ModelConfig, kind: Kind) -> list[PlannedWeight]:
    """Every weight of a packed file in the order of the file.

    A tied lm_head is the embedding and has no own, but in integer models: there the two differ in kind.
    """
    shapes = tensor_shapes(config)

    def planned(name: str, *sources: str) -> PlannedWeight:
        rows = sum(shapes[source][0] for source in sources)
        return PlannedWeight(name, sources, (rows, *shapes[sources[0]][1:]))

    layers = [
        planned(f"layers.{layer}.{name}", *(f"model.layers.{layer}.{source}.weight" for source in sources))
        for layer in range(config.num_hidden_layers)
        for name, sources in LAYER_PLAN.items()
    ]
    ends = [planned(NORM, "model.norm.weight")]
    if not config.tie_word_embeddings:
        ends.append(planned(LM_HEAD, LM_HEAD_TENSOR))
    elif rows_kind(kind) == "int8":
        ends.append(planned(LM_HEAD, EMBEDDING))
    return [
        PlannedWeight(INVERSE_FREQUENCIES, (), (config.head_dim // 2,)),
        planned(EMBED_TOKENS, EMBEDDING),
        *layers,
        *ends,
    ]
