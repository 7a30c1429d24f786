"""Telephone numbers. Source: ITU-T E.164 (at most 15 digits) and its list of country codes, 2016."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "person.phone"
KEYS = KeySet(
    "phone, phone number, phone no, mobile, mobile number, =tel, telephone, telefon",
    "telefonnummer, handynummer, msisdn, cell phone, 手机, 手机号, телефон, =cell",
)
WANTS = Wants(keys=KEYS, shapes=frozenset({"phone"}))
reasoning = (
    "7 to 15 digits under a name for a telephone number; without a name, the international "
    "form in one piece."
)
MOST = 64
_ONE_DIGIT = "17"
_TWO_DIGITS = frozenset(
    [
        "20",
        "27",
        "30",
        "31",
        "32",
        "33",
        "34",
        "36",
        "39",
        "40",
        "41",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "51",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "58",
        "60",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "81",
        "82",
        "84",
        "86",
        "90",
        "91",
        "92",
        "93",
        "94",
        "95",
        "98",
    ]
)
_THREE_DIGITS = ("21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "85",
    "88", "96", "97", "99")  # fmt: skip
_INTERNATIONAL = re.compile(r"(?<![\w+.])\+[1-9]\d{7,14}(?![\w.])")
_NATIONAL = re.compile(r"\+?[0-9(][0-9 ()/.-]{5,22}[0-9]")
_OTHER = re.compile(r"\d{4}-\d\d-\d\d.*|\d+\.\d+(?:\.\d+)*")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives numbers by name, and international ones by form."""
    text = node.text.strip()
    if node.kind in (Kind.TEXT, Kind.NUMBER) and node.key in KEYS:
        digits = sum(c.isdigit() for c in text)
        if 7 <= digits <= 15 and _NATIONAL.fullmatch(text) and not _OTHER.fullmatch(text):
            plain = "".join(c for c in text if c.isdigit() or c == "+")
            ground = "digits under a name for a telephone number"
            yield seen(ID, text, Confidence.DETECTED, ground, texts=(text, plain))
            return
    if node.kind is Kind.TEXT:
        for number, match in enumerate(_INTERNATIONAL.finditer(node.text)):
            if number < MOST and _has_country(match[0][1:]):
                yield seen(
                    ID,
                    match[0],
                    Confidence.INFERRED,
                    "the international form of a telephone number",
                )


def _has_country(digits: str) -> bool:
    return digits[0] in _ONE_DIGIT or digits[:2] in _TWO_DIGITS or digits[:2] in _THREE_DIGITS
