"""IMEI of a cellular modem. Source: 3GPP TS 23.003 section 6.2 and annex B (Luhn check digit)."""

from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import luhn, seen
from iotaudit.model.exposures import Confidence

ID = "device.imei"
KEYS = KeySet(
    "imei, imei number, modem imei, device imei, meid",
)
WANTS = Wants(keys=KEYS)
reasoning = (
    "15 digits that begin with the number of a reporting body, with a right check digit, under the name "
    "IMEI; one in ten "
    "random numbers has a right check digit."
)
BODIES = frozenset("00 01 10 30 33 35 44 45 49 50 51 52 53 54 86 91 97 98 99".split())  # noqa: SIM905 - a table
"""First two digits: the bodies that give out type codes (GSMA TS.06 annex), 00 for tests."""
IMEI_LEN = 15


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the value of a field called IMEI whose check digit is right."""
    if node.kind not in (Kind.TEXT, Kind.NUMBER) or node.key not in KEYS:
        return
    digits = node.text.strip().replace("-", "").replace(" ", "")
    if (
        len(digits) == IMEI_LEN
        and digits.isascii()
        and digits.isdigit()
        and digits[:2] in BODIES
        and luhn(digits)
        and len(set(digits)) > 2
    ):
        yield seen(
            ID,
            node.text,
            Confidence.PROVEN,
            "15 digits with a right check digit under the name IMEI",
        )
