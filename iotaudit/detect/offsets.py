"""Where in a content a value stands: what leads an engineer to it in the capture."""

from collections.abc import Iterable

from iotaudit.detect.node import Hit, Kind, Node

WORK = 4
"""A content is looked through so many times, whatever it holds."""
WORK_LEN = 1 << 16
"""So many bytes more, which is enough for the values of any small one."""
HEAD_LEN = 256


class Offsets:
    """Finds values in one content, within a bound of work; a value that stands at several places has the first."""

    __slots__ = ("_data", "_left")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = WORK * len(data) + WORK_LEN

    def of(self, node: Node, hit: Hit, covers: Iterable[str]) -> int | None:
        """Gives where the value begins, or the encoded word that it was read from; None where neither stands there so."""
        if node.kind is Kind.BINARY and not hit.texts:
            return 0 if node.data is self._data else self._find(node.data[:HEAD_LEN], 0)
        words = [*covers, *hit.texts] or [node.text]
        start = max(self._find(node.key.encode(errors="replace"), 0) or 0, 0) if node.key else 0
        for word in words[:2]:
            data = word.encode(errors="replace")
            at = self._find(data, start)
            if at is None and start:
                at = self._find(data, 0)
            if at is not None:
                return at
        return None

    def _find(self, word: bytes, start: int) -> int | None:
        if not word or self._left <= 0:
            return None
        at = self._data.find(word, start)
        self._left -= (at if at >= 0 else len(self._data)) - start + len(word)
        return at if at >= 0 else None
