"""Header blocks of HTTP/3: static and dynamic table, both kinds of indices; decoding only, bounded.

Integers, strings and the Huffman code are those of HPACK.
Source: RFC 9204 sections 3 (tables), 4.3 (encoder instructions), 4.5 (field lines), appendix A (static table).
"""

from iotaudit.dissect.hpack import FIELDS, TABLE_MAX, UnreadableError, integer, string
from iotaudit.dissect.hpack import TEXT_LEN as STRING_LEN

ENTRY_COST = 32
STATIC: tuple[tuple[bytes, bytes], ...] = tuple(
    (name, value)
    for name, _, value in (
        row.partition(b"~")
        for row in (
            b":authority|:path~/|age~0|content-disposition|content-length~0|cookie|date|etag|if-modified-since|"
            b"if-none-match|last-modified|link|location|referer|set-cookie|:method~CONNECT|:method~DELETE|:method~GET|"
            b":method~HEAD|:method~OPTIONS|:method~POST|:method~PUT|:scheme~http|:scheme~https|:status~103|:status~200|"
            b":status~304|:status~404|:status~503|accept~*/*|accept~application/dns-message|"
            b"accept-encoding~gzip, deflate, br|accept-ranges~bytes|access-control-allow-headers~cache-control|"
            b"access-control-allow-headers~content-type|access-control-allow-origin~*|cache-control~max-age=0|"
            b"cache-control~max-age=2592000|cache-control~max-age=604800|cache-control~no-cache|"
            b"cache-control~no-store|cache-control~public, max-age=31536000|content-encoding~br|content-encoding~gzip|"
            b"content-type~application/dns-message|content-type~application/javascript|content-type~application/json|"
            b"content-type~application/x-www-form-urlencoded|content-type~image/gif|content-type~image/jpeg|"
            b"content-type~image/png|content-type~text/css|content-type~text/html; charset=utf-8|"
            b"content-type~text/plain|content-type~text/plain;charset=utf-8|range~bytes=0-|"
            b"strict-transport-security~max-age=31536000|"
            b"strict-transport-security~max-age=31536000; includesubdomains|"
            b"strict-transport-security~max-age=31536000; includesubdomains; preload|vary~accept-encoding|vary~origin|"
            b"x-content-type-options~nosniff|x-xss-protection~1; mode=block|:status~100|:status~204|:status~206|"
            b":status~302|:status~400|:status~403|:status~421|:status~425|:status~500|accept-language|"
            b"access-control-allow-credentials~FALSE|access-control-allow-credentials~TRUE|"
            b"access-control-allow-headers~*|access-control-allow-methods~get|"
            b"access-control-allow-methods~get, post, options|access-control-allow-methods~options|"
            b"access-control-expose-headers~content-length|access-control-request-headers~content-type|"
            b"access-control-request-method~get|access-control-request-method~post|alt-svc~clear|authorization|"
            b"content-security-policy~script-src 'none'; object-src 'none'; base-uri 'none'|early-data~1|expect-ct|"
            b"forwarded|if-range|origin|purpose~prefetch|server|timing-allow-origin~*|upgrade-insecure-requests~1|"
            b"user-agent|x-forwarded-for|x-frame-options~deny|x-frame-options~sameorigin"
        ).split(b"|")
    )
)

Entry = tuple[bytes, bytes]


class WaitError(ValueError):
    """A block refers to entries that did not come yet."""


class Decoder:
    """Decodes the blocks that one side sends; `instructions` takes the bytes of its encoder stream.

    `capacity` is the largest table that the reader of the blocks allows (its SETTINGS), 0 while it is not known: then
    the one that the encoder chose counts.
    """

    __slots__ = ("_bound", "_entries", "_first", "_lost", "_next", "_size", "_waiting", "capacity")

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._first = 0
        self._next = 0
        self._size = 0
        self._bound = 0
        self._waiting = bytearray()
        self._lost = False
        self.capacity = 0

    def instructions(self, data: bytes) -> bool:
        """Takes bytes of the encoder stream and says whether anything was added to the table."""
        if self._lost:
            return False
        self._waiting += data
        before, at = self._next, 0
        waiting = bytes(self._waiting)
        try:
            while at < len(waiting):
                end = _instruction_end(waiting, at)
                if end is None:
                    break
                self._instruct(waiting, at)
                at = end
        except UnreadableError:
            self.lose()
            return True
        del self._waiting[:at]
        return self._next > before

    def lose(self) -> None:
        """Takes a gap in the encoder stream: from here on only the static table is certain."""
        self._lost = True
        self._waiting.clear()
        self._entries.clear()

    def decode(self, block: bytes) -> list[Entry]:
        """Gives the fields of a block.

        Raises:
            UnreadableError: the block is cut, or refers to what is not there (any more).
            WaitError: it refers to entries that did not come yet.
        """
        coded, at = integer(block, 0, 8)
        wanted = self._wanted(coded)
        delta, end = integer(block, at, 7)
        base = wanted - delta - 1 if block[at] & 0x80 else wanted + delta
        if wanted > self._next:
            raise WaitError
        found: list[Entry] = []
        at = end
        while at < len(block):
            entry, at = self._line(block, at, base)
            if len(found) < FIELDS:
                found.append(entry)
        return found

    def _wanted(self, coded: int) -> int:
        """Gives how many entries there must have been, from the number modulo twice the most that fit."""
        if not coded:
            return 0
        most = (self.capacity or self._bound) // ENTRY_COST
        if self._lost:
            raise UnreadableError
        if not most:
            raise WaitError
        if coded > 2 * most:
            raise UnreadableError
        largest = self._next + most
        wanted = largest // (2 * most) * (2 * most) + coded - 1
        if wanted > largest:
            wanted -= 2 * most
        if wanted <= 0:
            raise UnreadableError
        return wanted

    def _line(self, block: bytes, at: int, base: int) -> tuple[Entry, int]:
        """Reads one field line."""
        first = block[at]
        if first & 0x80:
            index, at = integer(block, at, 6)
            return (_static(index) if first & 0x40 else self._entry(base - 1 - index)), at
        if first & 0x40:
            index, at = integer(block, at, 4)
            name = (_static(index) if first & 0x10 else self._entry(base - 1 - index))[0]
        elif first & 0x20:
            name, at = string(block, at, 3)
        elif first & 0x10:
            index, at = integer(block, at, 4)
            return self._entry(base + index), at
        else:
            index, at = integer(block, at, 3)
            name = self._entry(base + index)[0]
        value, at = string(block, at)
        return (name, value), at

    def _instruct(self, data: bytes, at: int) -> None:
        """Follows one instruction of the encoder."""
        first = data[at]
        if first & 0x80:
            index, at = integer(data, at, 6)
            name = (_static(index) if first & 0x40 else self._entry(self._next - 1 - index))[0]
            self._add((name, string(data, at)[0]))
        elif first & 0x40:
            name, at = string(data, at, 5)
            self._add((name, string(data, at)[0]))
        elif first & 0x20:
            bound, at = integer(data, at, 5)
            if bound > TABLE_MAX:
                raise UnreadableError
            self._bound = bound
            self._evict(0)
        else:
            index, at = integer(data, at, 5)
            self._add(self._entry(self._next - 1 - index))

    def _entry(self, index: int) -> Entry:
        entry = self._entries.get(index)
        if entry is None:
            raise UnreadableError
        return entry

    def _add(self, entry: Entry) -> None:
        cost = _cost(entry)
        if cost > self._bound:
            raise UnreadableError
        self._evict(cost)
        self._entries[self._next] = entry
        self._next += 1
        self._size += cost

    def _evict(self, room: int) -> None:
        while self._size + room > self._bound:
            self._size -= _cost(self._entries.pop(self._first))
            self._first += 1


def _static(index: int) -> Entry:
    if index >= len(STATIC):
        raise UnreadableError
    return STATIC[index]


def _cost(entry: Entry) -> int:
    return len(entry[0]) + len(entry[1]) + ENTRY_COST


def _instruction_end(data: bytes, at: int) -> int | None:
    """Gives where an instruction ends, None where more bytes are needed."""
    first = data[at]
    if first & 0x80:
        end = _integer_end(data, at, 6)
        return None if end is None else _string_end(data, end, 7)
    if first & 0x40:
        end = _string_end(data, at, 5)
        return None if end is None else _string_end(data, end, 7)
    return _integer_end(data, at, 5)


def _integer_end(data: bytes, at: int, bits: int) -> int | None:
    if at >= len(data):
        return None
    if data[at] & (1 << bits) - 1 != (1 << bits) - 1:
        return at + 1
    end = at + 1
    while end < len(data) and data[end] & 0x80 and end < at + 6:
        end += 1
    return end + 1 if end < len(data) else None


def _string_end(data: bytes, at: int, bits: int) -> int | None:
    start = _integer_end(data, at, bits)
    if start is None:
        return None
    length = integer(data, at, bits)[0]
    if length > STRING_LEN:
        raise UnreadableError
    return start + length if start + length <= len(data) else None
