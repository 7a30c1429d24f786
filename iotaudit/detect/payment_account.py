"""Bank account numbers.

Source: ISO 13616-1 (IBAN: length by country, check by mod 97); SWIFT IBAN registry, 2024.
"""

import re
from collections.abc import Iterator

from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "payment.account"
WANTS = Wants(shapes=frozenset({"iban"}))
reasoning = (
    "The length of the country and a right check (mod 97): one in some hundred thousand "
    "random texts has both."
)
MOST = 64
LENGTHS = {
    row[:2]: int(row[2:])
    for row in (  # noqa: SIM905 - a table
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 "
        "EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 "
        "KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 "
        "PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 VG24 XK20"
    ).split()
}
"""Country and length of its numbers."""
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
        if len(plain) == LENGTHS.get(plain[:2]) and _check(plain):
            yield seen(
                ID,
                match[0],
                Confidence.PROVEN,
                "an IBAN with a right check",
                texts=(match[0], plain),
            )


def _check(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1
