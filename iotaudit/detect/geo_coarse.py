"""Country, time zone and locale, by the name of the field.

Source: IANA tz database (areas), ISO 3166-1, BCP 47.
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "geo.coarse"
ZONE = KeySet(
    "tz, timezone, time zone, zeitzone, tz name",
)
COUNTRY = KeySet(
    "country, country code, =region, =cc, land, pays",
)
LOCALE = KeySet("locale", "=lang", "language")
KEYS = ZONE | COUNTRY | LOCALE
WANTS = Wants(keys=KEYS)
reasoning = "A value in the form of a zone, country or locale under its name."
_ZONE = re.compile(
    r"(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Z][A-Za-z_/+-]{2,30}"
)
_COUNTRY = re.compile(r"[A-Z]{2,3}|[a-z]{2}")
_LOCALE = re.compile(r"[a-z]{2,3}[-_][A-Z]{2}")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives zones, countries and locales by name and form."""
    if node.kind is not Kind.TEXT:
        return
    text = node.text.strip()
    for keys, pattern, word in (
        (ZONE, _ZONE, "zone"),
        (COUNTRY, _COUNTRY, "country"),
        (LOCALE, _LOCALE, "locale"),
    ):
        if node.key in keys and pattern.fullmatch(text):
            yield seen(ID, text, Confidence.DETECTED, f"the form of a {word} under its name")
