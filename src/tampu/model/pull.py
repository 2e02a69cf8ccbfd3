"""Fetching a model from the Hugging Face hub into its own cache: checked before the first byte, resumed after the last.

1. The hub is asked what the repository holds. No answer, or HF_HUB_OFFLINE=1: NetworkUnavailable.
2. Files are chosen: safetensors with their configuration and tokenizer, or one GGUF file. Never a pickle.
3. Licence, disk and memory are checked: LicenceRequired or ModelError.
4. The files come, partly fetched ones from where they stopped, and are checked against their SHA-256.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo

from tampu.errors import BadSetting, LicenceRequired, ModelError, ModelMissing, NetworkUnavailable, did_you_mean
from tampu.model.download import ANSWER_SECONDS, Download
from tampu.model.hub import find_snapshot, hub_cache
from tampu.model.machine import free_disk, human_size, total_memory
from tampu.model.names import LLAMA_8B, HubName, hub_name, known_names
from tampu.settings import Secret

DEFAULT_ENDPOINT = "https://huggingface.co"
CHECKPOINT_FILES = re.compile(r"[^/]+\.(safetensors|safetensors\.index\.json|json)|tokenizer\.model|LICENSE[^/]*")
NOT_CHECKPOINT = re.compile(r"consolidated.*")
# An int8 model takes a byte per weight and some for its scales; the key-value cache wants room beside it.
MEMORY_PER_PARAMETER = 1.1
SPARE_DISK = 200_000_000

Progress = Callable[[str, int, int], None]  # phase ("downloading", "checking"), bytes done, bytes in all


@dataclass(frozen=True, slots=True)
class Hub:
    """Which hub, and as whom."""

    endpoint: str
    cache: Path
    token: Secret | None = None
    offline: bool = False
    timeout: float = ANSWER_SECONDS  # seconds that the hub may take to answer
    pause: float = 1.0  # seconds before a broken transfer is taken up again, longer each time

    @classmethod
    def find(cls, environment: Mapping[str, str] = os.environ) -> "Hub":
        """The hub of HF_ENDPOINT, with the token of HF_TOKEN or of `hf auth login`."""
        token = huggingface_hub.get_token()
        endpoint = environment.get("HF_ENDPOINT") or DEFAULT_ENDPOINT
        if not endpoint.startswith(("http://", "https://")):
            raise BadSetting(f"HF_ENDPOINT={endpoint!r} is not an address such as {DEFAULT_ENDPOINT}.")
        return cls(
            endpoint=endpoint.rstrip("/"),
            cache=hub_cache(environment),
            token=Secret(token) if token else None,
            offline=environment.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"),
        )

    @property
    def host(self) -> str:
        """The endpoint without its scheme."""
        return self.endpoint.partition("://")[2]

    @property
    def bearer(self) -> str | bool:
        """The token as the hub's library takes it; False sends none."""
        return self.token.reveal() if self.token else False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pull will do: which files of which commit, and how many bytes of them are not here yet."""

    wanted: HubName
    commit: str
    files: tuple[str, ...]
    size: int
    missing: int
    parameters: int | None
    is_gated: bool


def pull(
    name: str, hub: Hub, progress: Progress, force: bool = False, announce: Callable[[Plan], None] | None = None
) -> Path:
    """Fetch the model of this name; the directory or GGUF file it is in now.

    `force` skips the memory check; `announce` hears what will be fetched before the first byte is.
    """
    plan = look_up(name, hub)
    check(name, plan, hub, force)
    if announce is not None:
        announce(plan)
    fetch(plan, hub, progress)
    found = find_snapshot(plan.wanted, hub.cache)
    if found is None:
        raise ModelError(f"{plan.wanted.repository} has come, but is no whole model: {', '.join(plan.files)}.")
    return found


def look_up(name: str, hub: Hub) -> Plan:
    """What would be fetched for this name. Raises ModelMissing, LicenceRequired or NetworkUnavailable."""
    wanted = hub_name(name)
    if wanted is None:
        hint = did_you_mean(name, known_names(on_the_hub=True), f" Names look like {LLAMA_8B} or owner/repository.")
        raise ModelMissing(f"{name or chr(39) * 2} names no model on {hub.host}.{hint}")
    if hub.offline:
        raise NetworkUnavailable("HF_HUB_OFFLINE is set, so nothing is fetched. Unset it to pull a model.")
    with _translated(name, wanted, hub):
        info = _api(hub).model_info(wanted.repository, files_metadata=True, timeout=hub.timeout)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or () if _stays_inside(file.rfilename)}
    files = _choose(name, wanted, tuple(sizes))
    commit = info.sha or "main"
    missing = [file for file in files if not _is_cached(wanted, commit, file, hub)]
    return Plan(
        wanted,
        commit,
        files,
        sum(sizes[file] for file in files),
        sum(sizes[file] for file in missing),
        _parameters(info, wanted, sum(sizes[file] for file in files)),
        bool(info.gated),
    )


def check(name: str, plan: Plan, hub: Hub, force: bool = False) -> None:
    """Raise LicenceRequired or ModelError when fetching, or running what was fetched, could not succeed."""
    if plan.is_gated:
        with _translated(name, plan.wanted, hub):
            _api(hub).auth_check(plan.wanted.repository)
    free = free_disk(hub.cache)
    if plan.missing + SPARE_DISK > free:
        raise ModelError(
            f"{name} needs {human_size(plan.missing)} of disk in {hub.cache}, where {human_size(free)} are free. "
            "Free some space, or set HF_HUB_CACHE to a directory on a larger disk."
        )
    needed, memory = int((plan.parameters or 0) * MEMORY_PER_PARAMETER), total_memory()
    if needed > memory and not force:
        raise ModelError(
            f"{name} needs {human_size(needed)} of memory as int8, and this machine has {human_size(memory)}. "
            "Choose a smaller model, or pull it all the same with --force."
        )


def fetch(plan: Plan, hub: Hub, progress: Progress) -> None:
    """Download what is missing and check it. An interrupted fetch goes on where it stopped the next time."""
    home = hub.cache / f"models--{plan.wanted.repository.replace('/', '--')}"
    downloaded = _Counter("downloading", plan.missing, progress)
    checked = _Counter("checking", plan.missing, progress)
    lost = f"The connection to {hub.host} broke. What has come is kept: pull again, and it goes on from there."
    with _translated(plan.wanted.repository, plan.wanted, hub, lost):
        for file in plan.files:
            url = huggingface_hub.hf_hub_url(plan.wanted.repository, file, revision=plan.commit, endpoint=hub.endpoint)
            Download(url, hub.endpoint, hub.bearer, home, plan.commit, file, hub.pause).run(downloaded.add, checked.add)
    # Only a whole snapshot becomes `main`.
    (home / "refs").mkdir(parents=True, exist_ok=True)
    (home / "refs" / "main").write_text(plan.commit)


def _stays_inside(file: str) -> bool:
    """Whether a path that the hub names stays in the directory it is put into."""
    return not file.startswith("/") and ".." not in file.split("/")


def _choose(name: str, wanted: HubName, files: tuple[str, ...]) -> tuple[str, ...]:
    gguf = tuple(file for file in files if file.endswith(".gguf"))
    matching = tuple(file for file in gguf if wanted.matches(file))
    if wanted.file is not None or wanted.quant is not None:
        if len(matching) != 1:
            raise ModelMissing(f"{name} is not one GGUF file of its repository. It has: {', '.join(gguf) or 'none'}.")
        return matching
    if any(file.endswith(".safetensors") and "/" not in file for file in files):
        return tuple(file for file in files if CHECKPOINT_FILES.fullmatch(file) and not NOT_CHECKPOINT.match(file))
    if len(gguf) == 1:
        return gguf
    if gguf:
        choices = "\n".join(f"  tampu pull {wanted.repository}/{file}" for file in gguf)
        raise ModelMissing(f"{name} has several GGUF files. Choose one:\n\n{choices}")
    raise ModelMissing(f"{name} has neither safetensors nor GGUF files; tampu opens no pickles.")


def _parameters(info: ModelInfo, wanted: HubName, size: int) -> int | None:
    """How many weights the model has, if the hub knows; for a GGUF file a lower bound is of no use."""
    if info.safetensors is not None:
        return info.safetensors.total
    return None if wanted.file or wanted.quant else size // 2


def _api(hub: Hub) -> huggingface_hub.HfApi:
    return huggingface_hub.HfApi(endpoint=hub.endpoint, token=hub.bearer)


def _is_cached(wanted: HubName, commit: str, file: str, hub: Hub) -> bool:
    home = hub.cache / f"models--{wanted.repository.replace('/', '--')}"
    return (home / "snapshots" / commit / file).exists()


class _Counter:
    """Sums up the bytes of all files in one phase."""

    def __init__(self, phase: str, total: int, progress: Progress) -> None:
        self._phase, self._total, self._progress = phase, total, progress
        self._done = 0

    def add(self, num_bytes: int) -> None:
        self._done += num_bytes
        self._progress(self._phase, self._done, self._total)


@contextmanager
def _translated(name: str, wanted: HubName, hub: Hub, lost: str = "") -> Iterator[None]:
    """What the hub's library raises, as errors of ours; `lost` is said when there is no connection."""
    try:
        yield
    except GatedRepoError as error:
        raise LicenceRequired(_gate(name, wanted, hub, error.response.status_code)) from error
    except RepositoryNotFoundError as error:
        raise ModelMissing(_not_found(name, wanted, hub)) from error
    except HfHubHTTPError as error:
        if error.response.status_code == 401:
            raise LicenceRequired(
                f"{hub.host} does not accept your token. Run `hf auth login` for a new one."
            ) from error
        raise NetworkUnavailable(f"{hub.host} answered with status {error.response.status_code}.") from error
    except (httpx2.HTTPError, ConnectionError) as error:
        patience = f" within {hub.timeout:g} s" if isinstance(error, httpx2.TimeoutException) else ""
        raise NetworkUnavailable(lost or f"No network: {hub.host} did not answer{patience}.") from error
    except (ValueError, KeyError) as error:
        raise NetworkUnavailable(f"{hub.host} answered, but not as a Hugging Face hub does.") from error


def _not_found(name: str, wanted: HubName, hub: Hub) -> str:
    hint = did_you_mean(name, known_names(on_the_hub=True))
    return f"{hub.host} has no model {wanted.repository}, or it is private and your token cannot see it.{hint}"


def _gate(name: str, wanted: HubName, hub: Hub, status: int) -> str:
    if hub.token is None:
        found = "Found: no token."
    elif status == 401:
        found = "Found: a token that the hub does not accept; make a new one in step 2."
    else:
        found = "Your token is valid, but access to this repository is not approved yet: step 1, or waiting, is left."
    return f"""{wanted.repository} asks you to accept its licence once before the hub hands out these weights.

  1. open   {hub.endpoint}/{wanted.repository}   and press "Agree"
  2. run    hf auth login              (or set HF_TOKEN)
  3. run    tampu pull {name}     again

{found}   Another way: tampu chat --model PATH with files you already have"""
