"""Which shapes a text holds at all: one fast look over a whole body spares thousands of looks at its fields.

Each byte is first replaced by its class (digit, hex digit, separator), so that a shape is a plain substring.
A shape that is there says only that the detectors of it are worth asking.
"""

import re
import string
from functools import lru_cache

_DIGITS, _UPPER = string.digits.encode(), string.ascii_uppercase.encode()
_HEX = string.hexdigits.encode()


def _table(classes: dict[bytes, bytes]) -> bytes:
    table = bytearray(b"\0" * 256)
    for members, mark in classes.items():
        for member in members:
            table[member] = mark[0]
    return bytes(table)


_AS_HEX = _table({_HEX: b"h", b":-": b":", b".": b"."})
_AS_DIGITS = _table({_DIGITS: b"0", _UPPER: b"A", b" -": b"-", b".": b".", b"+": b"+", b":": b":"})

_HEX_SHAPES = {
    "mac": (b"hh:hh:hh:hh:hh:hh", b"hhhh.hhhh.hhhh"),
    "hex12": (b"h" * 12,),
    "digest": (b"h" * 32,),
    "uuid": (b"hhhhhhhh:hhhh:hhhh:hhhh:hhhhhhhhhhhh",),
}
_DIGIT_SHAPES = {
    "digits": (b"0" * 13,),
    "digit_groups": (b"0000-0000-0000", b"0000-000000-00000"),
    "phone": (b"+00",),
    "iban": (b"AA00",),
    "ipv4": (b"0.0.0", b"0.00.0", b"0.000.0"),
    "log_lines": (b"-00:00:00",),
}
_LITERALS = {
    "email": (b"@", b"%40"),
    "jwt": (b"eyJ",),
    "key_prefix": (b"AKIA", b"ASIA", b"ghp_", b"gho_", b"ghs_", b"ghu_", b"github_pat_", b"npm_", b"glpat-", b"xox", b"k_live_", b"AIza", b"SG."),
    "pem": (b"-----BEGIN ",),
    "wifi_qr": (b"WIFI:",),
    "basic": (b"asic ",),
    "bearer": (b"earer ",),
    "nmea": (b"$G", b"$BD"),
    "ipv6_local": (b"fe80:", b"fd", b"FE80:", b"FD"),
    "map": (b"FIELDS x y z", b"OccupancyGrid", b"occupancy", b"P2\n"),
    "log": (b"raceback", b"anic", b"egfault", b"(SIG", b"logcat", b"oroutine ", b".java:"),
    "rtsp": (b"rtsp://", b"rtmp://"),
    "sdp": (b"m=video ", b"m=audio "),
    "userinfo": (b"://",),
    "packages": (b"package:", b"ii  ", b"PID "),
    "fhir": (b'"resourceType"', b"MSH|"),
}
NAMES = frozenset(_HEX_SHAPES) | frozenset(_DIGIT_SHAPES) | frozenset(_LITERALS)


_DIGITS_AS_ZERO = _table({bytes((byte,)): bytes((byte,)) for byte in range(256)} | {_DIGITS: b"0"})
_WHOLE_NUMBERS = re.compile(rb"\[[0,-]{8,}\]")
SKELETON_LEN = 2048
SKELETONS = 1024
"""Texts up to `SKELETON_LEN` whose shapes are remembered."""


def _flat(shapes: dict[str, tuple[bytes, ...]]) -> tuple[tuple[bytes, str], ...]:
    return tuple((mark, name) for name, marks in shapes.items() for mark in marks)


_LITERAL_MARKS, _HEX_MARKS, _DIGIT_MARKS = (
    _flat(_LITERALS),
    _flat(_HEX_SHAPES),
    _flat(_DIGIT_SHAPES),
)
_SPELT_MARKS = tuple(row for row in _LITERAL_MARKS if not set(row[0]).intersection(_DIGITS))
_SMALL_MARKS = tuple(row for row in _SPELT_MARKS if row[0] == row[0].lower())
_NUMBERED_MARKS = tuple(row for row in _LITERAL_MARKS if set(row[0]).intersection(_DIGITS))


def skeleton(data: bytes) -> bytes:
    """Gives the text with every digit as a zero."""
    return data.translate(_DIGITS_AS_ZERO)


def present(data: bytes) -> frozenset[str]:
    """Gives the names of the shapes that `data` may hold.

    A device's messages differ in little but their digits, and in the length of their series of numbers. So
    what does not depend on which digits stand there is remembered, and lists of whole numbers are left out:
    without a long number or one after a hyphen they have no shape.
    """
    bones = skeleton(data)
    if b"[" in bones and b"0" * 12 not in bones and b"0-0" not in bones:
        bones = _WHOLE_NUMBERS.sub(b"[]", bones)
    found, numbered = _alike(bones) if len(bones) <= SKELETON_LEN else _alike.__wrapped__(bones)
    return found.union([name for mark, name in numbered if mark in data]) if numbered else found


@lru_cache(maxsize=SKELETONS)
def _alike(bones: bytes) -> tuple[frozenset[str], tuple[tuple[bytes, str], ...]]:
    """Gives the shapes that stay the same when digits change, and the marks of those that may be there then."""
    marks = _SMALL_MARKS if bones.islower() else _SPELT_MARKS
    found = [name for mark, name in marks if mark in bones]
    classes = bones.translate(_AS_HEX)
    found += [name for mark, name in _HEX_MARKS if mark in classes]
    classes = bones.translate(_AS_DIGITS)
    found += [name for mark, name in _DIGIT_MARKS if mark in classes]
    numbered = tuple(row for row in _NUMBERED_MARKS if row[0].translate(_DIGITS_AS_ZERO) in bones)
    return frozenset(found), numbered
