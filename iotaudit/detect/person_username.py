"""User names and account identifiers, by the name of the field, the field of a protocol, or a SIP or XMPP address."""

import re
from collections.abc import Iterator
from itertools import islice

from iotaudit.codec import base64
from iotaudit.detect.addresses_of_record import ADDRESS, is_account
from iotaudit.detect.device_uuid import FIELDS as DEVICE_FIELDS
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import COOKIE, Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "person.username"
KEYS = KeySet(
    "username, user name, user id, userid, =uid, =user, =account, account id",
    "account name, login name, =login, benutzer, benutzername, owner id, member id",
    "open id, nom d utilisateur, 用户名, имя пользователя",
)
WANTS = Wants(keys=KEYS | KeySet("=authorization"), shapes=frozenset({"basic", "email"}))
reasoning = (
    "A word under a name for an account, or the address of a SIP or XMPP account; the account may be the machine's own "
    "rather than a person's."
)
MOST = 256
_USER = re.compile(r"[\w@][\w.@+:/-]{1,63}")
_BASIC = re.compile(r"(?i)(?:^|authorization:\s*)basic\s+([A-Za-z0-9+/_-]{4,}={0,2})")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the value of a field that is named as an account, and the user of HTTP Basic."""
    text = node.text.strip()
    if node.where in DEVICE_FIELDS:
        return
    if node.kind is Kind.TEXT:
        for match in _BASIC.finditer(text[:65_536]):
            plain = base64.to_bytes(match[1].encode().ljust(base64.LEAST_LEN, b"=")) or b""
            user, colon, _ = plain.decode(errors="replace").partition(":")
            if colon and _USER.fullmatch(user):
                yield seen(ID, user, Confidence.DETECTED, "the user of HTTP Basic")
        for match in islice(ADDRESS.finditer(node.text), MOST):
            if is_account(node, match):
                yield seen(ID, match[0], Confidence.DETECTED, "the address of a SIP or XMPP account")
    if (
        node.kind in (Kind.TEXT, Kind.NUMBER)
        and node.key in KEYS
        and _USER.fullmatch(text)
        and not is_filler(text)
    ):
        if (text.isdigit() and len(text) < 4) or (node.where == COOKIE and node.key == "uid"):
            return
        yield seen(ID, text, Confidence.DETECTED, "a word under a name for an account")
