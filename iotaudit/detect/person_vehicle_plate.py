"""Vehicle plates: the syntax of a state under a name for a plate.

Source: the plate formats of the states, as their registration laws give them (Germany: FZV section 9 and annex 3;
others: the pages on vehicle registration of the European Commission).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "person.vehicle_plate"
KEYS = KeySet(
    "plate number, plate no, plate text, license plate, licence plate, number plate, licenseplate, vehicle "
    "plate, car plate",
    "lpr, anpr, alpr, kennzeichen, nummernschild, immatriculation, matricula, targa, kenteken, 车牌, 车牌号",
)
VAGUE = KeySet("=plate")
NEAR = KeySet("vehicle, car, lane, gate, anpr, lpr, alpr, barrier, parking, camera, vehicle type, country")
WANTS = Wants(keys=KEYS, record_keys=VAGUE)
reasoning = (
    "Letters and digits in the form of a state's plates under a name for a plate; a plain `plate` (of a "
    "printer, a hob) "
    "needs a vehicle, lane or gate beside it."
)
_FORMS = (
    r"[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2} ?\d{1,4}[EH]?",  # Germany
    r"[A-Z]{1,2}[- ]?\d{1,5} ?[A-Z]{1,3}",  # Austria
    r"[A-Z]{2}[- ]?\d{3}[- ]?[A-Z]{2}",  # France, Italy, Slovakia
    r"[A-Z]{2}\d{2} ?[A-Z]{3}",  # United Kingdom
    r"\d{4}[- ]?[BCDFGHJ-NPR-TV-Z]{3}",  # Spain
    r"\d-[A-Z]{3}-\d{3}",  # Belgium
    r"[A-Z]{2}-\d{2}-\d{2}|\d{2}-\d{2}-[A-Z]{2}|\d{2}-[A-Z]{2}-\d{2}",  # Netherlands, Portugal
    r"[A-Z]{2}-\d{2}-[A-Z]{2}|[A-Z]{2}-[A-Z]{2}-\d{2}|\d{2}-[A-Z]{2}-[A-Z]{2}",
    r"\d{2}-[A-Z]{3}-\d|\d-[A-Z]{3}-\d{2}|[A-Z]{2}-\d{3}-[A-Z]|[A-Z]-\d{3}-[A-Z]{2}",
    r"[A-Z]{3}-\d{2}-[A-Z]|[A-Z]-\d{2}-[A-Z]{3}|\d-[A-Z]{2}-\d{3}|\d{3}-[A-Z]{2}-\d",
    r"[A-Z]{2,3} [A-Z0-9]{4,5}",  # Poland
    r"\d[A-Z]\d ?\d{4}",  # Czechia
    r"[A-Z]{3} ?\d{2}[A-Z0-9]|[A-Z]{3}-\d{1,3}",  # Sweden, Finland
    r"[A-Z]{2} ?\d{2} ?\d{3}",  # Denmark, Norway
    r"\d{2,3}-[A-Z]{1,2}-\d{1,6}",  # Ireland
    r"[A-Z]{2}[ -]?\d{1,6}",  # Switzerland, Luxembourg
    r"[A-Z]{1,2} ?\d{2,3} ?[A-Z]{3}|[A-Z]{1,2} ?\d{4} ?[A-Z]{2}",  # Romania, Bulgaria
    r"[A-Z]{3}-?\d{4}|[A-Z]{2} \d{3}-[A-Z]{2}",  # Greece, Slovenia
    r"[A-Z]{2} ?\d{3,4}[- ]?[A-Z]{1,2}",  # Croatia
    r"[A-Z]{2} ?[A-Z]{2}-?\d{3}|[A-Z]{3}-\d{3}",  # Hungary
    r"\d{3} ?[A-Z]{3}|[A-Z]{3} ?\d{3}",  # Estonia, Lithuania
    r"[\u4e00-\u9fff][A-Z][- ·]?[A-Z0-9]{5,6}",  # China
)
_PLATE = re.compile("|".join(_FORMS))


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives plates by name and form."""
    if node.kind is Kind.TEXT and node.key in KEYS:
        if _is_plate(node.text):
            yield seen(
                ID, node.text, Confidence.DETECTED, "the form of a state's plates under a name for a plate"
            )
    elif node.kind is Kind.RECORD and isinstance(node.value, dict) and any(k in NEAR for k in node.value):
        for name, value in node.value.items():
            if name in VAGUE and isinstance(value, str) and _is_plate(value):
                ground = "the form of a state's plates with a vehicle or gate beside it"
                yield seen(ID, value, Confidence.DETECTED, ground)


def _is_plate(text: str) -> bool:
    plain = text.strip().upper()
    return 4 <= len(plain) <= 12 and _PLATE.fullmatch(plain) is not None and not is_filler(plain)
