"""Moments as people and log files write them. Source: RFC 3339 section 5.6."""

import datetime
import re

from iotaudit.codec.guard import Fault, guarded

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def nanoseconds(text: str) -> int | None:
    """Gives ns since the epoch, None where a text is no moment; up to nine digits of a second are kept."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    zone = "+00:00" if match[3] in "Zz" else match[3]
    moment = guarded("rfc3339", datetime.datetime.fromisoformat, match[1] + zone)
    if isinstance(moment, Fault):
        return None
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))
