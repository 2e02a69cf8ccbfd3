"""cria as a torch module: Hugging Face Llama's arithmetic and weight names, arranged for fast steps on a CPU.

* Matrix products run in bf16, the residual stream and norms in float32; the masters the optimiser updates are float32.
* Rows are padded on the right, so plain causal attention is exact for every real token.
* Logits are made only where a target is wanted (`cria_loss`): the vocabulary product is a good part of a small model.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class CriaConfig:
    """The shape of the model; names as in a Hugging Face `config.json`."""

    vocab_size: int = 4352
    hidden_size: int = 256
    intermediate_size: int = 768
    num_hidden_layers: int = 8
    num_attention_heads: int = 8
    num_key_value_heads: int = 4
    head_dim: int = 32
    max_position_embeddings: int = 2048
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5


def rope_table(config: CriaConfig, length: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every position and frequency: two (length, head_dim) tensors, halves repeated."""
    exponent = torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim
    angles = torch.outer(torch.arange(length, dtype=torch.float32), config.rope_theta**-exponent)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """RoPE on x (B, heads, T, D); cos and sin are (T, D)."""
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention over (B, H, T, D), written out: on short rows five times as fast backward as torch's fused one."""
    length = q.shape[-2]
    mask = torch.full((length, length), float("-inf"), dtype=q.dtype).triu(1)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    return torch.softmax(scores + mask, dim=-1) @ v


class Norm(nn.Module):
    """RMSNorm, computed in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class Linear(nn.Module):
    """y = x W^T in bf16 from float32 masters, without bias."""

    def __init__(self, inputs: int, outputs: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * std)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x.bfloat16(), self.weight.bfloat16())


class Attention(nn.Module):
    """Grouped-query causal attention with RoPE."""

    def __init__(self, config: CriaConfig) -> None:
        super().__init__()
        self.config = config
        hidden, width = config.hidden_size, config.num_attention_heads * config.head_dim
        kv_width = config.num_key_value_heads * config.head_dim
        std = hidden**-0.5
        self.q_proj = Linear(hidden, width, std)
        self.k_proj = Linear(hidden, kv_width, std)
        self.v_proj = Linear(hidden, kv_width, std)
        self.o_proj = Linear(width, hidden, 0.0)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        rows, length, _ = x.shape
        x = x.bfloat16()
        heads = [p(x).view(rows, length, -1, self.config.head_dim).transpose(1, 2) for p in self._projections()]
        q, k, v = rotate(heads[0], cos, sin), rotate(heads[1], cos, sin), heads[2]
        group = self.config.num_attention_heads // self.config.num_key_value_heads
        k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
        out = causal_attention(q, k, v)
        return self.o_proj(out.transpose(1, 2).reshape(rows, length, -1))

    def _projections(self) -> tuple[Linear, Linear, Linear]:
        return self.q_proj, self.k_proj, self.v_proj


class Mlp(nn.Module):
    """SwiGLU."""

    def __init__(self, config: CriaConfig) -> None:
        super().__init__()
        hidden, inner = config.hidden_size, config.intermediate_size
        self.gate_proj = Linear(hidden, inner, hidden**-0.5)
        self.up_proj = Linear(hidden, inner, hidden**-0.5)
        self.down_proj = Linear(inner, hidden, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        x = x.bfloat16()
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Attention and MLP, each behind a norm and added to the residual stream."""

    def __init__(self, config: CriaConfig) -> None:
        super().__init__()
        self.input_layernorm = Norm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = Norm(config.hidden_size, config.rms_norm_eps)
        self.mlp = Mlp(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Cria(nn.Module):
    """Token ids (B, T) -> final hidden states (B, T, hidden); the embedding is also the output matrix."""

    def __init__(self, config: CriaConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        nn.init.normal_(self.embed_tokens.weight, std=0.05)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = Norm(config.hidden_size, config.rms_norm_eps)
        cos, sin = rope_table(config, config.max_position_embeddings)
        self.register_buffer("cos", cos.bfloat16(), persistent=False)
        self.register_buffer("sin", sin.bfloat16(), persistent=False)

    def forward(self, token_ids: Tensor) -> Tensor:
        length = token_ids.shape[1]
        cos, sin = self.cos[:length], self.sin[:length]
        x = self.embed_tokens(token_ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Scores over the vocabulary for hidden states (..., hidden)."""
        return functional.linear(hidden.bfloat16(), self.embed_tokens.weight.bfloat16())


def cria_loss(model: Cria, token_ids: Tensor, weights: Tensor) -> Tensor:
    """Mean cross-entropy of each next token; `weights[b, t]` is how much predicting `token_ids[b, t]` counts."""
    hidden = model(token_ids)[:, :-1]
    wanted = weights[:, 1:] > 0
    losses = functional.cross_entropy(model.logits(hidden[wanted]).float(), token_ids[:, 1:][wanted], reduction="none")
    counts = weights[:, 1:][wanted]
    return (losses * counts).sum() / counts.sum()
