"""From a checkpoint to an engine: weights, kernels, and a key-value cache that fits this machine."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tampu.engine.card import ModelCard
from tampu.engine.draft import DraftModel
from tampu.engine.engine import Engine
from tampu.errors import BadSetting
from tampu.grammar.matcher import Vocabulary
from tampu.kernels import load_kernels
from tampu.kernels.cache import block_bytes
from tampu.kernels.interface import Kind, PackedLinear
from tampu.model.adapter_file import open_adapter
from tampu.model.config import ModelConfig
from tampu.model.llama import Llama
from tampu.model.load import prepare
from tampu.model.lora import Adapter, load_adapter
from tampu.model.machine import available_memory
from tampu.model.packed import PackedModel, open_packed
from tampu.settings import EngineSettings

Report = Callable[[str, float], None]  # what is being done, and how much of it, in [0, 1]


def load_engine(reference: Path, cache: Path, settings: EngineSettings, report: Report) -> tuple[Engine, ModelCard]:
    """The engine for the checkpoint or packed file at `reference`. ModelError or BadSetting says why there is none."""
    path = prepare(reference, settings.quant, report, cache)
    packed = open_packed(path)
    small = _open_draft(settings, packed, cache, report)
    free = available_memory() - path.stat().st_size
    resolved = resolve(settings, packed.config, packed.kind, free, small.config if small else None)
    kernels = load_kernels(settings.isa, settings.threads)
    model = Llama(packed, kernels)
    draft = None if small is None else DraftModel(Llama(small, kernels), resolved, _cost(small, packed))
    card = ModelCard(
        id=model_id(settings.model),
        context=resolved.max_model_len,
        vocab_size=packed.config.vocab_size,
        kind=packed.kind,
        kv_dtype=resolved.kv_dtype,
        fingerprint=model.fingerprint_with(resolved.kv_dtype),
        eos_token_ids=packed.generation.eos_token_ids,
        num_blocks=resolved.num_blocks,
        block_size=resolved.block_size,
        isa=kernels.isa,
        threads=kernels.num_threads,
        packed=str(path),
        recommended=packed.generation.sampling(),
    )
    engine = Engine(
        model,
        resolved,
        draft=draft,
        read_vocabulary=partial(_read_vocabulary, card),
        load_adapter=partial(_load_adapter, packed),
    )
    return engine, card


def _load_adapter(packed: PackedModel, directory: Path) -> Adapter:
    return load_adapter(open_adapter(directory, packed.config), packed)


def _read_vocabulary(card: ModelCard) -> Vocabulary:
    # Only a worker that meets a grammar needs a tokenizer.
    from tampu.engine.vocabulary import read_vocabulary

    return read_vocabulary(Path(card.packed), card.vocab_size, card.eos_token_ids)


def model_id(name: str) -> str:
    """What a model is called: the name it was asked for by, or the last part of its path."""
    path = Path(name).expanduser()
    if not path.exists():
        return name
    return path.resolve().name if path.is_dir() else path.stem


def resolve(
    settings: EngineSettings, config: ModelConfig, kind: Kind, memory: int, draft: ModelConfig | None = None
) -> EngineSettings:
    """The settings with nothing left to choose, for a machine with so many bytes to spare.

    Every block has a twin in the draft model's cache, where there is a draft model.
    """
    kv_dtype = settings.kv_dtype if settings.kv_dtype != "auto" else "f32" if kind == "f32" else "bf16"
    bytes_per_block = sum(
        each.num_hidden_layers * block_bytes(each.num_key_value_heads, settings.block_size, each.head_dim, kv_dtype)
        for each in ((config,) if draft is None else (config, draft))
    )
    context = settings.max_model_len or config.max_position_embeddings
    if context > config.max_position_embeddings:
        raise BadSetting(f"max_model_len is {context}, but this model ends at {config.max_position_embeddings}.")
    wanted = settings.max_num_seqs * _whole_blocks(context, settings.block_size)
    affordable = (settings.kv_memory or max(memory, 0) // 2) // bytes_per_block
    num_blocks = settings.num_blocks or min(wanted, affordable)
    if num_blocks == 0:
        raise BadSetting(
            f"No block of the key-value cache fits: one has {bytes_per_block} bytes. "
            "Set kv_memory, or a smaller block_size."
        )
    # A sequence longer than the whole cache could never run.
    max_model_len = min(context, num_blocks * settings.block_size)
    return replace(settings, kv_dtype=kv_dtype, num_blocks=num_blocks, max_model_len=max_model_len)


def _open_draft(settings: EngineSettings, packed: PackedModel, cache: Path, report: Report) -> PackedModel | None:
    """The draft model, if there is to be one; BadSetting unless it has as many tokens as the model."""
    if not settings.draft_model:
        return None
    draft = open_packed(prepare(Path(settings.draft_model), "auto", report, cache))
    if draft.config.vocab_size != packed.config.vocab_size:
        raise BadSetting(
            f"draft_model {settings.draft_model} has {draft.config.vocab_size} tokens in its vocabulary and "
            f"{settings.model} has {packed.config.vocab_size}: its guesses would mean nothing. "
            "Take a smaller model of the same family."
        )
    return draft


def _cost(draft: PackedModel, packed: PackedModel) -> float:
    """A token of the draft model in tokens of the model: a step takes as long as its weights take to be read."""
    return _weight_bytes(draft) / _weight_bytes(packed)


def _weight_bytes(packed: PackedModel) -> int:
    return sum(weight.data.nbytes for weight in packed.weights.values() if isinstance(weight, PackedLinear))


def _whole_blocks(num_tokens: int, block_size: int) -> int:
    return -(-num_tokens // block_size)
