"""The loaded model as dialects list it and parse for it."""

from collections.abc import Iterable

from tampu.catalogue import CATALOGUE
from tampu.dialects.base import ModelEntry
from tampu.engine.card import ModelCard
from tampu.model.names import all_names


def entry_of(card: ModelCard, created: int, aliases: Iterable[str] = ()) -> ModelEntry:
    """The model under its own names and these `aliases`; `created` is Unix time in seconds."""
    return ModelEntry(
        tuple(dict.fromkeys((*all_names(card.id), *aliases))),
        CATALOGUE.describe(card.id),
        created,
        card.context,
        card.kind,
        card.fingerprint,
        card.vocab_size,
        card.recommended,
    )
