"""The loaded model as dialects list it and parse for it."""

from collections.abc import Iterable

from tampu.catalogue import CATALOGUE, Catalogue
from tampu.dialects.base import ModelEntry
from tampu.engine.card import ModelCard


def entry_of(
    card: ModelCard, created: int, aliases: Iterable[str] = (), catalogue: Catalogue = CATALOGUE
) -> ModelEntry:
    """The model under the catalogue's names and these `aliases`; `created` is Unix time in seconds.

    The context that it shows is no longer than the catalogue has it.
    """
    known = catalogue.describe(card.id)
    return ModelEntry(
        tuple(dict.fromkeys((card.id, *known.all_names, *aliases))),
        known,
        created,
        min(card.context, known.context or card.context),
        card.kind,
        card.fingerprint,
        card.vocab_size,
        card.recommended,
    )
