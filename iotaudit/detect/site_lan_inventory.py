"""Lists of other devices on the network: records with a link address and an IP address or name."""

import ipaddress
import re
from collections.abc import Iterator
from itertools import islice

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import RECORDS, as_mac, kind_of, records
from iotaudit.model.exposures import Confidence

ID = "site.lan_inventory"
LIST_KEYS = KeySet(
    "neighbors, neighbours, arp, arp table, hosts, lan devices, =clients, =devices",
    "dhcp leases, leases, upnp, mdns, =stations, host list, device list",
)
NAMES = KeySet(
    "ip, ip address, ip addr, hostname, host, host name, name, ipv4",
)
WANTS = Wants(keys=LIST_KEYS, shapes=frozenset({"mac"}))
reasoning = (
    "Two or more link addresses, each with an IP address of a local network, in one list or table; with "
    "names alone the "
    "list may be one of the maker's own devices, so it is detected only. Access points are another type."
)
LEAST = 2
_NEIGHBOUR = re.compile(
    r"(?m)^[^\n]{0,64}?(?<![\w.:])((?:\d{1,3}\.){3}\d{1,3})\)?[ \t][^\n]{0,48}?"
    r"(?<![\w:])((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})(?![\w:])"
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives lists of hosts."""
    if node.kind is Kind.TEXT and "\n" in node.text:
        yield from _table(node.text[:65_536])
    if node.kind is not Kind.RECORD or node.key not in LIST_KEYS:
        return
    found: list[str] = []
    placed = 0
    for row in records(node):
        macs = [v for v in row.values() if isinstance(v, str) and as_mac(v)]
        if macs and any(name in NAMES and isinstance(v, str) and v for name, v in row.items()):
            found.append(macs[0])
            placed += any(isinstance(v, str) and _is_inside(v) for v in row.values())
    if len({as_mac(mac) for mac in found}) >= LEAST:
        sure = placed >= LEAST
        ground = f"a list of link addresses with {'addresses of a local network' if sure else 'names'}"
        yield kind_of(ID, f"{len(found)} hosts", Confidence.PROVEN if sure else Confidence.DETECTED, ground, *found)


def _table(text: str) -> Iterator[Hit]:
    """Gives the neighbours that a text lists line by line, as `arp` and `ip neigh` print them."""
    rows = islice(_NEIGHBOUR.finditer(text), RECORDS)
    found = [row[2] for row in rows if _is_inside(row[1])]
    if len({as_mac(mac) for mac in found}) >= LEAST:
        ground = "a table of neighbours: addresses of a local network with link addresses"
        yield kind_of(ID, f"{len(found)} hosts", Confidence.PROVEN, ground, *found)


def _is_inside(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_private
    except ValueError:
        return False
