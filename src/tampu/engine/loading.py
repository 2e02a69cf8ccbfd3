"""From a checkpoint to an engine: weights, kernels, and a key-value cache that fits this machine."""

from collections.abc import Callable, Iterable
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
from tampu.model.checkpoint import Checkpoint
from tampu.model.config import ModelConfig
from tampu.model.fit import LEAST_CONTEXT, Need, check_fits, choose_kind, need_of
from tampu.model.llama import Llama
from tampu.model.load import Choose, prepare
from tampu.model.lora import Adapter, load_adapter
from tampu.model.machine import available_memory, human_size
from tampu.model.packed import PackedModel, open_packed
from tampu.settings import CacheType, EngineSettings

Report = Callable[[str, float], None]  # what is being done, and how much of it, in [0, 1]


def load_engine(
    reference: Path,
    cache: Path,
    settings: EngineSettings,
    report: Report,
    measure_memory: Callable[[], int] = available_memory,
) -> tuple[Engine, ModelCard]:
    """The engine for the checkpoint or packed file at `reference`. ModelError or BadSetting says why there is none;
    TooLittleMemory comes before anything is packed or loaded."""
    memory = measure_memory()
    path = prepare(reference, settings.quant, report, cache, chooser(settings, memory), inspect_tokenizer)
    packed, size = open_packed(path), path.stat().st_size
    if path == reference:
        need = Need(packed.kind, size, least_cache(settings, packed.config, packed.kind))
        check_fits(settings.model, packed.config, need, memory)
    small = _open_draft(settings, packed, cache, report)
    free = memory - size
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
        file_id=packed.file_id,
        choice=_reason(settings, reference, path, memory),
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


def inspect_tokenizer(checkpoint: Checkpoint) -> None:
    """Raise ModelError for a tokenizer that could not be run, before hours of packing."""
    if checkpoint.tokenizer_json is not None:
        from tampu.engine.vocabulary import check_tokenizer

        check_tokenizer(checkpoint.path, checkpoint.tokenizer_json)


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


def chooser(settings: EngineSettings, memory: int) -> Choose:
    """Which kind a checkpoint is packed as, where so many bytes are free; TooLittleMemory when they are not enough."""

    def choose(config: ModelConfig, kind: Kind | None) -> Kind:
        if kind is None:
            return choose_kind(settings.model, config, least_cache(settings, config, "int8"), memory)
        check_fits(settings.model, config, need_of(config, kind, least_cache(settings, config, kind)), memory)
        return kind

    return choose


def _reason(settings: EngineSettings, reference: Path, path: Path, memory: int) -> str:
    """How large the weights are, and why they are of their kind."""
    size = human_size(path.stat().st_size)
    if settings.quant != "auto":
        return f"{size}, as asked for"
    return f"{size}, as it was packed" if path == reference else f"{size}, chosen for {human_size(memory)} free"


def least_cache(settings: EngineSettings, config: ModelConfig, kind: Kind) -> int:
    """Bytes of the key-value cache that were asked for, or that one sequence of LEAST_CONTEXT tokens takes."""
    bytes_per_block = _bytes_per_block(settings, (config,), _kv_dtype(settings, kind))
    tokens = min(settings.max_model_len or LEAST_CONTEXT, LEAST_CONTEXT, config.max_position_embeddings)
    num_blocks = settings.num_blocks or _whole_blocks(tokens, settings.block_size)
    return settings.kv_memory if settings.kv_memory and not settings.num_blocks else num_blocks * bytes_per_block


def _kv_dtype(settings: EngineSettings, kind: Kind) -> CacheType:
    return settings.kv_dtype if settings.kv_dtype != "auto" else "f32" if kind == "f32" else "bf16"


def _bytes_per_block(settings: EngineSettings, models: Iterable[ModelConfig], kv_dtype: str) -> int:
    return sum(
        each.num_hidden_layers * block_bytes(each.num_key_value_heads, settings.block_size, each.head_dim, kv_dtype)
        for each in models
    )


def resolve(
    settings: EngineSettings, config: ModelConfig, kind: Kind, memory: int, draft: ModelConfig | None = None
) -> EngineSettings:
    """The settings with nothing left to choose, for a machine with so many bytes to spare.

    Every block has a twin in the draft model's cache, where there is a draft model.
    """
    kv_dtype = _kv_dtype(settings, kind)
    bytes_per_block = _bytes_per_block(settings, (config,) if draft is None else (config, draft), kv_dtype)
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
