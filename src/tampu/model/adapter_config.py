"""What an adapter says about itself: PEFT's adapter_config.json, of which every field has its effect or is refused."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tampu.errors import InvalidAdapter

CONFIG_FILE = "adapter_config.json"
MAX_CONFIG = 64 * 1024
MAX_RANK = 64
DEFAULT_RANK, DEFAULT_ALPHA = 8, 8.0  # PEFT's own

# What the tensors say themselves, what matters to training only, and what is read beside a refused field only.
NO_EFFECT = frozenset(
    {
        "auto_mapping",  # how transformers finds the class of the base model
        "base_model_name_or_path",
        "revision",
        "task_type",
        "inference_mode",
        "peft_version",
        "unsloth_fixed",
        "lora_dropout",
        "target_modules",
        "exclude_modules",
        "layers_to_transform",
        "layers_pattern",
        "megatron_core",
        "runtime_config",
        "eva_config",  # how init_lora_weights began, whose values are checked
        "corda_config",
        "loftq_config",
        "lora_ga_config",
        "qalora_group_size",  # read beside use_qalora
        "ensure_weight_tying",  # read beside modules_to_save
    }
)
# Other beginnings take a part of the base model's weights into the adapter, so that it fits changed weights only.
PLAIN_BEGINNINGS = (None, True, False, "gaussian", "orthogonal", "eva", "mica")
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.]{1,200}")
Value = TypeVar("Value")
HOLLOW: tuple[object, ...] = (None, False, "", [], {})


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """How far the tensors of an adapter count. Patterns have the ends of module names."""

    rank: int
    alpha: float
    use_rslora: bool
    rank_pattern: Mapping[str, int]
    alpha_pattern: Mapping[str, float]

    @classmethod
    def from_bytes(cls, data: bytes) -> "AdapterConfig":
        """The configuration in these bytes; InvalidAdapter names the field that is wrong or not supported."""
        values = _object(data)
        _refuse_unsupported(values)
        return cls(
            rank=_rank("r", values.get("r", DEFAULT_RANK)),
            alpha=_alpha("lora_alpha", values.get("lora_alpha", DEFAULT_ALPHA)),
            use_rslora=_boolean(values, "use_rslora"),
            rank_pattern={name: _rank("rank_pattern", rank) for name, rank in _pattern(values, "rank_pattern")},
            alpha_pattern={name: _alpha("alpha_pattern", alpha) for name, alpha in _pattern(values, "alpha_pattern")},
        )

    def rank_of(self, module: str) -> int:
        """The rank of `layers.0.self_attn.q_proj` and its like."""
        return _find(self.rank_pattern, module, self.rank)

    def scale_of(self, module: str) -> float:
        """What the product of its two matrices is multiplied by; rsLoRA: Kalajdzievski, arXiv 2312.03732."""
        rank = self.rank_of(module)
        return _find(self.alpha_pattern, module, self.alpha) / (math.sqrt(rank) if self.use_rslora else rank)


def refuse(field: str, reason: str) -> InvalidAdapter:
    """The error about a field of adapter_config.json."""
    return InvalidAdapter(f"{CONFIG_FILE}: {field} {reason}.", param=field)


def _object(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_CONFIG:
        raise InvalidAdapter(f"{CONFIG_FILE} has {len(data)} bytes; at most {MAX_CONFIG} are read.", param="config")
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidAdapter(f"{CONFIG_FILE} is not JSON: {error}.", param="config") from None
    if not isinstance(values, dict):
        raise InvalidAdapter(f"{CONFIG_FILE} must hold a JSON object.", param="config")
    return values


def _refuse_unsupported(values: Mapping[str, Any]) -> None:
    if values.get("peft_type") != "LORA":
        raise refuse("peft_type", f"must be LORA, got {_shown(values.get('peft_type'))}")
    if values.get("bias") not in (None, "none"):
        raise refuse("bias", f"must be none, got {_shown(values['bias'])}")
    beginning = values.get("init_lora_weights")
    if not (isinstance(beginning, bool | None) or beginning in PLAIN_BEGINNINGS):
        raise refuse(
            "init_lora_weights",
            f"is {_shown(beginning)}, which changes the base model's weights too; save the adapter converted to plain "
            "LoRA",
        )
    read = {"peft_type", "bias", "init_lora_weights", "r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern"}
    for field, value in values.items():
        # A field that no version of PEFT had when this was written is fine for as long as it asks for nothing.
        if field not in read | NO_EFFECT and value not in HOLLOW:
            raise refuse(field[:100], f"is not supported: got {_shown(value)}")


def _pattern(values: Mapping[str, Any], field: str) -> list[tuple[str, Any]]:
    pattern = values.get(field) or {}
    if not isinstance(pattern, dict):
        raise refuse(field, "must be an object")
    for name in pattern:
        if not PLAIN_NAME.fullmatch(name):
            raise refuse(field, f"has {_shown(name)}; names of modules are supported, regular expressions are not")
    return list(pattern.items())


def _find(pattern: Mapping[str, Value], module: str, default: Value) -> Value:
    for name, value in pattern.items():
        if module == name or module.endswith(f".{name}") or f"model.{module}" == name:
            return value
    return default


def _rank(field: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_RANK:
        raise refuse(field, f"must be a whole number between 1 and {MAX_RANK}, got {_shown(value)}")
    return value


def _alpha(field: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 < value <= 65536:
        raise refuse(field, f"must be a number above 0 and at most 65536, got {_shown(value)}")
    return float(value)


def _boolean(values: Mapping[str, Any], field: str) -> bool:
    value = values.get(field)
    if value is not None and type(value) is not bool:
        raise refuse(field, f"must be true or false, got {_shown(value)}")
    return bool(value)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
