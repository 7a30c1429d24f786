"""The text that a line with a dot alone ends (mail in SMTP, answers of POP3), gathered up to a bound.

It is read as the bodies of `http_body` are. Source: RFC 5321 section 4.1.1.4, RFC 1939 section 3.
"""

import re

from iotaudit.dissect.http_body import Piece
from iotaudit.dissect.stream import Stream

BODY_LEN = 1 << 20
"""Bytes of one text that are handed on; the rest is read over."""
DOT = re.compile(rb"\n\.\r?\n")
EMPTY = re.compile(rb"\.\r?\n")
TAIL_LEN = 5
"""Bytes that wait for what follows: more than the beginning of the end is long."""


class DottedBody:
    """Takes such a text off the front of a stream; `over` says that its end was read. It cannot break."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._place = (0, 0)
        self._cut = False
        self.over = False
        self.broken = False

    def read(self, stream: Stream) -> list[Piece]:
        """Reads what is there, and gives the text once it has ended."""
        window = stream.peek(len(stream))
        empty = EMPTY.match(window) if not self._data and not self._cut else None
        end = empty or DOT.search(window)
        if end is None:
            self._keep(stream, max(len(stream) - TAIL_LEN, 0))
            return []
        if not empty:
            self._keep(stream, end.start() + 1)
        stream.skip(end.end() - (0 if empty else end.start() + 1))
        return self._end()

    def gap(self, length: int) -> list[Piece]:
        """Bridges a gap: the text goes on behind it."""
        del length
        self._cut = True
        return []

    def close(self, stream: Stream) -> list[Piece]:
        """Gives what is there of a text without an end."""
        self._cut = True
        self._keep(stream, len(stream))
        return self._end()

    def _keep(self, stream: Stream, length: int) -> None:
        """Takes bytes up to the bound; the rest is read over."""
        kept = min(length, BODY_LEN - len(self._data))
        if kept:
            self._place = stream.origin(kept - 1)
            self._data += stream.take(kept)
        self._cut = self._cut or kept < length
        stream.skip(length - kept)

    def _end(self) -> list[Piece]:
        self.over = True
        return [Piece(bytes(self._data), self._place, self._cut)] if self._data else []
