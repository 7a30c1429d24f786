"""The document as JSON: keys in the contract's order, two spaces of indent, UTF-8, one line feed at the end."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from iotaudit.report import RenderOptions
from iotaudit.report.rows import FlowRows

OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
NO_FLOWS = b'\n  "flows": []'
"""How the empty list of flows stands in the text: no other key stands as far left."""


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
    for text in flows.texts(orjson.OPT_INDENT_2):
        # the list stands one level further left than in the document; JSON has no line feed inside a text
        yield comma + text[1:-2].replace(b"\n", b"\n  ")
        comma = b","
    yield (b"\n  ]" if flows else b"]") + tail
