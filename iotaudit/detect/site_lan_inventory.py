"""Lists of other devices on the network: records with a link address and an IP address or name."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import as_mac, kind_of, records
from iotaudit.model.exposures import Confidence

ID = "site.lan_inventory"
LIST_KEYS = KeySet(
    "neighbors, neighbours, arp, arp table, hosts, lan devices, =clients, =devices",
    "dhcp leases, leases, upnp, mdns, =stations, host list, device list",
)
NAMES = KeySet(
    "ip, ip address, ip addr, hostname, host, host name, name, ipv4",
)
WANTS = Wants(keys=LIST_KEYS)
reasoning = (
    "Two or more link addresses, each with an IP address or a name, in one list; access "
    "points are another type."
)
LEAST = 2


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives lists of hosts."""
    if node.kind is not Kind.RECORD or node.key not in LIST_KEYS:
        return
    found: list[str] = []
    for row in records(node):
        macs = [v for v in row.values() if isinstance(v, str) and as_mac(v)]
        if macs and any(name in NAMES and isinstance(v, str) and v for name, v in row.items()):
            found.append(macs[0])
    if len({as_mac(mac) for mac in found}) >= LEAST:
        ground = "a list of link addresses with IP addresses or names"
        yield kind_of(ID, f"{len(found)} hosts", Confidence.PROVEN, ground, *found)
