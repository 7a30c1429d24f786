"""The site's own public IP address in payload. Source: RFC 6890 (what is global)."""

from collections.abc import Iterator

from iotaudit.detect.addresses import addresses
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "device.ip.public"
WANTS = Wants(
    keys=KeySet(
        "=ip, wan ip, public ip, client ip",
    ),
    shapes=frozenset({"ipv4"}),
)
reasoning = (
    "A global address counts only where it equals one of the device's own: any other is "
    "somebody else's."
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives global addresses as candidates."""
    for text, address in addresses(node):
        if address.is_global and not address.is_multicast:
            yield seen(ID, text, Confidence.PROVEN, "a global address", candidate=True)
