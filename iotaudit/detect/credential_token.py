"""Session tokens, API keys and signing secrets.

Source: RFC 7519 section 3 (JWT), RFC 6750 section 2.1 (Bearer); key prefixes as their issuers document them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator

from iotaudit.codec import base64, json
from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import is_filler, seen
from iotaudit.model.exposures import Confidence

ID = "credential.token"
KEYS = KeySet(
    "token, access token, refresh token, id token, auth token, api key, apikey",
    "app key, app secret, client secret, secret, secret key, session id, sessionid",
    "session key, =sid, jwt, =signature, =sign, =sig, x amz signature, authorization",
    "phpsessid, jsessionid, device secret, =session, stream key",
)
FIELDS = frozenset({"miio.token"})
"""Places that are a token by the protocol."""
WANTS = Wants(keys=KEYS, shapes=frozenset({"jwt", "key_prefix", "bearer"}), places=FIELDS)
reasoning = (
    "A JWT whose parts decode, a key with the prefix of its issuer, a Bearer credential, or "
    "at least 16 characters of "
    "more than 3.5 bit each under the name of a token. Words and counters under such names are no tokens."
)
LEAST_LEN = 16
ENTROPY = 3.5
MOST = 64
_JWT = re.compile(
    r"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]{8,})\.(eyJ[A-Za-z0-9_-]{4,})\.[A-Za-z0-9_-]*"
)
_PREFIX = re.compile(
    r"(?<![A-Za-z0-9])(?:A[KS]IA[0-9A-Z]{16}|gh[pous]_[A-Za-z0-9]{36}"
    r"|github_pat_[A-Za-z0-9_]{22,90}|npm_[A-Za-z0-9]{36}"
    r"|glpat-[A-Za-z0-9_-]{20}|xox[abprs]-[A-Za-z0-9-]{10,72}"
    r"|[sr]k_live_[A-Za-z0-9]{16,64}|AIza[A-Za-z0-9_-]{35}|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})(?![A-Za-z0-9])"
)
_BEARER = re.compile(r"(?i)(?:^|authorization:\s*)bearer\s+([A-Za-z0-9._~+/=-]{8,})")
_HEADER = KeySet("authorization, proxy authorization")
"""What is encoded in such a header is user and password: `credential.password` reads it."""
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=:%-]{16,4096}")


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives tokens by form, by prefix, by scheme and by name."""
    if node.kind is not Kind.TEXT:
        return
    text = node.text
    if node.where in FIELDS:
        if text and not node.is_nested:
            yield seen(ID, text, Confidence.PROVEN, "the token field of the protocol")
        return
    whole = False
    for number, match in enumerate(_JWT.finditer(text)):
        if number < MOST and _is_json(match[1]) and _is_json(match[2]):
            whole = whole or len(match[0]) == len(text)
            yield seen(ID, match[0], Confidence.PROVEN, "a JWT whose parts decode")
    for number, match in enumerate(_PREFIX.finditer(text)):
        if number < MOST:
            whole = whole or len(match[0]) == len(text)
            yield seen(ID, match[0], Confidence.PROVEN, "a key with the prefix of its issuer")
    for match in _BEARER.finditer(text[:65_536]):
        yield seen(ID, match[1], Confidence.PROVEN, "a Bearer credential")
    if (
        not whole
        and node.key in KEYS
        and not (node.is_nested and node.key in _HEADER)
        and _TOKEN.fullmatch(text)
        and not is_filler(text)
        and entropy(text) > ENTROPY
    ):
        yield seen(
            ID, text, Confidence.DETECTED, "many different characters under the name of a token"
        )


def entropy(text: str) -> float:
    """Gives the bits per character of a text, by the shares of its characters."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _is_json(part: str) -> bool:
    plain = base64.to_bytes(part.encode())
    parsed = json.parse(plain) if plain else None
    return parsed is not None and isinstance(parsed.values[0][1], dict)
