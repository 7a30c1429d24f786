"""Wi-Fi pass phrases.

Source: IEEE 802.11-2020 annex J.4 (8 to 63 printable characters); the `WIFI:` QR form.
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "credential.wifi"
KEYS = KeySet(
    "psk, wifi password, wifi pwd, wifi pass, wifi passwd, wifi key, wlan key",
    "wlan password, wpa key, wpa passphrase, ssid password, ssid pwd, passphrase",
    "pre shared key, wlan schluessel",
)
WANTS = Wants(keys=KEYS, shapes=frozenset({"wifi_qr"}))
reasoning = (
    "8 to 63 printable characters under a name for a pass phrase, or the QR form that phones "
    "hand to devices."
)
_PHRASE = re.compile(r"[\x20-\x7e]{8,64}")
_QR = re.compile(r"WIFI:(?:[A-OQ-Z]:[^;]{0,64};){0,4}P:((?:\\.|[^;\\]){1,63});")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives pass phrases by name, and those in the QR form."""
    if node.kind is not Kind.TEXT:
        return
    if node.key in KEYS and _PHRASE.fullmatch(node.text) and not is_filler(node.text):
        yield seen(
            ID,
            node.text,
            Confidence.DETECTED,
            "printable characters under a name for a pass phrase",
        )
    for match in _QR.finditer(node.text[:65_536]):
        yield seen(ID, match[1], Confidence.PROVEN, "the pass phrase of a Wi-Fi QR text")
