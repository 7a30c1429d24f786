"""Bank account numbers.

Source: ISO 13616-1 (IBAN: check by mod 97); the SWIFT registry (length and form by country) as the library
`python-stdnum` has it.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from iotaudit.codec.guard import guarded
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "payment.account"
WANTS = Wants(shapes=frozenset({"iban"}))
reasoning = (
    "The length and form of the country and a right check (mod 97): one in some hundred thousand "
    "random texts has both."
)
MOST = 64
_IBAN = re.compile(
    r"(?<![A-Za-z0-9+/])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){2,8}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9+/])"
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives account numbers whose length and check are right."""
    if node.kind is not Kind.TEXT:
        return
    for number, match in enumerate(_IBAN.finditer(node.text)):
        if number >= MOST:
            return
        plain = match[0].replace(" ", "")
        if _check(plain) and is_registered(plain):
            yield seen(
                ID,
                match[0],
                Confidence.PROVEN,
                "an IBAN with a right check",
                texts=(match[0], plain),
            )


def _check(iban: str) -> bool:
    """True where the check digits are right: one in 97 random texts."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


@lru_cache(1 << 10)
def is_registered(iban: str) -> bool:
    """True where length and form are those of the country, and the country's own check digits are right.

    The library is loaded with the first number whose check is right.
    """
    return guarded("stdnum", import_module("stdnum.iban").is_valid, iban) is True
