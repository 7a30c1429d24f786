"""Telephone numbers.

Source: ITU-T E.164 (at most 15 digits); the numbering plans of countries as the library `phonenumbers` has them.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from iotaudit.codec.guard import guarded
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
    "A number of a country's numbering plan under a name for a telephone number; without such a name the "
    "international "
    "form in one piece is inferred only, and so are digits under the name that none of the plans has."
)
MOST = 64
DIGITS = "0123456789"
GROUNDS = {
    Confidence.DETECTED: "a number of a numbering plan under a name for a telephone number",
    Confidence.INFERRED: "digits under a name for a telephone number, in no numbering plan that was tried",
}
REGIONS = (
    "DE", "FR", "IT", "ES", "NL", "BE", "AT", "CH", "GB", "IE", "PL", "CZ", "DK", "SE", "NO", "FI", "PT",
    "GR", "HU", "RO", "US", "CN", "IN", "JP", "KR", "TW", "AU", "BR", "MX", "TR", "UA", "IL", "ZA", "SG",
)  # fmt: skip
"""Countries whose numbering plans a number without a country code is held against."""
_INTERNATIONAL = re.compile(r"(?<![\w+.])\+[1-9]\d{7,14}(?![\w.])")
_NATIONAL = re.compile(r"\+?[0-9(][0-9 ()/.-]{5,22}[0-9]")
_OTHER = re.compile(r"\d{4}-\d\d-\d\d.*|\d+\.\d+(?:\.\d+)*")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives numbers by name, and international ones by form."""
    text = node.text.strip()
    if node.kind in (Kind.TEXT, Kind.NUMBER) and node.key in KEYS:
        plain = "".join(c for c in text if c in DIGITS or c == "+")
        if 7 <= len(plain.lstrip("+")) <= 15 and _NATIONAL.fullmatch(text) and not _OTHER.fullmatch(text):
            confidence = _keyed(plain)
            if confidence is not None:
                ground = GROUNDS[confidence]
                yield seen(ID, text, confidence, ground, texts=(text, plain))
            return
    if node.kind is Kind.TEXT:
        for number, match in enumerate(_INTERNATIONAL.finditer(node.text)):
            if number < MOST and is_assigned(match[0], None):
                ground = "the international form of a number that its country's plan has"
                yield seen(ID, match[0], Confidence.INFERRED, ground)


def _keyed(plain: str) -> Confidence | None:
    """Gives how sure a number is under a name for one: an international one must be in its country's plan."""
    if len(set(plain)) < 3:
        return None
    if plain.startswith(("+", "00")):
        return Confidence.DETECTED if is_assigned("+" + plain.lstrip("+0"), None) else None
    told = is_assigned("+" + plain, None) or any(is_assigned(plain, region) for region in REGIONS)
    return Confidence.DETECTED if told else Confidence.INFERRED


@lru_cache(1 << 10)
def is_assigned(text: str, region: str | None) -> bool:
    """True where the numbering plan of the number's country (`region` for one without a country code) has it.

    The library is loaded with the first candidate: most captures have none.
    """
    phonenumbers = import_module("phonenumbers")

    def check() -> bool:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))

    return guarded("phonenumbers", check) is True
