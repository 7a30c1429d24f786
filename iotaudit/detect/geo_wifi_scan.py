"""Wi-Fi names and access points around. Source: IEEE 802.11-2020 section 9.4.2.2 (SSID of 0 to 32 octets)."""

from collections.abc import Iterator

from iotaudit.detect.geo_ble_beacons import KEYS as BLE_KEYS
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import COOKIE, Hit, Kind, Node, Wants
from iotaudit.detect.readings import number
from iotaudit.detect.values import as_mac, is_filler, records, seen
from iotaudit.model.exposures import Confidence

ID = "geo.wifi_scan"
SSID_KEYS = KeySet(
    "ssid, essid, wifi name, wlan name, ap name, network ssid",
)
BSSID_KEYS = KeySet(
    "bssid, ap mac, router mac, gateway mac, wifi bssid",
)
SIGNAL_KEYS = KeySet(
    "rssi, signal, level, signal strength, dbm, quality",
)
LIST_KEYS = KeySet(
    "ap list, wifi list, wifi scan, scan, scan result, scan results, access points",
    "wifi, networks, aps, wlan",
)
WANTS = Wants(keys=SSID_KEYS | BSSID_KEYS | LIST_KEYS)
reasoning = (
    "A text under the name SSID or a link address under the name BSSID; a list of two or "
    "more access points with "
    "signal strengths is a scan, which places the device within metres."
)
SSID_LEN = 32


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives names and addresses of access points, and lists of them."""
    if node.kind is Kind.RECORD:
        found = (
            [b for row in records(node) if (b := _access_point(row))]
            if node.key in LIST_KEYS and node.key not in BLE_KEYS
            else []
        )
        if len(set(found)) > 1:
            for bssid in dict.fromkeys(found):
                yield seen(
                    ID, bssid, Confidence.PROVEN, "a list of access points with signal strengths"
                )
    elif node.kind is Kind.TEXT and node.key in BSSID_KEYS:
        mac = as_mac(node.text)
        if mac is not None and len(set(mac)) > 2:
            yield seen(
                ID,
                node.text,
                Confidence.DETECTED,
                "a link address under the name of an access point's",
            )
    elif node.kind is Kind.TEXT and node.key in SSID_KEYS and node.where != COOKIE:
        text = node.text.strip()
        if 0 < len(text.encode(errors="replace")) <= SSID_LEN and not is_filler(text):
            yield seen(ID, text, Confidence.DETECTED, "a text under the name SSID")


def _access_point(row: dict[str, object]) -> str:
    """Gives the address of a row that has a valid one and a signal strength, "" for other rows."""
    strong = any(
        name in SIGNAL_KEYS and _is_signal(value) for name, value in row.items()
    )
    for name, value in row.items():
        if (
            strong
            and (name in BSSID_KEYS or name == "mac")
            and isinstance(value, str)
            and _is_station(value)
        ):
            return value
    return ""


def _is_signal(value: object) -> bool:
    """True for decibels below zero, or a share or step up to a hundred."""
    found = number(str(value)[:8])
    return found is not None and -127 <= found <= 100


def _is_station(text: str) -> bool:
    """True for the address of one station: no group address, and not of one digit."""
    mac = as_mac(text)
    return mac is not None and not int(mac[:2], 16) & 1 and len(set(mac)) > 2
