"""Dull messages: JSON in which nothing can be found, whichever digits stand in it (a heartbeat, a counter, a switch).

A device sends thousands that differ in their digits alone. One of them is looked at for all: it must be of a
form so plain that no digit can change what the decode tree would ask about, even where it is no sound JSON.
"""

import re

from iotaudit.detect.index import NOBODY, Index
from iotaudit.detect.layer import root_key
from iotaudit.detect.shapes import present, skeleton
from iotaudit.model.raw import Content

DULL_LEN = 256
"""Longer messages are rarely alike."""
TOLD = 1024
_EDGE = rb"[\[\]{}:,]"
_FORM = re.compile(
    rb"\{(?:" + _EDGE + rb"|(?<=" + _EDGE + rb")"
    rb'(?:"[A-Za-z_]{1,15}"(?=:)|"[A-Za-z_]{0,7}"|-?0{1,10}(?:\.0{1,10})?|true|false|null)'
    rb"(?=" + _EDGE + rb"))++"
)
"""Names and texts that are too short to hold anything encoded, numbers, words of JSON; each between its signs."""
_NAME = re.compile(rb'"([A-Za-z_]{1,15})":')


class Dull:
    """Tells dull messages from others; answers are remembered by the form that is left without the digits."""

    __slots__ = ("_index", "_told")

    def __init__(self, index: Index) -> None:
        self._index = index
        self._told: dict[tuple[str, str, bytes], bool] = {}

    def holds(self, content: Content) -> bool:
        """True where the decode tree would ask nobody about anything in the content, and hit no bound."""
        data = content.data
        if len(data) > DULL_LEN or data[0] != 0x7B or content.encoding or content.where.endswith("uri"):
            return False
        form = skeleton(data)
        about = (content.where, content.key, form)
        told = self._told.get(about)
        if told is None:
            if len(self._told) >= TOLD:
                self._told.clear()
            told = self._told[about] = not self._index.by_place(content.where) and self._is_dull(root_key(content), form)
        return told and not self._index.known_in(data)

    def _is_dull(self, key: str, form: bytes) -> bool:
        return (
            _FORM.fullmatch(form) is not None
            and not present(form)
            and all(self._index.by_key(name) is NOBODY for name in (key, *map(bytes.decode, _NAME.findall(form))))
        )
