"""DNS messages that HTTP carries: as bodies, and in the target of a GET.

Source: RFC 8484 sections 4.1 (the variable `dns` of a GET, in base64url without padding), 6 (the media type).
"""

import re

from iotaudit.codec import base64
from iotaudit.dissect import dns
from iotaudit.dissect.datagrams import Seen
from iotaudit.dissect.session import Context
from iotaudit.model.raw import Segment

MEDIA_TYPE = "application/dns-message"
VARIABLE = re.compile(rb"[?&]dns=([A-Za-z0-9_-]{16,65536}={0,2})(?=[&#]|\Z)")


def is_message(media_type: str) -> bool:
    """Says whether a body of this type is a DNS message."""
    return media_type[: len(MEDIA_TYPE)].lower() == MEDIA_TYPE and media_type[len(MEDIA_TYPE) :][:1] in ("", ";", " ")


def asked(target: bytes) -> bytes:
    """Gives the message in the target of a GET, b"" where there is none."""
    found = VARIABLE.search(target) if b"dns=" in target else None
    return (base64.to_bytes(found[1]) or b"") if found else b""


def told(context: Context, place: tuple[int, int], message: bytes, *, outbound: bool) -> Seen:
    """Gives what a message says that was sent in this direction, nothing where it is none."""
    return dns.told(context, Segment(context.flow, outbound, *place, 0, message))
