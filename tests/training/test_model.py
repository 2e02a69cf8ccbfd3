"""The network that is trained is Hugging Face's Llama, and its optimiser and schedule do what they say."""

from dataclasses import asdict

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from training.model import Cria, CriaConfig, cria_loss
from training.optimizer import Muon, orthogonalize
from training.train import WARMUP_STEPS, rate_at

TINY = CriaConfig(
    vocab_size=96,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
)


def small_model() -> Cria:
    torch.manual_seed(0)
    model = Cria(TINY)
    for layer in model.layers:
        torch.nn.init.normal_(layer.self_attn.o_proj.weight, std=0.1)
        torch.nn.init.normal_(layer.mlp.down_proj.weight, std=0.1)
    return model


def test_the_weights_make_the_same_logits_in_transformers() -> None:
    model = small_model()
    oracle = LlamaForCausalLM(LlamaConfig(**asdict(TINY), tie_word_embeddings=True))
    oracle.load_state_dict({f"model.{k}": v for k, v in model.state_dict().items()}, strict=False)
    oracle.tie_weights()
    token_ids = torch.randint(0, 96, (3, 40))
    with torch.no_grad():
        ours = model.logits(model(token_ids)).float()
        theirs = oracle(token_ids).logits
    assert torch.nn.functional.cosine_similarity(ours, theirs, dim=-1).min() > 0.999


def test_padding_on_the_right_changes_nothing() -> None:
    model = small_model()
    token_ids = torch.randint(0, 96, (1, 12))
    padded = torch.cat((token_ids, torch.zeros((1, 20), dtype=torch.int64)), dim=1)
    with torch.no_grad():
        assert torch.allclose(model(token_ids), model(padded)[:, :12], atol=0.05)


def test_only_weighted_tokens_make_the_loss() -> None:
    model = small_model()
    token_ids = torch.randint(0, 96, (2, 10))
    weights = torch.zeros((2, 10))
    weights[0, 4] = 1.0
    with torch.no_grad():
        scores = model.logits(model(token_ids)).float()
        expected = -scores[0, 3].log_softmax(-1)[token_ids[0, 4]]
        assert torch.allclose(cria_loss(model, token_ids, weights), expected, atol=1e-3)


def test_muon_makes_updates_nearly_orthogonal() -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonalize(torch.randn(2, 64, 32)).float())
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_muon_goes_downhill() -> None:
    torch.manual_seed(2)
    weight = torch.nn.Parameter(torch.randn(16, 16))
    optimizer = Muon([weight], lr=0.2)
    losses = []
    for _ in range(30):
        loss = weight.square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_the_rate_warms_up_stays_and_falls_to_zero() -> None:
    assert rate_at(0, 0.0, 0.25) == 1 / WARMUP_STEPS
    assert rate_at(500, 0.5, 0.25) == 1.0
    assert rate_at(500, 0.875, 0.25) == 0.5
    assert rate_at(500, 1.0, 0.25) == 0.0
