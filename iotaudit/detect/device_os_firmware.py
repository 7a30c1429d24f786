"""Versions of firmware, operating system and app, by the name of the field."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "device.os_firmware"
SURE = KeySet(
    "firmware, firmware version, firmware ver, fw, fw version, fw ver, fwver",
    "software version, sw version, sw ver, os version, kernel version, kernel",
    "rom version, app version, mcu version, system version, android version",
    "bootloader version, build number, build version, 固件版本",
)
KEYS = KeySet("=version", "=ver", "=build")
WANTS = Wants(keys=SURE | KEYS)
reasoning = (
    "Version syntax under a name for software; a plain `version` needs three numbers, since "
    "formats have versions too."
)
_TWO = re.compile(
    r"[A-Za-z]{0,12}[ _-]?v?\d+(?:[._]\d+){1,4}(?:[-+_. ][0-9A-Za-z.+_-]{1,40})?", re.IGNORECASE
)
_THREE = re.compile(r"v?\d+(?:\.\d+){2,4}(?:[-+_][0-9A-Za-z.+_-]{1,40})?", re.IGNORECASE)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the value of a field that is named as a version of software."""
    if node.kind is not Kind.TEXT:
        return
    text = node.text.strip()
    pattern = _TWO if node.key in SURE else _THREE if node.key in KEYS else None
    if pattern is not None and pattern.fullmatch(text):
        yield seen(ID, text, Confidence.DETECTED, "version syntax under a name for software")
