"""The adapters that a request may name: those stored for the model, and those that the program itself brought."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from tampu.engine.adapters import AdapterOffer
from tampu.engine.card import ModelCard
from tampu.errors import AdapterNotFound, IncompleteAdapter, InvalidAdapter, InvalidRequest, UnknownAdapter
from tampu.kernels.interface import Kind
from tampu.model.adapter_file import check_finite, open_adapter
from tampu.model.adapter_store import AdapterStore, StoredAdapter, check_files, check_name, describe, discard
from tampu.model.config import ModelConfig
from tampu.model.finetunes import Finetunes
from tampu.model.packed import open_packed
from tampu.settings import EngineSettings, Paths


class AdapterShelf:
    """What is stored is looked up anew whenever the store has changed, whoever changed it.

    `in_use` tells the fingerprints of the adapters whose files may still be read.
    """

    def __init__(
        self,
        store: AdapterStore,
        config: ModelConfig,
        kind: Kind,
        capacity: int,
        in_use: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._store = store
        self._config = config
        self._element_size = 4 if kind == "f32" else 2
        self._capacity = capacity
        self._own: dict[str, StoredAdapter] = {}
        self._stored: dict[str, StoredAdapter] = {}
        self._in_use = in_use
        self._has_retired = False
        self._seen = -1  # when the store had changed last, as far as we know
        self.finetunes = Finetunes(store)
        store.sweep()

    def list(self) -> list[StoredAdapter]:
        """All adapters, by name."""
        self._refresh()
        return [adapter for _, adapter in sorted((self._stored | self._own).items())]

    def get(self, name: str) -> StoredAdapter:
        """The adapter of this name; AdapterNotFound when there is none."""
        self._refresh()
        found = self._own.get(name) or self._stored.get(name)
        if found is None:
            raise AdapterNotFound(name, self._stored | self._own)
        return found

    def resolve(self, name_or_id: str) -> str:
        """The name of the adapter with this name or id; UnknownAdapter, or IncompleteAdapter for half a finetune."""
        names = [adapter.name for adapter in self.list()]
        found = self.finetunes.named(name_or_id, names)
        if found is not None:
            return found
        waiting = self.finetunes.named(name_or_id, [about.name for about in self.finetunes.waiting()])
        if waiting is not None:
            raise IncompleteAdapter(waiting, self.finetunes.missing(waiting))
        raise UnknownAdapter(name_or_id, names)

    def offer(self, name: str) -> AdapterOffer:
        """What the engine needs to know of an adapter; InvalidRequest when there is none of this name."""
        try:
            found = self.get(name)
        except AdapterNotFound as error:
            raise InvalidRequest(error.message, param="adapter") from None
        return AdapterOffer(found.fingerprint, found.directory, self.memory(found))

    def memory(self, adapter: StoredAdapter) -> int:
        """Bytes that it takes in memory."""
        return adapter.elements * self._element_size

    def stage(self) -> Path:
        """An empty directory for the files of an adapter that is to be added."""
        return self._store.stage()

    def add(self, name: str, staged: Path) -> StoredAdapter:
        """Store what was staged under this name, in place of what had it; InvalidAdapter if it is not fit."""
        try:
            self._check_size(describe(name, staged, self._config))
        except InvalidAdapter:
            discard(staged)
            raise
        added = self._store.add(name, staged, self._config)
        self._seen, self._has_retired = -1, True
        return added

    def remove(self, name: str) -> None:
        """Take a stored adapter out; AdapterNotFound when there is none. Requests under way keep it."""
        self._store.remove(name)
        self._seen, self._has_retired = -1, True

    def bring(self, name: str, directory: Path) -> StoredAdapter:
        """Use the adapter in a directory of the program's own as long as this shelf lives; nothing is stored."""
        check_name(name)
        check_files(directory)
        adapter = describe(name, directory, self._config)
        self._check_size(adapter)
        check_finite(open_adapter(directory, self._config))
        self._own[name] = adapter
        return adapter

    def moved(self, offer: AdapterOffer) -> AdapterOffer:
        """The offer with the place where its files lie now: an adapter that was taken out is kept while it is used."""
        retired = self._store.retired(offer.fingerprint)
        return replace(offer, directory=str(retired)) if retired.is_dir() else offer

    def sweep(self) -> None:
        """Delete the files of adapters that were taken out and are no longer in use."""
        if self._has_retired:
            in_use = self._in_use()
            self._store.sweep(in_use)
            self._has_retired = bool(in_use)

    def _check_size(self, adapter: StoredAdapter) -> None:
        if (needed := self.memory(adapter)) > self._capacity:
            raise InvalidAdapter(
                f"The adapter takes {needed} bytes in memory, and adapter_memory is {self._capacity}.", param="weights"
            )

    def _refresh(self) -> None:
        directory = self._store.directory
        seen = directory.stat().st_mtime_ns if directory.is_dir() else 0
        if seen != self._seen:
            self._stored = {adapter.name: adapter for adapter in self._store.list()}
            self._seen = seen


def open_shelf(
    card: ModelCard, settings: EngineSettings, paths: Paths, in_use: Callable[[], Collection[str]] = frozenset
) -> AdapterShelf:
    """The adapters of a loaded model; `in_use` as for an AdapterShelf."""
    config = open_packed(Path(card.packed)).config
    return AdapterShelf(AdapterStore(paths, card.id), config, card.kind, settings.adapter_memory, in_use)
