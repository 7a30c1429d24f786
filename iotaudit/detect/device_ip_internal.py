"""Internal IP addresses in payload. Source: RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5.6."""

import ipaddress
from collections.abc import Iterator

from iotaudit.detect.addresses import addresses
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "device.ip.internal"
WANTS = Wants(
    keys=KeySet(
        "=ip, local ip, lan ip, gateway",
    ),
    shapes=frozenset({"ipv4", "ipv6_local"}),
)
reasoning = (
    "A valid address of a private or link-local range in a payload; the version number "
    "10.1.2.3 looks alike."
)
RANGES = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives addresses of private and link-local ranges."""
    for text, address in addresses(node):
        if any(address in network for network in RANGES) and int(address) & 0xFF not in (0, 255):
            yield seen(
                ID,
                text,
                Confidence.DETECTED,
                "an address of a private or link-local range in a payload",
            )
