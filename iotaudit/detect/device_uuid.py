"""UUIDs and other identifiers of an installation. Source: RFC 9562 section 4 (variant and version)."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import as_mac, is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "device.uuid"
KEYS = KeySet(
    "uuid, guid, device id, dev id, =did, =client id, install id, installation id",
    "machine id, robot id, unique id, udid, android id, idfa, idfv, gaid, adid",
    "advertising id, thing name, device uuid, hardware id, hwid, geräte id",
    "geraete id, gw id, gateway id, 设备号",
)
PASSING = KeySet(
    "request id, message id, msg id, trace id, transaction id, correlation id",
    "event id, nonce",
)
"""Names of identifiers that belong to one message."""
LASTING = ("mqtt.topic", "mqtt.client_id", "dns.name", "tls.sni")
"""Places where an identifier lasts, so that the shape alone is worth a line."""
FIELDS = frozenset({"tutk.uid"})
"""Places that name the device by the protocol."""
WANTS = Wants(keys=KEYS, shapes=frozenset({"uuid"}), places=FIELDS)
reasoning = (
    "An identifier under a name for a device or installation, or a UUID in a topic or host "
    "name. A UUID elsewhere "
    "may be that of one message, so it is not reported."
)
_UUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9][A-Za-z0-9._:-]{6,126}[A-Za-z0-9]")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives identifiers by name, and UUIDs where they last."""
    if node.kind not in (Kind.TEXT, Kind.NUMBER) or node.key in PASSING:
        return
    text = node.text.strip()
    if node.where in FIELDS:
        if not node.is_nested and text:
            yield seen(ID, text, Confidence.PROVEN, "the field of the protocol that names the device")
    elif node.key in KEYS:
        if (
            (_UUID.fullmatch(text) or _OPAQUE.fullmatch(text))
            and not as_mac(text)
            and not is_filler(text)
        ):
            yield seen(
                ID,
                text,
                Confidence.DETECTED,
                "an identifier under a name for a device or installation",
            )
    elif node.where in LASTING:
        for match in _UUID.finditer(text):
            yield seen(ID, match[0], Confidence.INFERRED, "a UUID in a lasting place")
