"""Postal addresses and site names, by the names of fields."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, scalars, seen
from iotaudit.model.exposures import Confidence

ID = "person.address"
STREET = KeySet(
    "street, street address, strasse, straße, address line, home address",
    "postal address, =address, anschrift, adresse postale, 地址",
)
SITE = KeySet(
    "site name, building name, home name, house name, family home name, gebaeude",
)
CODE = KeySet(
    "zip, zip code, zipcode, postal code, postcode, plz, code postal",
)
TOWN = KeySet(
    "city, town, ort, ville, stadt",
)
WANTS = Wants(keys=STREET | SITE, record_keys=CODE)
reasoning = "A street with a number, a postcode with a town, or a name under a name for a site."
_STREET = re.compile(r"(?=.*\d)(?=.*[^\W\d_]{3}).{6,128}", re.DOTALL)
_SPACED = re.compile(r"\S+[ ,]+\S+.*", re.DOTALL)
_CODE = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 -]{2,9}")
_TOWN = re.compile(r"[^\W\d_][\w .'-]{1,47}")
_TIME_OR_LINK = re.compile(r"\d{4}-\d\d-\d\d.*|\S+://.*|.*[{}<>\[\]].*", re.DOTALL)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives streets, postcodes with towns, and names of sites."""
    if node.kind is Kind.RECORD:
        fields = scalars(node)
        code = next((v for k, v in fields if k in CODE and _CODE.fullmatch(v)), "")
        town = next((v for k, v in fields if k in TOWN and _TOWN.fullmatch(v)), "")
        if code and town:
            yield seen(
                ID,
                f"{code} {town}",
                Confidence.DETECTED,
                "a postcode with a town",
                texts=(code, town),
            )
    elif node.kind is Kind.TEXT:
        text = node.text.strip()
        if node.key in STREET and _STREET.fullmatch(text) and _SPACED.fullmatch(text):
            if not _TIME_OR_LINK.fullmatch(text):
                yield seen(
                    ID, text, Confidence.DETECTED, "words and a number under a name for an address"
                )
        elif node.key in SITE and _TOWN.fullmatch(text) and not is_filler(text):
            yield seen(ID, text, Confidence.DETECTED, "a name under a name for a site")
