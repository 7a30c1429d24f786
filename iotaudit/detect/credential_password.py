"""Passwords and PINs: protocol fields, HTTP Basic, user info of a URL, telling names of fields.

Source: RFC 7617 section 2 (Basic), RFC 3986 section 3.2.1 (user info), MQTT 5.0 section 3.1.3.6 (password
field).
"""

import re
from collections.abc import Iterator

from iotaudit.codec import base64
from iotaudit.detect.credential_wifi import KEYS as WIFI_KEYS
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "credential.password"
SURE = KeySet(
    "password, passwd, passwort, kennwort, mot de passe, contrasena, wachtwoord, 密码",
    "пароль, user pwd, login password",
)
VAGUE = KeySet(
    "pwd, pass, =pin, pin code, passcode, user pin, admin pin, unlock code",
)
KEYS = SURE | VAGUE
FIELDS = (
    "mqtt.password",
    "ftp.password",
    "telnet.password",
    "smtp.password",
    "imap.password",
    "pop3.password",
    "xmpp.password",
    "ldap.password",
    "amqp.password",
    "smb.password",
    "snmp.community",
    "baichuan.password",
)
"""Places that are a password by the protocol."""
WANTS = Wants(
    keys=KEYS | KeySet("=authorization", "proxy authorization"),
    shapes=frozenset({"basic", "userinfo"}),
)
reasoning = (
    "The password field of a protocol, HTTP Basic that decodes to user and secret, or a "
    "value that is not empty or "
    "masked under the name of a password. A PIN may be a pin of a chip, and hexadecimal digits a digest or an "
    "answer to a challenge: they are detected only. A value that repeats its name stands for none."
)
SECRET_LEN = 3
_BASIC = re.compile(r"(?i)(?:^|authorization:\s*)basic\s+([A-Za-z0-9+/_-]{4,}={0,2})")
_USER = re.compile(r"[a-z][a-z0-9+.-]{1,16}://([^/@:\s\"']{1,64}):([^/@\s\"']{1,128})@")
_DIGEST = re.compile(r"(?:[0-9a-f]{2}){16,}", re.IGNORECASE)
_VAGUE_VALUE = re.compile(r"(?=.*\d)\S{4,64}|\S{6,64}")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives passwords; the whole Basic token is masked along with them."""
    if node.kind not in (Kind.TEXT, Kind.NUMBER):
        return
    text = node.text
    if node.where in FIELDS and text:
        yield seen(ID, text, Confidence.PROVEN, "the password field of the protocol")
        return
    for match in _BASIC.finditer(text[:65_536]):
        plain = base64.to_bytes(match[1].encode().ljust(base64.LEAST_LEN, b"=")) or b""
        user, colon, secret = plain.decode(errors="replace").partition(":")
        if colon and secret and user.isprintable():
            yield seen(
                ID,
                secret,
                Confidence.PROVEN,
                "HTTP Basic that decodes to user and secret",
                texts=(secret, match[1]),
            )
    for match in _USER.finditer(text[:65_536]):
        yield seen(ID, match[2], Confidence.PROVEN, "the password of a URL")
    if node.key in WIFI_KEYS or is_filler(text) or text.casefold() == node.key.casefold():
        return
    if node.key in SURE and SECRET_LEN < len(text) <= 256 and node.kind is Kind.TEXT:
        if _DIGEST.fullmatch(text):
            yield seen(ID, text, Confidence.DETECTED, "a digest or ciphertext under the name of a password")
        else:
            yield seen(ID, text, Confidence.PROVEN, "a value under the name of a password")
    elif node.key in VAGUE and _VAGUE_VALUE.fullmatch(text):
        yield seen(ID, text, Confidence.DETECTED, "a value under a name that often is a password's")
