"""Which tensors of a checkpoint make up which weight of a packed file."""

from dataclasses import dataclass

from tampu.model.checkpoint import Shape, tensor_shapes
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


def packed_plan(config: ModelConfig) -> list[PlannedWeight]:
    """Every weight of a packed file in the order of the file; a tied lm_head is the embedding and has no own."""
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
        ends.append(planned(LM_HEAD, "lm_head.weight"))
    return [
        PlannedWeight(INVERSE_FREQUENCIES, (), (config.head_dim // 2,)),
        planned(EMBED_TOKENS, "model.embed_tokens.weight"),
        *layers,
        *ends,
    ]
