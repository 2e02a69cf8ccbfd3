"""Tables as rows for topics, and the usual ways to ask for a definition."""

from collections.abc import Mapping

from training.data import countries

Row = dict[str, str]

DEFINE = (
    "What is {x}?", "What's {x}?", "Tell me about {x}.", "Can you explain what {x} is?", "Explain {x}.",
    "Do you know what {x} is?", "What does {x} mean?", "Describe {x} in a few words.", "Please explain {x} to me.",
    "What exactly is {x}?", "Define {x}.", "Tell me what {x} is.", "Explain {x} in simple words.",
    "I want to know what {x} is.",
)  # fmt: skip


def often(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows with those of well-known countries four times as often."""
    return rows + tuple(row for row in rows if row["x"] in countries.WELL_KNOWN) * 3


def columns(table: Mapping[tuple[str, str], str]) -> tuple[Row, ...]:
    """Rows with a, b and the bare answer y."""
    return tuple({"a": a, "b": b, "y": y, "short": y} for (a, b), y in table.items())


def with_another(table: Mapping[str, str]) -> tuple[Row, ...]:
    """Rows with a wrong value z beside the right y: the value of the row seven lines on."""
    keys = list(table)
    values = [table[key] for key in keys]
    shifted = values[7:] + values[:7]
    return tuple(
        {"x": x, "y": y, "z": z, "short": "No", "keyword": y}
        for x, y, z in zip(keys, values, shifted, strict=True)
        if y not in z and z not in y
    )


def in_order(names: tuple[str, ...]) -> tuple[Row, ...]:
    """Rows for every pair, asked in both orders; `names` go from the largest to the smallest."""
    rows = []
    for i, big in enumerate(names):
        for small in names[i + 1 :]:
            rows.append({"a": big, "b": small, "big": big, "small": small})
            rows.append({"a": small, "b": big, "big": big, "small": small})
    return tuple(rows)


def next_of(names: tuple[str, ...]) -> tuple[Row, ...]:
    """Rows with what follows each name; the first one follows the last."""
    following = names[1:] + names[:1]
    return tuple({"x": x, "y": y, "short": y} for x, y in zip(names, following, strict=True))


def before(names: tuple[str, ...]) -> tuple[Row, ...]:
    """Rows with what stands before each name; the last one stands before the first."""
    return tuple({"x": row["y"], "y": row["x"], "short": row["x"]} for row in next_of(names))
