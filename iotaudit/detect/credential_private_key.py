"""Private keys in PEM. Source: RFC 7468 sections 10 and 11, RFC 5958 (PKCS#8), openssh-key-v1."""

import re
from collections.abc import Iterator

from iotaudit.codec import base64
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "credential.private_key"
WANTS = Wants(shapes=frozenset({"pem"}))
reasoning = (
    "A PEM block of a private key whose body is DER or an OpenSSH key; without a readable "
    "body it is detected only."
)
MOST = 16
_PEM = re.compile(
    r"-----BEGIN ((?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY)-----([A-Za-z0-9+/=\s\\:,.()-]{0,16384}?)"
    r"(?:-----END \1-----|\Z)"
)
_HEADERS = re.compile(r"(?m)^[A-Za-z-]+: .*$")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives PEM blocks of private keys."""
    if node.kind is not Kind.TEXT:
        return
    for number, match in enumerate(_PEM.finditer(node.text)):
        if number >= MOST:
            return
        body = "".join(_HEADERS.sub("", match[2].replace("\\n", "\n")).split())
        plain = base64.to_bytes(body.encode()) or b""
        sound = plain[:1] == b"\x30" or plain.startswith(b"openssh-key-v1\0")
        ground = "a PEM block of a private key"
        sure = Confidence.PROVEN if sound else Confidence.DETECTED
        yield seen(
            ID, body or match[1], sure, ground, texts=(match[0], body) if body else (match[0],)
        )
