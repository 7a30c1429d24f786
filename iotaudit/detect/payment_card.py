"""Payment card numbers. Source: ISO/IEC 7812-1 (length, issuer ranges, Luhn check digit)."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import luhn, seen
from iotaudit.model.exposures import Confidence

ID = "payment.card"
KEYS = KeySet(
    "=pan, card number, card no, card num, credit card, cardnumber, kartennummer",
    "cc number, numero de carte, =card",
)
WANTS = Wants(keys=KEYS, shapes=frozenset({"digits", "digit_groups"}))
reasoning = (
    "13 to 19 digits in the range of an issuer with a right check digit, under a name for a "
    "card or near a word for one; "
    "one in ten random numbers has a right check digit."
)
MOST = 64
NEAR_LEN = 48
_NUMBER = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])")
_ISSUER = re.compile(
    r"4|5[1-5]|2(?:2[2-9]|[3-6]|7[01]|720)|3[47]|6(?:011|5|4[4-9])|35(?:2[89]|[3-8])|62|5[06-8]|3[068]"
)
_WORD = re.compile(r"(?i)\b(?:card|visa|mastercard|amex|credit|kreditkarte|carte)\b")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives card numbers by check digit, issuer and context."""
    if node.kind not in (Kind.TEXT, Kind.NUMBER):
        return
    named = node.key in KEYS
    for number, match in enumerate(_NUMBER.finditer(node.text)):
        if number >= MOST:
            return
        digits = re.sub(r"[ -]", "", match[0])
        if not (_ISSUER.match(digits) and luhn(digits) and len(set(digits)) > 1):
            continue
        near = node.text[max(0, match.start() - NEAR_LEN) : match.start()]
        if named or _WORD.search(near):
            sure = Confidence.PROVEN if named else Confidence.DETECTED
            ground = "a right check digit and an issuer's range, with a word for a card"
            yield seen(ID, match[0], sure, ground, texts=(match[0], digits))
