"""The adapters of an engine: loaded beside its steps by a thread, kept while there is memory, least recently used first
to go."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from tampu.engine.sequence import SequenceSpec
from tampu.errors import InvalidRequest, reason
from tampu.grammar.matcher import Matcher
from tampu.model.lora import Adapter


@dataclass(frozen=True, slots=True)
class AdapterOffer:
    """An adapter that sequences may ask for by its fingerprint: where its files lie, and the memory it will take."""

    fingerprint: str
    directory: str
    num_bytes: int


LoadAdapter = Callable[[Path], Adapter]


def no_adapters(directory: Path) -> Adapter:
    """Stands for a model that takes none."""
    raise InvalidRequest(f"This model takes no adapters; {directory.name} is one.", param="adapter")


@dataclass(frozen=True, slots=True)
class Entrant:
    """A sequence whose adapter is in memory, or why it is not."""

    spec: SequenceSpec
    matcher: Matcher | None
    error: str = ""


class AdapterRoom:
    """Adapters in memory, and the sequences that wait for theirs, in the order of their coming.

    Together they take at most `capacity` bytes, but for a single one. What a sequence uses stays; so a newcomer waits
    until enough sequences have ended, and whoever comes later waits behind it.
    """

    def __init__(self, load: LoadAdapter, capacity: int) -> None:
        self.num_loads = 0
        self._load = load
        self._capacity = capacity
        self._offers: dict[str, AdapterOffer] = {}
        self._loaded: OrderedDict[str, Adapter] = OrderedDict()  # the least recently used first
        self._loading: dict[str, Future[Adapter]] = {}  # one at a time
        self._waiting: dict[int, Entrant] = {}
        self._thread = ThreadPoolExecutor(1, "adapters")

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def num_loaded(self) -> int:
        """Adapters in memory."""
        return len(self._loaded)

    @property
    def num_bytes(self) -> int:
        """The memory they take."""
        return sum(adapter.num_bytes for adapter in self._loaded.values())

    def offer(self, offer: AdapterOffer) -> None:
        """Let sequences ask for this adapter from now on."""
        self._offers[offer.fingerprint] = offer

    def check(self, fingerprint: str) -> None:
        """InvalidRequest unless there is an adapter of this fingerprint."""
        if fingerprint not in self._offers:
            raise InvalidRequest("The engine has no such adapter.", param="adapter")

    def __getitem__(self, fingerprint: str) -> Adapter:
        """An adapter that is in memory, now the most recently used."""
        self._loaded.move_to_end(fingerprint)
        return self._loaded[fingerprint]

    def add(self, spec: SequenceSpec, matcher: Matcher | None) -> None:
        """Let a sequence wait for its adapter."""
        self._waiting[spec.id] = Entrant(spec, matcher)

    def abort(self, sequence_id: int) -> bool:
        """Forget a sequence; whether it was waiting here."""
        return self._waiting.pop(sequence_id, None) is not None

    def take(self, in_use: Collection[str], patience: float) -> list[Entrant]:
        """The sequences that wait no longer; when there is none yet, what `patience` seconds bring."""
        if not self._waiting:
            return []
        entrants = self._collect(in_use)
        if not entrants and patience:
            wait(self._loading.values(), timeout=patience)
            entrants = self._collect(in_use)
        return entrants

    def _collect(self, in_use: Collection[str]) -> list[Entrant]:
        entrants = self._finish_loading()
        needed = set(in_use)
        for entrant in list(self._waiting.values()):
            fingerprint = entrant.spec.adapter
            if fingerprint in self._loaded:
                needed.add(fingerprint)
                entrants.append(self._waiting.pop(entrant.spec.id))
            elif not self._begin_loading(fingerprint, needed):
                break
        return entrants

    def _begin_loading(self, fingerprint: str, needed: Collection[str]) -> bool:
        """Load it, now or after another one; False where memory has no room for it yet."""
        if self._loading:
            return True
        offer = self._offers[fingerprint]
        if not self._make_room(offer.num_bytes, needed):
            return False
        self.num_loads += 1
        self._loading[fingerprint] = self._thread.submit(self._load, Path(offer.directory))
        return True

    def _make_room(self, num_bytes: int, needed: Collection[str]) -> bool:
        """Drop adapters that nobody needs until this one fits; whether it does."""
        for fingerprint in [each for each in self._loaded if each not in needed]:
            if self.num_bytes + num_bytes <= self._capacity:
                break
            del self._loaded[fingerprint]
        return not self._loaded or self.num_bytes + num_bytes <= self._capacity

    def _finish_loading(self) -> list[Entrant]:
        """Keep what was loaded; the sequences whose adapter could not be."""
        failed: list[Entrant] = []
        for fingerprint in [each for each, future in self._loading.items() if future.done()]:
            future = self._loading.pop(fingerprint)
            if (error := future.exception() or _changed(future.result(), fingerprint)) is None:
                self._loaded[fingerprint] = future.result()
                continue
            for entrant in [each for each in self._waiting.values() if each.spec.adapter == fingerprint]:
                del self._waiting[entrant.spec.id]
                failed.append(Entrant(entrant.spec, None, f"The adapter cannot be loaded: {reason(error)}"))
        return failed


def _changed(adapter: Adapter, fingerprint: str) -> Exception | None:
    same = adapter.fingerprint == fingerprint
    return None if same else InvalidRequest("its files have changed since it was added", param="adapter")
