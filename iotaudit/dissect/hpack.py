"""Header blocks of HTTP/2: static and dynamic table, integers, strings, Huffman code; decoding only, bounded.

Source: RFC 7541 sections 2 to 6, appendix A (static table), appendix B (Huffman code).
"""

from collections import deque

TABLE_LEN = 4096
"""Size of the dynamic table until a sender changes it (RFC 9113 section 6.5.2)."""
TABLE_MAX = 1 << 16
FIELDS = 500
"""Fields of one block that are given."""
TEXT_LEN = 1 << 16
ENTRY_COST = 32
STATIC: tuple[tuple[bytes, bytes], ...] = tuple(
    (name, value)
    for name, _, value in (
        row.partition(b"=")
        for row in (
            b":authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|"
            b":status=204|:status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|"
            b"accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|"
            b"allow|authorization|cache-control|content-disposition|content-encoding|content-language|"
            b"content-length|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|"
            b"if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|"
            b"max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|"
            b"set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate"
        ).split(b"|")
    )
)
LENGTHS = (
    "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad6777777777777777777777787"
    "8djde6f56565666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllml"
    "nmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu"
)
"""Lengths in bits (base 36) of the codes of the bytes and of the end mark: the code is canonical, so they suffice."""
END = 256


class UnreadableError(ValueError):
    """A block that no sound sender writes; the tables of both ends no longer agree."""


def _codes() -> dict[tuple[int, int], int]:
    """Gives symbol by (length, code)."""
    lengths = [int(digit, 36) for digit in LENGTHS]
    codes: dict[tuple[int, int], int] = {}
    code = previous = 0
    for symbol in sorted(range(END + 1), key=lambda s: (lengths[s], s)):
        code <<= lengths[symbol] - previous
        previous = lengths[symbol]
        codes[previous, code] = symbol
        code += 1
    return codes


CODES = _codes()
LONGEST = 30


class Decoder:
    """Decodes the blocks of one direction; its dynamic table lives as long as the connection."""

    def __init__(self) -> None:
        self._table: deque[tuple[bytes, bytes]] = deque()
        self._size = 0
        self._bound = TABLE_LEN

    def decode(self, block: bytes) -> list[tuple[bytes, bytes]]:
        """Gives the fields of a block.

        Raises:
            UnreadableError: the block is cut, or refers to what is not there.
        """
        found: list[tuple[bytes, bytes]] = []
        at = 0
        while at < len(block):
            first = block[at]
            if first & 0x80:
                index, at = integer(block, at, 7)
                entry = self._entry(index)
            elif first & 0xE0 == 0x20:
                bound, at = integer(block, at, 5)
                self._resize(bound)
                continue
            else:
                indexed = bool(first & 0x40)
                index, at = integer(block, at, 6 if indexed else 4)
                if index:
                    name = self._entry(index)[0]
                else:
                    name, at = string(block, at)
                value, at = string(block, at)
                entry = (name, value)
                if indexed:
                    self._add(entry)
            if len(found) < FIELDS:
                found.append(entry)
        return found

    def _entry(self, index: int) -> tuple[bytes, bytes]:
        if not 0 < index <= len(STATIC) + len(self._table):
            raise UnreadableError
        return STATIC[index - 1] if index <= len(STATIC) else self._table[index - len(STATIC) - 1]

    def _add(self, entry: tuple[bytes, bytes]) -> None:
        self._table.appendleft(entry)
        self._size += _cost(entry)
        self._evict()

    def _resize(self, bound: int) -> None:
        if bound > TABLE_MAX:
            raise UnreadableError
        self._bound = bound
        self._evict()

    def _evict(self) -> None:
        while self._size > self._bound:
            self._size -= _cost(self._table.pop())


def huffman(data: bytes) -> bytes:
    """Gives the text behind a Huffman-coded string.

    Raises:
        UnreadableError: it holds the end mark, or does not end with ones.
    """
    found = bytearray()
    code = length = 0
    for byte in data:
        for shift in range(7, -1, -1):
            code = code << 1 | byte >> shift & 1
            length += 1
            symbol = CODES.get((length, code))
            if symbol is not None:
                if symbol == END:
                    raise UnreadableError
                found.append(symbol)
                code = length = 0
            elif length > LONGEST:
                raise UnreadableError
    if length > 7 or code != (1 << length) - 1:
        raise UnreadableError
    return bytes(found)


def _cost(entry: tuple[bytes, bytes]) -> int:
    return len(entry[0]) + len(entry[1]) + ENTRY_COST


def integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """Gives an integer with a prefix of so many bits, and where it ends."""
    if at >= len(block):
        raise UnreadableError
    full = (1 << bits) - 1
    value = block[at] & full
    at += 1
    if value < full:
        return value, at
    for shift in range(0, 28, 7):
        if at >= len(block):
            raise UnreadableError
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise UnreadableError


def string(block: bytes, at: int, bits: int = 7) -> tuple[bytes, int]:
    """Gives a string literal, whose length has a prefix of so many bits, and where it ends."""
    length, start = integer(block, at, bits)
    end = start + length
    if end > len(block) or length > TEXT_LEN:
        raise UnreadableError
    raw = block[start:end]
    return (huffman(raw) if block[at] >> bits & 1 else raw), end
