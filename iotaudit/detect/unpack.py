"""Formats of bytes and words that are told by their whole content: which are tried, and in which order.

A format with a sign is tried first. Those without one (protobuf, CBOR, MessagePack, bare Thrift) are tried on
what nothing else explains; where the media type declares one, it alone is tried, and less is asked of it.
"""

from functools import lru_cache

from iotaudit.codec import (
    alphabet,
    base32,
    base58,
    base64,
    bson,
    cbor,
    csv,
    deflate,
    hex,  # noqa: A004
    msgpack,
    plist,
    protobuf,
    thrift,
    utf16,
    xml,
    xor,
)
from iotaudit.codec.budget import Budget, Piece
from iotaudit.codec.worth import is_worth
from iotaudit.detect.known import Known

MOST_LEN = 4 << 20
"""Longer bytes are not read as a record."""
LEAST_LEN = 8
PROBE_LEN = 64
WORD_LEN = 16
"""Bytes behind an encoded word that are neither text nor of a known format must be so many to be tried."""
_ENCODINGS = {codec.ID: codec for codec in (hex, base32, base64, base58)}
_UNDECLARED = (cbor, msgpack, protobuf, thrift)
_BY_NAME = {codec.ID: codec for codec in _UNDECLARED}
_DECLARED: dict[str, str] = {kind: codec.ID for codec in _UNDECLARED for kind in codec.MEDIA_TYPES}

Record = tuple[str, object]
"""The name of a format, and what the bytes say in it."""


def declared(data: bytes, media_type: str) -> Record | None:
    """Gives the record that bytes of a declared type are, None where they are none, or the type declares nothing."""
    if not media_type or len(data) > MOST_LEN:
        return None
    name = _declares(media_type)
    if not name:
        return None
    value = _BY_NAME[name].parse(data, declared=True)
    return (name, value) if value is not None else None


@lru_cache(1 << 10)
def _declares(media_type: str) -> str:
    """Gives the name of the format that a media type declares, "" where it is none of these."""
    plain = media_type.partition(";")[0].strip().lower()
    return _DECLARED.get(plain) or _DECLARED.get(plain.partition("+")[0], "")


def record(data: bytes) -> Record | None:
    """Gives the record that all of some undeclared bytes are, None where they are none."""
    if not LEAST_LEN <= len(data) <= MOST_LEN:
        return None
    if data.startswith(plist.MAGIC):
        value = plist.parse(data)
        return (plist.ID, value) if value is not None else None
    if not data[-1]:
        value = bson.parse(data)
        if value is not None:
            return bson.ID, value
    for codec in _UNDECLARED:
        value = codec.parse(data, declared=False)
        if value is not None:
            return codec.ID, value
    return None


def table(data: bytes) -> Record | None:
    """Gives the record or rows that a text is as a property list, XML or a table, None where it is none."""
    if data[:PROBE_LEN].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        for codec in (plist, xml):
            value = codec.parse(data)
            if value is not None:
                return codec.ID, value
        return None
    rows = csv.parse(data) if b"\n" in data else None
    return (csv.ID, rows) if rows else None


def unwrapped(data: bytes, known: Known, budget: Budget) -> tuple[str, Piece] | None:
    """Gives what bytes are under a raw DEFLATE stream or a one-byte XOR, with the name of the step."""
    pieces = deflate.decode(data, budget)
    if pieces:
        return deflate.ID, pieces[0]
    pieces = xor.decode(data, budget) or xor.decode_known(data, known.differences(data), budget)
    return (xor.ID, pieces[0]) if pieces else None


def word(data: bytes, known: Known, budget: Budget) -> tuple[str, bytes] | None:
    """Gives the encoding of a word with the bytes behind it, None unless these are something.

    They are where they are text or begin like a known format, are all one record, or hold a known value.
    """
    for name in alphabet.encodings(data):
        plain = _ENCODINGS[name].to_bytes(data)
        if plain is None:
            continue
        if is_worth(plain) or (len(plain) >= WORD_LEN and _is_something(plain, name, known)):
            return (name, plain) if budget.spend(len(plain)) else None
    return None


def _is_something(plain: bytes, name: str, known: Known) -> bool:
    if known.present(plain):
        return True
    if name == base58.ID:
        return False
    if record(plain) is not None:
        return True
    trial = Budget()
    return (0 in plain and bool(utf16.decode(plain, trial))) or unwrapped(plain, known, trial) is not None
