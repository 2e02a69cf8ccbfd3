"""What a checkpoint says about itself, in Hugging Face's names, checked before a single weight is read."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tampu.errors import UnsupportedModel
from tampu.kernels.interface import F32

ARCHITECTURE = "LlamaForCausalLM"
DEFAULT_ROPE_THETA = 10000.0

# key of config.json: the values of it that tampu runs; an absent key counts as None
RUNNABLE: Mapping[str, tuple[object, ...]] = {
    "attention_bias": (None, False),
    "mlp_bias": (None, False),
    "hidden_act": (None, "silu"),
    "sliding_window": (None,),
    "quantization_config": (None,),
    "compression_config": (None,),
    "partial_rotary_factor": (None, 1.0),
    "is_encoder_decoder": (None, False),
}

# int8 sums stay below 2^31 while in_features <= 131072: 131072 * 127 * 127 = 2.11e9
LIMITS: Mapping[str, tuple[float, float]] = {
    "hidden_size": (2, 131072),
    "num_hidden_layers": (1, 1024),
    "num_attention_heads": (1, 1024),
    "num_key_value_heads": (1, 1024),
    "head_dim": (2, 1024),
    "intermediate_size": (1, 131072),
    "vocab_size": (1, 2**22),
    "max_position_embeddings": (1, 2**24),
    "rope_theta": (1.0, 1e15),
    "rms_norm_eps": (0.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class Llama3Scaling:
    """Llama 3.1's stretching of the slow rotary frequencies, as config.json words it."""

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_position_embeddings: int


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The shape of a Llama. Building one checks every bound; UnsupportedModel names the field."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    intermediate_size: int
    vocab_size: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope_theta: float = DEFAULT_ROPE_THETA
    rope_scaling: Llama3Scaling | None = None
    tie_word_embeddings: bool = False
    bos_token_id: int | None = None
    eos_token_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            _check_range(name, getattr(self, name), low, high)
        if self.num_attention_heads % self.num_key_value_heads:
            raise UnsupportedModel(
                f"num_attention_heads ({self.num_attention_heads}) must be a multiple of num_key_value_heads "
                f"({self.num_key_value_heads})."
            )
        if self.head_dim % 2:
            raise UnsupportedModel(f"head_dim must be even for rotary positions, got {self.head_dim}.")
        for token_id in (*self.eos_token_ids, *([] if self.bos_token_id is None else [self.bos_token_id])):
            _check_range("bos_token_id and eos_token_id", token_id, 0, self.vocab_size - 1)

    @property
    def q_size(self) -> int:
        """Width of all query heads, H * D."""
        return self.num_attention_heads * self.head_dim

    @property
    def kv_size(self) -> int:
        """Width of all key heads, and of all value heads, G * D."""
        return self.num_key_value_heads * self.head_dim

    def to_json(self) -> dict[str, Any]:
        """The same as a Hugging Face config.json; `from_json` reads it back."""
        values = asdict(self)
        values["eos_token_id"] = list(values.pop("eos_token_ids"))
        if self.rope_scaling is not None:
            values["rope_scaling"] = {"rope_type": "llama3"} | values["rope_scaling"]
        return {"architectures": [ARCHITECTURE], "model_type": "llama", "hidden_act": "silu"} | values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ModelConfig":
        """The configuration in a config.json; UnsupportedModel names the key that tampu cannot run."""
        _refuse_unsupported(values)
        rope = _rope_values(values)
        heads = _integer(values, "num_attention_heads")
        hidden_size = _integer(values, "hidden_size")
        return cls(
            hidden_size=hidden_size,
            num_hidden_layers=_integer(values, "num_hidden_layers"),
            num_attention_heads=heads,
            num_key_value_heads=_integer(values, "num_key_value_heads", heads),
            head_dim=_integer(values, "head_dim", hidden_size // max(heads, 1)),
            intermediate_size=_integer(values, "intermediate_size"),
            vocab_size=_integer(values, "vocab_size"),
            max_position_embeddings=_integer(values, "max_position_embeddings"),
            rms_norm_eps=_number(values, "rms_norm_eps"),
            rope_theta=_number(rope, "rope_theta", DEFAULT_ROPE_THETA),
            rope_scaling=_rope_scaling(rope),
            tie_word_embeddings=_boolean(values, "tie_word_embeddings"),
            bos_token_id=next(iter(_token_ids(values, "bos_token_id")), None),
            eos_token_ids=_token_ids(values, "eos_token_id"),
        )


@dataclass(frozen=True, slots=True)
class GenerationDefaults:
    """What the makers recommend in generation_config.json: the ids that end a text, and how to sample."""

    eos_token_ids: tuple[int, ...] = ()
    temperature: float | None = None
    top_p: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as a generation_config.json; `from_json` reads it back."""
        return {"eos_token_id": list(self.eos_token_ids), "temperature": self.temperature, "top_p": self.top_p}

    def sampling(self) -> dict[str, float]:
        """The recommended sampling controls by name, without those that nothing is said about."""
        values = {"temperature": self.temperature, "top_p": self.top_p}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], config: ModelConfig) -> "GenerationDefaults":
        """The defaults in a generation_config.json; absent ids are those of `config`, `do_sample` false is greedy."""
        temperature = _number(values, "temperature") if values.get("temperature") is not None else None
        if values.get("do_sample") is False:
            temperature = 0.0
        top_p = _number(values, "top_p") if values.get("top_p") is not None else None
        _check_range("temperature", temperature or 0.0, 0.0, 5.0)
        _check_range("top_p", 1.0 if top_p is None else top_p, 0.0, 1.0)
        eos_token_ids = _token_ids(values, "eos_token_id") or config.eos_token_ids
        for token_id in eos_token_ids:
            _check_range("eos_token_id", token_id, 0, config.vocab_size - 1)
        return cls(eos_token_ids, temperature, top_p)


def inverse_frequencies(config: ModelConfig) -> F32:
    """Rotary frequencies in radians per position, f32[D / 2], fastest first (Su et al., arXiv 2104.09864).

    The power and its reciprocal are each rounded to float32: the steps of the code that trained the models.
    """
    exponents = np.arange(0, config.head_dim, 2, dtype=np.float64) / config.head_dim
    frequencies = np.float32(1.0) / np.power(config.rope_theta, exponents).astype(np.float32)
    return frequencies if config.rope_scaling is None else scale_llama3(frequencies, config.rope_scaling)


def scale_llama3(frequencies: F32, scaling: Llama3Scaling) -> F32:
    """Llama 3.1's frequencies, f32[D / 2]: long wavelengths divided by `factor`, short ones kept, a ramp between."""
    context = np.float32(scaling.original_max_position_embeddings)
    low, high = np.float32(scaling.low_freq_factor), np.float32(scaling.high_freq_factor)
    factor, one = np.float32(scaling.factor), np.float32(1.0)
    wavelengths = np.float32(2.0 * math.pi) / frequencies
    kept = (context / wavelengths - low) / (high - low)  # 0 at the longest wavelength of the ramp, 1 at its shortest
    ramp = (one - kept) * frequencies / factor + kept * frequencies
    slow_or_fast = np.where(wavelengths > context / low, frequencies / factor, frequencies)
    return np.where((wavelengths > context / low) | (wavelengths < context / high), slow_or_fast, ramp)


def _refuse_unsupported(values: Mapping[str, Any]) -> None:
    architectures = values.get("architectures")
    if architectures != [ARCHITECTURE]:
        raise UnsupportedModel(f"architectures is {architectures!r}; tampu runs [{ARCHITECTURE!r}] only.")
    for key, runnable in RUNNABLE.items():
        if values.get(key) not in runnable:
            allowed = " or ".join(repr(value) for value in runnable if value is not None) or "absent"
            raise UnsupportedModel(f"{key} is {values[key]!r}; tampu runs models where it is {allowed}.")


def _rope_values(values: Mapping[str, Any]) -> dict[str, Any]:
    # transformers 5 gathers rope_theta and the scaling in `rope_parameters`, older releases keep them side by side.
    rope = values.get("rope_parameters") or values.get("rope_scaling") or {}
    if not isinstance(rope, Mapping):
        raise UnsupportedModel(f"rope_scaling must be an object, got {rope!r}.")
    theta = {} if values.get("rope_theta") is None else {"rope_theta": values["rope_theta"]}
    if rope.get("partial_rotary_factor") not in (None, 1.0):
        raise UnsupportedModel(f"partial_rotary_factor is {rope['partial_rotary_factor']!r}; tampu runs 1.0 only.")
    return theta | dict(rope)


def _rope_scaling(rope: Mapping[str, Any]) -> Llama3Scaling | None:
    rope_type = rope.get("rope_type", rope.get("type", "default"))
    if rope_type == "default":
        return None
    if rope_type != "llama3":
        raise UnsupportedModel(f"rope_type is {rope_type!r}; tampu runs 'default' and 'llama3'.")
    scaling = Llama3Scaling(
        factor=_number(rope, "factor"),
        low_freq_factor=_number(rope, "low_freq_factor"),
        high_freq_factor=_number(rope, "high_freq_factor"),
        original_max_position_embeddings=_integer(rope, "original_max_position_embeddings"),
    )
    _check_range("factor", scaling.factor, 1.0, 1e6)
    _check_range("low_freq_factor", scaling.low_freq_factor, 1e-6, 1e6)
    _check_range("original_max_position_embeddings", scaling.original_max_position_embeddings, 1, 2**24)
    if not scaling.low_freq_factor < scaling.high_freq_factor <= 1e6:
        raise UnsupportedModel(f"high_freq_factor ({scaling.high_freq_factor}) must be above low_freq_factor.")
    return scaling


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # NaN never is
        raise UnsupportedModel(f"{name} must be between {low} and {high}, got {value}.")


def _integer(values: Mapping[str, Any], key: str, default: int | None = None) -> int:
    value = default if values.get(key) is None else values[key]
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnsupportedModel(f"{key} must be an integer, got {value!r}.")
    return value


def _number(values: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = default if values.get(key) is None else values[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnsupportedModel(f"{key} must be a number, got {value!r}.")
    return float(value)


def _boolean(values: Mapping[str, Any], key: str) -> bool:
    value = values.get(key) or False
    if not isinstance(value, bool):
        raise UnsupportedModel(f"{key} must be true or false, got {value!r}.")
    return value


def _token_ids(values: Mapping[str, Any], key: str) -> tuple[int, ...]:
    value = values.get(key)
    ids = [] if value is None else value if isinstance(value, list) else [value]
    return tuple(_integer({key: token_id}, key) for token_id in ids)
