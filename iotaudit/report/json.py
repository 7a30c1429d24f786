"""The document as JSON: keys in the contract's order, two spaces of indent, UTF-8, one line feed at the end."""

from collections.abc import Mapping
from typing import Any

import orjson

from iotaudit.report import RenderOptions


def render(document: Mapping[str, Any], _options: RenderOptions) -> bytes:
    """Gives the document as bytes; equal documents give equal bytes. Source: RFC 8259."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
