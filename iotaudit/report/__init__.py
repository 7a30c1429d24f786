"""The last stage: an audit becomes a document, and the document any of the formats.

Everything but the document itself is rendered from it, never from the audit, so that a saved `audit.json` gives the
same report later as the audit did. Modules load on use: `iotaudit --help` must not pay for jinja2, rich or orjson.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from iotaudit.errors import UsageError

if TYPE_CHECKING:
    from iotaudit.model.result import Audit

FORMATS: dict[str, str] = {
    "json": "iotaudit.report.json",
    "html": "iotaudit.report.html",
    "sarif": "iotaudit.report.sarif",
    "junit": "iotaudit.report.junit",
    "md": "iotaudit.report.md",
    "csv": "iotaudit.report.csv",
}
"""The one list of formats: id to the module that has `render(document, options)`."""

__all__ = ["FORMATS", "RenderOptions", "document", "load", "pieces", "render"]


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What a reader may choose. `max_rows` bounds each table of the page; what is left out is counted and said."""

    max_rows: int = 2000


def document(audit: "Audit", *, lazy: bool = False) -> dict[str, Any]:
    """Gives the `audit.json` document of an audit: plain values, contract form, sorted, repeatable.

    Args:
        audit: what is written.
        lazy: the rows of `flows`, by far the most, are made only while they are read: a sequence, not a list.
    """
    from iotaudit.report.rows import make

    return make(audit, lazy=lazy)


def pieces(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Gives `audit.json` piece by piece: the bytes of `render(document, "json")` without all of them in memory."""
    from iotaudit.report import json

    return json.pieces(document)


def render(
    document: Mapping[str, Any],
    format: str,  # noqa: A002 - the name of the command's option
    options: RenderOptions = RenderOptions(),
) -> str | bytes:
    """Gives a document in one of `FORMATS`.

    Raises:
        UsageError: the format is not known.
    """
    if format not in FORMATS:
        raise UsageError(f"format {format!r} is unknown; there are {', '.join(FORMATS)}")
    rendered: str | bytes = import_module(FORMATS[format]).render(document, options)
    return rendered


def load(text: bytes) -> dict[str, Any]:
    """Gives the document of a saved `audit.json`.

    Raises:
        InputError: it is none: not JSON, cut off, of another version, or not of the schema's form.
    """
    from iotaudit.report.saved import read

    return read(text)
