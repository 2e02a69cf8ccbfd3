"""Small random adapters in PEFT's format, and what they make of a checkpoint when merged into it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tampu.model.checkpoint import tensor_shapes
from tampu.model.config import ModelConfig
from tests.checkpoints import Dtype, Weights, tiny_config, write_safetensors

ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
PREFIX = "base_model.model."


def adapter_config(rank: int = 4, **changes: Any) -> dict[str, Any]:
    """An adapter_config.json as PEFT writes it; `changes` win."""
    values: dict[str, Any] = {
        "alpha_pattern": {},
        "auto_mapping": None,
        "base_model_name_or_path": "tiny",
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "layer_replication": None,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.05,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": rank,
        "rank_pattern": {},
        "target_modules": list(ALL),
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": False,
    }
    return values | changes


def adapter_weights(
    config: ModelConfig | None = None, rank: int = 4, targets: Sequence[str] = ALL, seed: int = 0
) -> Weights:
    """Random lora_A and lora_B of these projections in every layer, large enough to change every answer."""
    generator = np.random.default_rng(seed)
    weights: Weights = {}
    for name, shape in tensor_shapes(config or tiny_config()).items():
        module = name.removesuffix(".weight")
        if module.rpartition(".")[2] in targets:
            down = generator.standard_normal((rank, shape[1]), dtype=np.float32)
            up = generator.standard_normal((shape[0], rank), dtype=np.float32)
            weights[f"{PREFIX}{module}.lora_A.weight"] = down / np.float32(np.sqrt(shape[1]))
            weights[f"{PREFIX}{module}.lora_B.weight"] = up / np.float32(4 * rank)
    return weights


def write_adapter(
    directory: Path, weights: Weights | None = None, dtype: Dtype = "float32", seed: int = 0, **changes: Any
) -> Path:
    """Write an adapter to `directory`, and return it."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "adapter_config.json").write_text(json.dumps(adapter_config(**changes)))
    write_safetensors(
        directory / "adapter_model.safetensors", adapter_weights(seed=seed) if weights is None else weights, dtype
    )
    return directory


def merged(base: Weights, adapter: Weights, scale: float) -> Weights:
    """The checkpoint's weights with scale * B A added."""
    result = dict(base)
    for name, down in adapter.items():
        if name.endswith("lora_A.weight"):
            module = name.removesuffix(".lora_A.weight")
            up = adapter[f"{module}.lora_B.weight"]
            target = f"{module.removeprefix(PREFIX)}.weight"
            delta = np.float64(scale) * up.astype(np.float64) @ down.astype(np.float64)
            result[target] = (result[target] + delta).astype(np.float32)
    return result
