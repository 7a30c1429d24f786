"""Serial numbers, by the name of the field: no two makers write them alike."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "device.serial"
KEYS = KeySet(
    "serial, serial no, serial number, serial num, serial id, sn, =s n, device sn",
    "robot sn, seriennummer, serien nr, numero de serie, numero serie",
    "numero di serie, serienummer, 序列号, серийный номер",
)
WANTS = Wants(keys=KEYS)
reasoning = (
    "6 to 32 letters and digits, at least one digit, under a name for a serial number. It "
    "may be the serial number "
    "of a message or a certificate instead: only a match with the label proves it."
)
_SERIAL = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9][A-Za-z0-9._/:-]{4,30}[A-Za-z0-9]")
_OTHER = re.compile(r"\d{4}-\d\d-\d\d.*|\d+(?:\.\d+){1,3}|https?:.*", re.IGNORECASE)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the value of a field that is named as a serial number."""
    text = node.text.strip()
    if (
        node.kind in (Kind.TEXT, Kind.NUMBER)
        and node.key in KEYS
        and _SERIAL.fullmatch(text)
        and not _OTHER.fullmatch(text)
    ):
        yield seen(
            ID, text, Confidence.DETECTED, "letters and digits under a name for a serial number"
        )
