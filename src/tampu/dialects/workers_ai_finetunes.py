"""Workers AI's finetunes: what it takes to begin one, how it shows them, and what it says when there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from operator import itemgetter
from typing import Any

from tampu.dialects.fields import Field, Table, read_query, read_table
from tampu.dialects.kinds import JSON, Integer, OneOf, Text
from tampu.dialects.workers_ai_errors import Numbered
from tampu.dialects.workers_ai_fields import LooseBoolean
from tampu.errors import InvalidRequest, NotOneOf
from tampu.request import Range

MAX_MODEL, MAX_NAME, MAX_DESCRIPTION = 256, 64, 2000  # characters
MAX_ROWS = 1_000_000
RESERVED = "cf-public-"  # the names of Cloudflare's own begin so
COLUMNS = ("id", "created_at", "model", "modified_at", "name", "description")
FIELDS: Table = (
    Field("model", Text(MAX_MODEL, min_length=1), "The model that it changes.", required=True),
    Field("name", Text(MAX_NAME, min_length=1), "What to call it.", required=True),
    Field("description", Text(MAX_DESCRIPTION), "For people.", default=""),
    Field("public", LooseBoolean(), "Whether the list of public ones shows it.", default=False),
)
PUBLIC_QUERY: Table = (
    Field("limit", Integer(Range(0, MAX_ROWS)), "Rows at most."),
    Field("offset", Integer(Range(0, MAX_ROWS)), "Rows to leave out at the beginning.", default=0),
    Field("orderBy", OneOf(COLUMNS), "The column to sort by.", default="name"),
)


@dataclass(frozen=True, slots=True)
class Finetune:
    """An adapter as Workers AI shows it. Times are Unix seconds."""

    id: str
    name: str
    model: str
    description: str
    public: bool
    created: float
    modified: float
    ready: bool  # whether all of its files are there


def read_finetune(body: JSON) -> dict[str, Any]:
    """The fields of a new one. Raises InvalidRequest, also for names that are Cloudflare's own."""
    values = read_table(FIELDS, body)
    if values["name"].startswith(RESERVED):
        raise InvalidRequest(f"Names that begin with {RESERVED} are reserved.", param="name")
    return values


def check_file_name(name: str, files: Sequence[str]) -> None:
    """Raise NotOneOf unless it is a file that an adapter has."""
    if name not in files:
        raise NotOneOf("file_name", value=name[:80], values=files)


def finetune_not_found(name_or_id: str) -> Numbered:
    """Nothing has this name or id."""
    return Numbered(3039, f"Finetune not found: {name_or_id[:80]}", status=HTTPStatus.NOT_FOUND)


def name_taken(name: str, finetune_id: str) -> InvalidRequest:
    """There is a whole finetune of this name: its files can be replaced, or it can go."""
    return InvalidRequest(
        f"There is a finetune {name} already: send files to {finetune_id} to replace its own, or delete it.",
        param="name",
    )


def render_finetune(finetune: Finetune) -> dict[str, JSON]:
    """One of them; `ready` is ours."""
    return {
        "id": finetune.id,
        "created_at": timestamp(finetune.created),
        "model": finetune.model,
        "modified_at": timestamp(finetune.modified),
        "name": finetune.name,
        "public": finetune.public,
        "description": finetune.description,
        "ready": finetune.ready,
    }


def render_asset(finetune: Finetune, file_name: str) -> dict[str, JSON]:
    """A file that was taken in: its finetune, with the keys that Cloudflare's older packages read."""
    asset = {"finetune_id": finetune.id, "file_name": file_name, "bucket_name": "adapters"}
    return {**render_finetune(finetune), **asset}


def render_public(finetunes: Sequence[Finetune], query: Mapping[str, str]) -> list[dict[str, JSON]]:
    """A page of the public ones. Raises InvalidRequest for a query that is none."""
    values = read_query(PUBLIC_QUERY, query)
    rows = sorted((render_finetune(each) for each in finetunes if each.public), key=itemgetter(values["orderBy"]))
    return rows[values["offset"] :][: values.get("limit", MAX_ROWS)]


def timestamp(seconds: float) -> str:
    """A time as Cloudflare writes it, in UTC: 2024-04-18 20:31:47.273."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
