"""BER as SNMP, LDAP and Kerberos use it: tags of one byte and definite lengths, within bounds, never raising.

Source: ITU-T X.690 sections 8.1 (identifier and length), 8.3 (integer), 8.19 (object identifier).
"""

from typing import NamedTuple

INTEGER, OCTETS, NULL, OID, ENUMERATED, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x0A, 0x30, 0x31
LONG_TAG = 0x1F
LENGTH_BYTES = 4
ITEMS = 512
"""Elements of one value that are given."""
ARCS = 128
OID_LEN = 640
INTEGER_LEN = 9
"""Longest integer that is read: 64 bits without a sign."""


class Item(NamedTuple):
    """One element: its tag, its contents, and whether they are there to their end."""

    tag: int
    data: bytes
    whole: bool = True

    def items(self) -> tuple["Item", ...]:
        """Gives the elements inside."""
        return items(self.data)


ABSENT = Item(-1, b"", whole=False)
"""Stands for an element that is not there."""


def extent(data: bytes, at: int = 0) -> tuple[int, int] | None:
    """Gives the lengths of header and contents of the element at `at`.

    (0, 0) where the header is cut, None where no element begins so.
    """
    if len(data) < at + 2:
        return None if len(data) > at and data[at] & LONG_TAG == LONG_TAG else (0, 0)
    first = data[at + 1]
    if data[at] & LONG_TAG == LONG_TAG:
        return None
    if first < 0x80:
        return 2, first
    count = first & 0x7F
    if not 1 <= count <= LENGTH_BYTES:
        return None
    if len(data) < at + 2 + count:
        return 0, 0
    return 2 + count, int.from_bytes(data[at + 2 : at + 2 + count])


def items(data: bytes, most: int = ITEMS) -> tuple[Item, ...]:
    """Gives the elements that stand one behind the other in `data`; the last may be cut."""
    found: list[Item] = []
    at = 0
    while at < len(data) and len(found) < most:
        size = extent(data, at)
        if not size or not size[0]:
            break
        start, end = at + size[0], at + sum(size)
        found.append(Item(data[at], data[start:end], end <= len(data)))
        at = end
    return tuple(found)


def first(data: bytes) -> Item:
    """Gives the element that `data` begins with, else `ABSENT`."""
    return next(iter(items(data, 1)), ABSENT)


def at(row: tuple[Item, ...], index: int) -> Item:
    """Gives an element of a row, `ABSENT` where the row is shorter."""
    return row[index] if index < len(row) else ABSENT


def tagged(row: tuple[Item, ...], tag: int) -> Item:
    """Gives the first element with this tag, else `ABSENT`."""
    return next((item for item in row if item.tag == tag), ABSENT)


def integer(item: Item) -> int | None:
    """Gives the value of an integer (or enumeration) of up to 64 bits, else None."""
    if not item.whole or not 1 <= len(item.data) <= INTEGER_LEN:
        return None
    return int.from_bytes(item.data, signed=True)


def oid(data: bytes) -> str:
    """Gives an object identifier as dotted numbers, "" where it is none or beyond the bounds."""
    if not data or len(data) > OID_LEN or data[-1] & 0x80:
        return ""
    arcs: list[int] = []
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if value >= 1 << 64 or len(arcs) >= ARCS:
            return ""
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(map(str, (root, arcs[0] - 40 * root, *arcs[1:])))
