"""Names of persons, by the name of the field: a plain `name` is anything's."""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "person.name"
KEYS = KeySet(
    "first name, firstname, last name, lastname, full name, fullname, family name",
    "surname, given name, nickname, nick name, =nick, vorname, nachname",
    "operator name, owner name, customer name, contact name, real name, display name",
    "prenom, nom de famille, apellido, 姓名, 昵称, фамилия",
)
WANTS = Wants(keys=KEYS)
reasoning = (
    "Letters under a name for a person's name; only a match with the tester's name proves it."
)
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'\u2019-]){1,63}")
_LETTERS = re.compile(r"[^\W\d_]{2}")
MOST_WORDS = 6


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the value of a field that is named as a person's name."""
    text = node.text.strip()
    if (
        node.kind is Kind.TEXT
        and node.key in KEYS
        and _NAME.fullmatch(text)
        and _LETTERS.search(text)
        and len(text.split()) <= MOST_WORDS
        and not is_filler(text)
    ):
        yield seen(ID, text, Confidence.DETECTED, "letters under a name for a person's name")
