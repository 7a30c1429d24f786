"""Heads of HTTP/1.x and RTSP messages: a start line and fields, read as forgivingly as servers in the field do.

Source: RFC 9112 sections 2 to 5 (message syntax), RFC 9110 section 5 (fields), RFC 2326 section 4 (RTSP).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from iotaudit.dissect.stream import Stream

HEAD_LEN = 1 << 16
"""A head longer than this is not read."""
FIELDS_KEPT = 200
START = re.compile(
    rb"(?P<method>[A-Z][A-Z_-]{1,23}) +(?P<target>\S.*?) +(?P<version>(?:HTTP|RTSP)/1\.[0-9])[ \t]*\Z"
    rb"|(?P<answer>(?:HTTP|RTSP)/1\.[0-9]) +(?P<status>[1-5][0-9]{2})(?:[ \t].*)?\Z",
    re.DOTALL,
)
END = re.compile(rb"\n\r?\n")
REPEATED_LEN = 256
"""Longer lines are not remembered."""
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class MessageHead:
    """One head. A request has `method` and `target`, an answer a `status`; field names are lower case."""

    version: str
    method: str
    target: bytes
    status: int
    fields: tuple[tuple[str, bytes], ...]

    def first(self, name: str) -> bytes | None:
        """Gives the first value of a field, None where it is not there."""
        return next((value for key, value in self.fields if key == name), None)

    def listed(self, name: str) -> tuple[str, ...]:
        """Gives the comma-separated members of all fields of that name, lower case, without parameters."""
        values = [value for key, value in self.fields if key == name]
        if not values:
            return ()
        parts = [part.split(b";")[0].strip().lower() for part in b",".join(values).split(b",")]
        return tuple([part.decode("latin-1") for part in parts if part])

    def lengths(self) -> set[int] | None:
        """Gives the values of Content-Length (mostly one), None where one is no number."""
        found = set()
        for text in self.listed("content-length"):
            if not (text.isascii() and text.isdigit() and len(text) <= 18):
                return None
            found.add(int(text))
        return found


def head_len(stream: Stream, scanned: int) -> int | None:
    """Gives the length of the head at the front, its empty line included; None where it has not ended yet.

    `scanned` bytes of the front are known to hold no end.
    """
    end = stream.search(END, HEAD_LEN, max(scanned - 3, 0))
    return end if end >= 0 else None


def read_head(raw: bytes) -> MessageHead | None:
    """Reads a head, None where its first line is not one of HTTP/1.x or RTSP/1.x."""
    lines = raw.split(b"\n")
    start = START.match(lines[0].rstrip(b"\r"))
    if start is None:
        return None
    fields = read_fields(lines[1:])
    version = (start["version"] or start["answer"]).decode("ascii")
    if start["status"]:
        return MessageHead(version, "", b"", int(start["status"]), fields)
    return MessageHead(version, start["method"].decode("ascii"), start["target"], 0, fields)


def read_fields(lines: list[bytes]) -> tuple[tuple[str, bytes], ...]:
    """Gives the fields of the lines, folded ones joined; what is no field is left out."""
    found: list[tuple[str, bytes]] = []
    for raw in lines:
        if raw[:1] in (b" ", b"\t") and found:
            key, value = found[-1]
            found[-1] = (key, value + b" " + raw.rstrip(b"\r").strip())
            continue
        field = _repeated(raw) if len(raw) <= REPEATED_LEN else _field(raw)
        if field and len(found) < FIELDS_KEPT:
            found.append(field)
    return tuple(found)


def _field(raw: bytes) -> tuple[str, bytes] | None:
    """Gives name (in lower case) and value of a line, None where it is no field."""
    name, colon, value = raw.partition(b":")
    name = name.rstrip()
    return (name.decode("ascii").lower(), value.strip()) if colon and TOKEN.match(name) else None


@lru_cache(maxsize=1024)
def _repeated(raw: bytes) -> tuple[str, bytes] | None:
    """Gives the field of a line; devices send the same few lines again and again."""
    return _field(raw)
