"""MAC addresses. Source: IEEE 802-2014 section 8 (structure, group and local bits)."""

import re
from collections.abc import Iterator

from iotaudit.detect.geo_ble_beacons import KEYS as BLE_KEYS
from iotaudit.detect.geo_wifi_scan import BSSID_KEYS
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import as_mac, seen
from iotaudit.model.exposures import Confidence

ID = "device.mac"
KEYS = KeySet(
    "mac, mac address, mac addr, mac id, hwaddr, hw addr, hardware address",
    "ethernet address, mac adresse, adresse mac, wlan mac, wifi mac, bt mac, eth mac",
    "sta mac",
)
WANTS = Wants(keys=KEYS, shapes=frozenset({"mac", "hex12"}))
reasoning = (
    "Six octets under a name for a link address. The same shape without such a name may be a "
    "key or a time; "
    "twelve digits without separators count only where they equal the device's own address."
)
MOST = 256
_SPELT = re.compile(
    r"(?<![0-9A-Za-z:.-])(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2})(?![0-9A-Za-z:-])"
)
_BARE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{12}(?![0-9A-Za-z])")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives link addresses; bare digits without a name are candidates."""
    if node.kind is not Kind.TEXT or node.key in BSSID_KEYS:
        return
    around = _is_around(node)
    named = node.key in KEYS and not around
    if named and _is_host(node.text):
        yield seen(ID, node.text, Confidence.DETECTED, "six octets under a name for a link address")
        return
    for number, match in enumerate(_SPELT.finditer(node.text)):
        if number >= MOST:
            return
        if _is_host(match[0]):
            ground = "six octets with separators, as link addresses are written"
            sure = Confidence.DETECTED if named else Confidence.INFERRED
            yield seen(ID, match[0], sure, ground, candidate=around)
    for number, match in enumerate(_BARE.finditer(node.text)):
        if number >= MOST:
            return
        yield seen(ID, match[0], Confidence.INFERRED, "twelve hexadecimal digits", candidate=True)


def _is_around(node: Node) -> bool:
    """True in a list of Bluetooth devices around: `geo.ble_beacons` reports them, here only the device's own count."""
    if node.key in BLE_KEYS:
        return True
    link = node.link
    while link is not None:
        link, step = link
        if isinstance(step, str) and step in BLE_KEYS:
            return True
    return False


def _is_host(text: str) -> bool:
    """True for a link address of one host: not a group's, not zero, not all the same."""
    mac = as_mac(text)
    return mac is not None and not int(mac[1], 16) & 1 and len(set(mac)) > 2
