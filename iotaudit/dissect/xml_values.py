"""Values of XML as small devices write it: the elements that hold text alone, without a parser of XML.

Source: XML 1.0 (W3C, 5th edition) sections 3.1 (tags) and 4.6 (predefined entities).
"""

import re
from collections.abc import Iterator

ELEMENTS = 256
"""Elements of one document that are read."""
VALUE_LEN = 1024
ELEMENT = re.compile(rb"<([A-Za-z_][\w.-]{0,63})(?:\s[^<>]{0,256})?>([^<>]{1,1024})</\1\s*>")
ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))


def xml_values(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Gives names and values of the elements that hold text alone, in order."""
    for number, match in enumerate(ELEMENT.finditer(data)):
        if number >= ELEMENTS:
            return
        value = match[2].strip()
        for entity, plain in ENTITIES:
            value = value.replace(entity, plain)
        if value:
            yield match[1].decode("ascii"), value
