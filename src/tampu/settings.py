"""Settings: frozen, complete when built. Each value comes from a flag, an environment variable, or its default."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import platformdirs

from tampu.errors import BadSetting, did_you_mean

Quantization = Literal["auto", "int8", "int4", "bf16", "f32"]
CacheType = Literal["auto", "int8", "bf16", "f32"]
Speculation = Literal["auto", "off"]
LogFormat = Literal["line", "json"]
BareDialect = Literal["openai", "deepinfra"]

UNITS = {"k": 1000, "m": 1000**2, "g": 1000**3, "K": 1024, "M": 1024**2, "G": 1024**3}
SWITCHES = {"1": True, "true": True, "on": True, "yes": True, "0": False, "false": False, "off": False, "no": False}
NOUNS = {
    str: "a string",
    int: "a whole number such as 512, 32k or 4G",
    float: "a number such as 0.5",
    bool: "one of " + ", ".join(SWITCHES),
}
# What can travel in a header as it is: spaces within it, and none at its ends. Another key would let nobody in.
KEY = re.compile(r"[!-~](?:[ -~]{0,4094}[!-~])?")
DEFAULT_PORT = 8267  # T-A-M-P on a telephone's keys
Settings = TypeVar("Settings")


class Secret(str):
    """A string that never shows itself in logs, errors or `repr`."""

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def reveal(self) -> str:
        """The secret itself; call it only where it is compared or sent."""
        return str.__str__(self)


def _setting(default: Any, doc: str, low: float | None = None, high: float | None = None, step: int = 0) -> Any:
    return field(default=default, metadata={"doc": doc, "low": low, "high": high, "step": step})


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What the engine worker needs to know."""

    model: str = _setting("cria", "Model name, alias, Hugging Face directory, GGUF or packed file.")
    quant: Quantization = _setting("auto", "Kind of weights; auto keeps a packed file's own, else takes what fits.")
    kv_dtype: CacheType = _setting("auto", "Kind of keys and values; auto is bf16, and f32 with f32 weights.")
    threads: int = _setting(0, "Kernel threads; 0 takes every core this process may use.", 0, 1024)
    isa: str = _setting("auto", "Instruction set of the kernels; `tampu doctor` lists them.")
    block_size: int = _setting(32, "Tokens per block of the key-value cache, a multiple of 32.", 32, 256, step=32)
    num_blocks: int = _setting(0, "Blocks of the key-value cache; 0 takes what `kv_memory` holds.", 0, 10_000_000)
    kv_memory: int = _setting(0, "Bytes for the key-value cache; 0 chooses by model and free memory.", 0, 2**50)
    max_model_len: int = _setting(0, "Longest sequence in tokens; 0 takes the model's own.", 0, 10_000_000)
    max_num_seqs: int = _setting(64, "Sequences per step.", 1, 4096)
    max_num_batched_tokens: int = _setting(512, "Tokens per step, prompt chunks included.", 1, 65536)
    max_queue: int = _setting(256, "Sequences waiting before new ones are refused with 503.", 0, 1_000_000)
    prefix_caching: bool = _setting(True, "Share blocks of equal prompt beginnings within a tenant.")
    speculate: Speculation = _setting("auto", "Guess tokens where text repeats itself, to go faster; off never does.")
    adapter_memory: int = _setting(2**30, "Bytes for adapters in memory; the least recently used ones go.", 0, 2**50)
    draft_model: str = _setting("", "Small model with the same vocabulary that guesses tokens for the large one.")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the front process needs to know."""

    host: str = _setting("127.0.0.1", "Address to listen on; beyond loopback only with a key.")
    port: int = _setting(DEFAULT_PORT, "Port to listen on; 0 takes a free one and says which.", 0, 65535)
    api_key: Secret = _setting(Secret(""), "Key that clients must send; none is needed on loopback.")
    api_key_file: str = _setting("", "File with the key, which the list of processes does not show; mode 0600.")
    allowed_hosts: str = _setting("", "Further Host names, comma-separated, to answer to; addresses always are.")
    allowed_origins: str = _setting(
        "", "Origins, comma-separated, whose web pages may use the server, such as http://localhost:3000."
    )
    alias: str = _setting("", "Further names, comma-separated, under which the model answers.")
    catalogue: str = _setting("", "TOML file with prices, names and models of your own, over those built in.")
    max_choices: int = _setting(4, "Largest `n` a client may ask for.", 1, 128)
    public_models: bool = _setting(False, "Let lists of models be read without the key.")
    strict: bool = _setting(False, "Be exactly as strict as the providers, where their clients are sloppy.")
    v1: BareDialect = _setting("openai", "Whose dialect the bare /v1 speaks; DeepInfra claims it, too.")
    account: str = _setting("", "The one account id that paths below /client/v4 may name; any where it is empty.")
    max_body: int = _setting(4_000_000, "Largest request body in bytes.", 1024, 2**31)
    max_adapters: int = _setting(64, "Adapters that may be stored over HTTP; 0 takes none.", 0, 10_000)
    keep_alive: float = _setting(15.0, "Seconds of silence before an SSE comment is sent; 0 sends none.", 0, 3600)
    drain: float = _setting(30.0, "Seconds that running streams get after SIGTERM.", 0, 3600)
    log_format: LogFormat = _setting("line", "Lines for people, short ones on a terminal; or json, an object per line.")
    store: str = _setting("", "File in which generations are recorded, else records.db in the data; off keeps none.")
    store_reset: bool = _setting(False, "Begin a new file of records; the old one is kept beside it, with the date.")
    response_memory: int = _setting(
        64_000_000, "Bytes of responses in memory, for bodies that go on from them; 0 keeps none.", 0, 2**40
    )
    log_text: bool = _setting(False, "Also record the text of prompts and answers.")
    keep_records: int = _setting(30, "Days that records are kept, up to a million of them.", 1, 36_500)
    vllm_metrics: bool = _setting(False, "Also export vLLM's metric names at /metrics.")


def environment_name(setting: str) -> str:
    """The environment variable of a setting: `max_queue` is TAMPU_MAX_QUEUE."""
    return f"TAMPU_{setting.upper()}"


def load(kind: type[Settings], given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings of this kind: `given` (flags; None is absent) before environment before defaults."""
    types = get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known, f" There are {', '.join(known)}.")
            raise BadSetting(f"There is no setting {name}.{hint}")
    values = {name: value for name, value in given.items() if value is not None}
    for name in known.keys() - values.keys():
        if text := environment.get(environment_name(name)):  # empty is absent, as everywhere in a shell
            values[name] = _parse(environment_name(name), text, types[name])
    for name, value in values.items():
        _check(name, value, types[name], known[name].metadata)
    return kind(**values)


def read_count(text: str) -> int:
    """A whole number with an optional unit: `32k` is 32000, `32K` is 32768. ValueError when it is none."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "")
    value = float(number) * UNITS[unit] if unit else int(number)
    if value != int(value):
        raise ValueError(text)
    return int(value)


def _parse(source: str, text: str, kind: Any) -> Any:
    try:
        if kind is bool:
            return SWITCHES[text.lower()]
        if kind is int:
            return read_count(text)
        return kind(text) if get_origin(kind) is None else text
    except (ValueError, KeyError, OverflowError):
        raise BadSetting(f"{source}={text!r} is not {NOUNS[kind]}.") from None


def _check(name: str, value: Any, kind: Any, bounds: Mapping[str, Any]) -> None:
    if not _is_a(kind, value):
        raise BadSetting(f"{name} must be {NOUNS.get(kind, f'a {kind.__name__}')}, not {type(value).__name__}.")
    if get_origin(kind) is Literal and value not in get_args(kind):
        raise BadSetting(f"{name} must be one of {', '.join(get_args(kind))}, got {value!r}.")
    if isinstance(value, Secret):
        check_key(name, value)
    if bounds["low"] is not None and not bounds["low"] <= value <= bounds["high"]:
        raise BadSetting(f"{name} must be between {bounds['low']} and {bounds['high']}, got {value}.")
    if bounds["step"] and value % bounds["step"]:
        raise BadSetting(f"{name} must be a multiple of {bounds['step']}, got {value}.")


def check_key(source: str, key: Secret) -> None:
    """Raise BadSetting for a key that no client could send. It is not repeated."""
    if not KEY.fullmatch(key.reveal()):
        raise BadSetting(
            f"{source} must be 1 to 4096 visible ASCII characters, no space at either end, or no client can send it. "
            f"`openssl rand -hex 24` prints a good one."
        )


def _is_a(kind: Any, value: Any) -> bool:
    """Whether a value has the type of its setting; True is no number."""
    if get_origin(kind) is Literal:
        return True
    return type(value) in (int, float) if kind is float else type(value) is kind


@dataclass(frozen=True, slots=True)
class Paths:
    """Where tampu keeps things; TAMPU_HOME moves all of them together."""

    config: Path
    data: Path
    state: Path
    cache: Path

    @property
    def records(self) -> Path:
        """The file of the store, unless a setting names another."""
        return self.data / "records.db"

    @classmethod
    def find(cls, environment: Mapping[str, str] = os.environ) -> "Paths":
        """The XDG directories of this user, or the folders under TAMPU_HOME."""
        if home := environment.get("TAMPU_HOME"):
            return cls(*(Path(home) / name for name in ("config", "data", "state", "cache")))
        directories = platformdirs.PlatformDirs("tampu", appauthor=False)
        return cls(
            directories.user_config_path,
            directories.user_data_path,
            directories.user_state_path,
            directories.user_cache_path,
        )
