"""IMSI, ICCID and EID of a SIM. Source: ITU-T E.212 (IMSI), ITU-T E.118 (ICCID), GSMA SGP.29 (EID)."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import luhn, seen
from iotaudit.model.exposures import Confidence

ID = "device.imsi"
IMSI_KEYS = KeySet("imsi")
CARD_KEYS = KeySet(
    "iccid, icc id, sim id, sim serial, sim number, =eid, =sim",
)
KEYS = IMSI_KEYS | CARD_KEYS
WANTS = Wants(keys=KEYS)
reasoning = (
    "14 or 15 digits that begin with a region of mobile countries, or a SIM number (89...) "
    "with a right check digit."
)
REGIONS = "234567"
"""First digits of the mobile country codes of states (E.212 annex A)."""


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives subscriber and SIM numbers by name and form."""
    if node.kind not in (Kind.TEXT, Kind.NUMBER):
        return
    digits = node.text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return
    if node.key in IMSI_KEYS and len(digits) in (14, 15) and digits[0] in REGIONS:
        yield seen(ID, digits, Confidence.DETECTED, "digits of an IMSI under its name")
    elif node.key in CARD_KEYS and digits.startswith("89") and _is_card(digits):
        yield seen(
            ID, digits, Confidence.DETECTED, "a SIM number with a right check digit under its name"
        )


def _is_card(digits: str) -> bool:
    """True for an ICCID of 18 to 20 digits with a Luhn check digit, or an EID (32 digits, mod 97 is 1)."""
    if len(digits) == 32:
        return int(digits) % 97 == 1
    return len(digits) in (18, 19, 20) and luhn(digits)
