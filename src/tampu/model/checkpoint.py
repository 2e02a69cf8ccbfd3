"""What every source of weights looks like to the packer: the same tensors, read in float32, a few rows at a time."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tampu.errors import TensorMismatch, UnsupportedModel
from tampu.kernels.interface import F32
from tampu.model.config import GenerationDefaults, ModelConfig
from tampu.request import PromptDates

Shape = tuple[int, ...]
LM_HEAD = "lm_head.weight"
EMBEDDING = "model.embed_tokens.weight"
# As the templates of Llama 3.1, 3.2 and 3.3 have them; 3.2's falls back to the date where it may not ask for the day.
KNOWLEDGE_DATE = re.compile(r"Cutting Knowledge Date: ([A-Z][a-z]+ \d{4})")
DEFAULT_DATE = re.compile(r"date_string = [\"'](\d{1,2} [A-Z][a-z]{2} \d{4})[\"']")


class Checkpoint(Protocol):
    """A checkpoint on disk whose set of tensors was already checked against its configuration."""

    @property
    def path(self) -> Path:
        """The directory or file it was read from."""
        ...

    @property
    def config(self) -> ModelConfig:
        """The shape of the model."""
        ...

    @property
    def generation(self) -> GenerationDefaults:
        """What generation_config.json recommends, or the nearest the source has."""
        ...

    @property
    def tokenizer_json(self) -> bytes | None:
        """The tokenizer in one of the forms `PackedModel.tokenizer_json` lists."""
        ...

    @property
    def dates(self) -> PromptDates | None:
        """The dates in its chat template."""
        ...

    def inverse_frequencies(self) -> F32:
        """Rotary frequencies, f32[D / 2]."""
        ...

    def read(self, name: str, start: int = 0, stop: int | None = None) -> F32:
        """Rows [start, stop) of the tensor with this Hugging Face name; [stop - start, K], or [stop - start]."""
        ...


def tensor_shapes(config: ModelConfig) -> dict[str, Shape]:
    """Every tensor that a checkpoint of this configuration holds, by Hugging Face name; linears are [N, K]."""
    hidden, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, Shape] = {EMBEDDING: (config.vocab_size, hidden)}
    for layer in range(config.num_hidden_layers):
        prefix = f"model.layers.{layer}"
        shapes |= {
            f"{prefix}.input_layernorm.weight": (hidden,),
            f"{prefix}.self_attn.q_proj.weight": (config.q_size, hidden),
            f"{prefix}.self_attn.k_proj.weight": (config.kv_size, hidden),
            f"{prefix}.self_attn.v_proj.weight": (config.kv_size, hidden),
            f"{prefix}.self_attn.o_proj.weight": (hidden, config.q_size),
            f"{prefix}.post_attention_layernorm.weight": (hidden,),
            f"{prefix}.mlp.gate_proj.weight": (inner, hidden),
            f"{prefix}.mlp.up_proj.weight": (inner, hidden),
            f"{prefix}.mlp.down_proj.weight": (hidden, inner),
        }
    shapes["model.norm.weight"] = (hidden,)
    return shapes if config.tie_word_embeddings else shapes | {LM_HEAD: (config.vocab_size, hidden)}


def check_tensors(where: Path, found: Mapping[str, Shape], config: ModelConfig) -> None:
    """TensorMismatch names the first tensor that is missing, extra or misshapen in `where`."""
    expected = tensor_shapes(config)
    if missing := sorted(expected.keys() - found.keys()):
        raise TensorMismatch(f"{where}: tensor {missing[0]} is missing{_and_more(missing)}.")
    if extra := sorted(found.keys() - expected.keys()):
        raise TensorMismatch(f"{where}: tensor {extra[0]} does not belong to this model{_and_more(extra)}.")
    for name, shape in expected.items():
        if found[name] != shape:
            raise TensorMismatch(f"{where}: tensor {name} has shape {list(found[name])}, expected {list(shape)}.")


def template_dates(template: str | None) -> PromptDates | None:
    """The dates that a chat template tells, looked for in its text; a template is never executed."""
    knowledge, today = KNOWLEDGE_DATE.search(template or ""), DEFAULT_DATE.search(template or "")
    return PromptDates(knowledge[1], today[1]) if knowledge and today else None


def model_name(path: Path) -> str:
    """What people call a checkpoint: its directory, its file, or the repository that the hub's snapshot is of."""
    if path.is_file():
        return path.stem  # not resolved: in the hub's cache a file is a link to a nameless blob
    directory = path.resolve()
    if directory.parent.name == "snapshots":  # models--<owner>--<name>/snapshots/<commit>
        return directory.parent.parent.name.rpartition("--")[2]
    return directory.name


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file in front of what an UnsupportedModel from inside says."""
    try:
        yield
    except UnsupportedModel as error:
        raise UnsupportedModel(f"{path}: {error}") from error


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
