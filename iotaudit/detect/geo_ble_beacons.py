"""Bluetooth devices around: lists of addresses with signal strengths, and beacons.

Source: Bluetooth Core Specification 5.4 vol. 6 part B (device address) and vol. 2 part E (RSSI of -127 to 20 dBm); the
fields of an iBeacon (UUID, major, minor).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import RECORDS, as_mac, seen
from iotaudit.model.exposures import Confidence

ID = "geo.ble_beacons"
KEYS = KeySet(
    "ble, beacon, beacons, ibeacon, ibeacons, eddystone, bluetooth, bt scan, bt devices, bt list, bt "
    "neighbors",
)
SIGNAL = KeySet("rssi, =signal, signal strength, =dbm, =level")
ADDRESS = KeySet("mac, =addr, address, bd addr, bdaddr, =id")
WANTS = Wants(keys=KEYS, record_keys=KeySet("=major"))
reasoning = (
    "Two or more link addresses with signal strengths under a name for Bluetooth, or a UUID with the major "
    "and minor "
    "number of a beacon and a signal strength."
)
LEAST = 2
WEAKEST, STRONGEST = -127, 20
NUMBERS = 65_535
"""Greatest major or minor number of a beacon."""
_PAIR = re.compile(r"(?<![\w:])((?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})[ ,;=/|\t]{1,3}(-\d{1,3})(?![\w:.])")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the addresses of devices around, and beacons."""
    if node.kind is Kind.RECORD and isinstance(node.value, dict):
        yield from _beacon(node.value)
    if node.key not in KEYS:
        return
    found: list[str] = []
    if node.kind is Kind.RECORD:
        found = [address for row in _rows(node.value) if (address := _address(row))]
    elif node.kind is Kind.TEXT:
        found = [match[1] for match in _PAIR.finditer(node.text[:65_536]) if _is_signal(match[2])]
    if len({as_mac(address) for address in found}) >= LEAST:
        for address in dict.fromkeys(found[:RECORDS]):
            ground = "a list of link addresses with signal strengths under a name for Bluetooth"
            yield seen(ID, address, Confidence.DETECTED, ground)


def _rows(value: object) -> Iterator[dict[str, object]]:
    """Gives the records of a list; of a mapping by address, each with its address."""
    if isinstance(value, list):
        yield from (row for row in value[:RECORDS] if isinstance(row, dict))
    elif isinstance(value, dict):
        for name, row in list(value.items())[:RECORDS]:
            if as_mac(str(name)):
                yield {"mac": name, **row} if isinstance(row, dict) else {"mac": name, "rssi": row}


def _address(row: dict[str, object]) -> str:
    """Gives the address of a row that has one and a signal strength, "" for other rows."""
    if not any(name in SIGNAL and _is_signal(value) for name, value in row.items()):
        return ""
    return next((v for k, v in row.items() if k in ADDRESS and isinstance(v, str) and as_mac(v)), "")


def _beacon(row: dict[str, object]) -> Iterator[Hit]:
    """Gives the beacon that a record tells of."""
    plain = {str(name).casefold(): value for name, value in row.items()}
    uuid, numbers = plain.get("uuid"), (plain.get("major"), plain.get("minor"))
    if (
        not isinstance(uuid, str)
        or not _UUID.fullmatch(uuid)
        or not all(_is_number(number) for number in numbers)
    ):
        return
    if any(name in SIGNAL and _is_signal(value) for name, value in row.items()):
        yield seen(ID, uuid, Confidence.DETECTED, "a UUID with the numbers of a beacon and a signal strength")


def _is_number(value: object) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= NUMBERS


def _is_signal(value: object) -> bool:
    """True for whole decibels in the range of a receiver; 0 stands for none."""
    text = str(value)
    plain = text.removeprefix("-")
    return (
        plain.isascii()
        and plain.isdigit()
        and len(plain) <= 3
        and WEAKEST <= int(text) <= STRONGEST
        and int(text) != 0
    )
