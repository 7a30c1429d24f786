"""Loads the values that a lab knows of a device and its tester (`--known`). They are secret: no message holds one."""

from pathlib import Path

from iotaudit.errors import Place
from iotaudit.packs.fields import Fields, number_of, text_of
from iotaudit.packs.terms import data_types
from iotaudit.packs.yaml import Mistakes, Node, Sequence, load

LABELS = (
    "serial",
    "mac",
    "imei",
    "ssid",
    "bssid",
    "email",
    "phone",
    "name",
    "address",
    "password",
    "token",
    "map_label",
)
MIN_LEN = 3
"""A shorter value stands in any traffic by chance."""
MAX_LEN = 4096
MAX_VALUES = 1000
Known = tuple[str, str | None, str]


def load_known(path: str) -> tuple[Known, ...]:
    """Gives (label, data type or None, value) of every value, in the order of the labels, then of the file.

    A position is the text "lat,lon"; `salts` come under the label `salt`; `other` brings its data type.

    Raises:
        InputError: the file cannot be read.
        PackError: it has mistakes (all of them; values are not quoted).
    """
    mistakes = Mistakes()
    node = load(Path(path))
    fields = Fields(node, "the file", mistakes, Place(path))
    found: list[Known] = []
    for label in LABELS:
        found += [(label, None, value) for value in _values(fields, label, mistakes, MIN_LEN)]
    found += [("gps", None, value) for value in _positions(fields, mistakes)]
    for row in fields.rows("other"):
        data_type = row.choice("data_type", data_types(), required=True)
        values = _values(row, "value", mistakes, MIN_LEN, required=True)
        row.close()
        found += [("other", data_type, value) for value in values]
    found += [("salt", None, value) for value in _values(fields, "salts", mistakes, 1)]
    fields.close()
    if len(found) > MAX_VALUES:
        mistakes.add(Place(path), f"more than {MAX_VALUES} values")
    if not found and not mistakes:
        mistakes.add(Place(path), "the file names no value")
    mistakes.raise_any()
    return tuple(dict.fromkeys(found))


def _values(
    fields: Fields, key: str, mistakes: Mistakes, least: int, *, required: bool = False
) -> list[str]:
    node = fields.node(key, required=required)
    found = []
    for item in _items(node):
        text = text_of(item)
        if text is None:
            mistakes.add(item.place, f"{key} takes a value or a list of values")
        elif not least <= len(text.strip()) <= MAX_LEN:
            mistakes.add(item.place, f"a value of {key} must have {least} to {MAX_LEN} characters")
        else:
            found.append(text.strip())
    return found


def _items(node: Node | None) -> tuple[Node, ...]:
    if node is None:
        return ()
    return node.items if isinstance(node, Sequence) else (node,)


def _positions(fields: Fields, mistakes: Mistakes) -> list[str]:
    node = fields.node("gps")
    if node is None:
        return []
    items = _items(node)
    pairs = items if items and all(isinstance(item, Sequence) for item in items) else (node,)
    return [text for pair in pairs if (text := _position(pair, mistakes))]


def _position(node: Node, mistakes: Mistakes) -> str | None:
    numbers = [number_of(item) for item in _items(node)]
    if len(numbers) == 2:
        lat, lon = numbers
        if lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180:
            return ",".join(text_of(item) or "" for item in _items(node))
    mistakes.add(node.place, "gps takes [latitude, longitude] in degrees")
    return None
