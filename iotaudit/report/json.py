"""The document as JSON: keys in the schema's order, two spaces of indent, UTF-8, one line feed at the end."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from iotaudit.report import RenderOptions
from iotaudit.report.rows import FlowRows
from iotaudit.report.values import sound

OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
NO_FLOWS = b'\n  "flows": []'
"""How the empty list of flows stands in the text: no other key stands as far left."""
OPEN, CLOSE = b'{\n  "flows": [', b"\n  ]\n}"
"""What stands around the rows in a document of flows alone."""


def render(document: Mapping[str, Any], _options: RenderOptions) -> bytes:
    """Gives the document as bytes; equal documents give equal bytes. Source: RFC 8259."""
    return b"".join(pieces(document))


def pieces(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Gives the same bytes piece by piece, so that the rows of lazy flows are never all in memory."""
    flows = document.get("flows")
    if not isinstance(flows, FlowRows):
        yield orjson.dumps(document, option=OPTIONS)
        return
    head, _, tail = orjson.dumps({**document, "flows": []}, option=OPTIONS).partition(NO_FLOWS)
    yield head + NO_FLOWS[:-1]
    comma = b""
    for rows in flows.chunks():
        yield comma + _dumped({"flows": rows})[len(OPEN) : -len(CLOSE)]
        comma = b","
    yield (b"\n  ]" if flows else b"]") + tail


def _dumped(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2)
    except TypeError:
        return orjson.dumps(sound(document), option=orjson.OPT_INDENT_2)
