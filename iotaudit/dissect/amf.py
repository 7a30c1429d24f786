"""Values of Action Message Format 0, flattened: what a peer of RTMP says in its commands.

Source: Adobe, "Action Message Format - AMF 0" (2007), section 2 (types).
"""

import struct
from dataclasses import dataclass

from iotaudit.dissect.cursor import Cursor, ShortError

NUMBER, BOOLEAN, STRING, OBJECT = range(4)
NULL, UNDEFINED, REFERENCE, MIXED, OBJECT_END, ARRAY, DATE, LONG = 5, 6, 7, 8, 9, 10, 11, 12
UNSUPPORTED, XML, TYPED, AMF3 = 13, 15, 16, 17
VALUES = 512
"""Values of one message that are read."""
DEPTH = 8
NAME_LEN = 128


@dataclass(frozen=True, slots=True)
class Value:
    """A string, number or boolean (as text), and the nearest name above it, "" at the top."""

    name: str
    data: bytes
    is_text: bool


def values(data: bytes) -> tuple[tuple[Value, ...], bool]:
    """Gives the values of a message in order, and whether it could be read to its end."""
    found: list[Value] = []
    cursor = Cursor(data)
    try:
        while len(cursor) and len(found) < VALUES:
            if not _value(cursor, "", found, DEPTH):
                return tuple(found), False
    except ShortError:
        return tuple(found), False
    return tuple(found), True


def _value(cursor: Cursor, name: str, found: list[Value], depth: int) -> bool:
    """Reads one value; False where what it is cannot be read."""
    kind = cursor.number(1)
    if kind == NUMBER:
        number = struct.unpack(">d", cursor.take(8))[0]
        found.append(Value(name, f"{number:g}".encode(), is_text=False))
    elif kind == BOOLEAN:
        found.append(Value(name, b"true" if cursor.number(1) else b"false", is_text=False))
    elif kind in (STRING, LONG, XML):
        found.append(Value(name, cursor.vector(2 if kind == STRING else 4), is_text=True))
    elif kind in (OBJECT, MIXED, TYPED):
        return depth > 0 and _members(cursor, kind, found, depth - 1)
    elif kind == ARRAY:
        return depth > 0 and _array(cursor, name, found, depth - 1)
    elif kind in (DATE, REFERENCE):
        cursor.take(10 if kind == DATE else 2)
    else:
        return kind in (NULL, UNDEFINED, UNSUPPORTED)
    return True


def _members(cursor: Cursor, kind: int, found: list[Value], depth: int) -> bool:
    """Reads names and values up to the end mark."""
    if kind == MIXED:
        cursor.take(4)  # how many there are, a hint only
    elif kind == TYPED:
        cursor.vector(2)
    while len(found) < VALUES:
        key = cursor.vector(2)
        if not key:
            return cursor.number(1) == OBJECT_END
        if not _value(cursor, key[:NAME_LEN].decode("utf-8", "replace"), found, depth):
            return False
    return False


def _array(cursor: Cursor, name: str, found: list[Value], depth: int) -> bool:
    for _ in range(cursor.number(4)):
        if len(found) >= VALUES or not _value(cursor, name, found, depth):
            return False
    return True
