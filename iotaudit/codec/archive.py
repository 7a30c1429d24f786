"""Dumps and packed logs: what a process left when it died, and archives by the names of their members.

Source: the ELF specification, `e_type` (4: core) with `e_machine` and `e_phnum`; Microsoft, MINIDUMP_HEADER; POSIX
pax (`ustar` header and its check sum); PKWARE APPNOTE section 4.3.7 (local file header).
"""

import re
import struct
from collections.abc import Iterator

MEMBERS = 256
NAME_LEN = 512
STREAMS = 256
TAR_BLOCK = 512
CORE = 4
_LOG_END = re.compile(r"(?i)\.(?:log(?:\.\d{1,4})?(?:\.gz)?|dmp|core)$")
_LOG_START = re.compile(
    r"(?i)(?:logcat|dmesg|syslog|messages|bugreport|crash|tombstone|anr|kmsg)(?:[-_\d][\w-]{0,64})?"
    r"(?:\.(?:txt|bin|gz|xz|zst|json|\d{1,4})){0,2}$"
)


def dump(data: bytes) -> str:
    """Gives the name of the dump that bytes begin with, "" where they are none."""
    if data[:4] == b"\x7fELF":
        return "core dump" if _is_core(data) else ""
    if data[:4] == b"MDMP" and len(data) >= 32:
        version, streams, at = struct.unpack_from("<III", data, 4)
        return "minidump" if version & 0xFFFF == 0xA793 and 0 < streams <= STREAMS and at >= 32 else ""
    return ""


def holds_logs(data: bytes) -> bool:
    """True for an archive (tar, zip) with a member that is named as a log or a dump."""
    if data[:4] == b"PK\3\4":
        return any(map(_is_log, _zip_names(data)))
    if data[257:262] == b"ustar":
        return any(map(_is_log, _tar_names(data)))
    return False


def _is_core(data: bytes) -> bool:
    """True for an ELF file of type core with segments, in the order and width that it states."""
    if len(data) < 64 or data[4] not in (1, 2) or data[5] not in (1, 2) or data[6] != 1:
        return False
    order = "<" if data[5] == 1 else ">"
    kind, machine, version = struct.unpack_from(order + "HHI", data, 16)
    segments = struct.unpack_from(order + "H", data, 56 if data[4] == 2 else 44)[0]
    return bool(kind == CORE and machine > 0 and version == 1 and segments > 0)


def _is_log(member: str) -> bool:
    """True for the name of a log or a dump, whichever folder it lies in."""
    name = member.replace("\\", "/").rpartition("/")[2]
    return _LOG_END.search(name[-32:]) is not None or _LOG_START.match(name) is not None


def _zip_names(data: bytes) -> Iterator[str]:
    """Gives the names of members as their local headers follow each other, up to one whose length comes behind it."""
    at = 0
    for _ in range(MEMBERS):
        if data[at : at + 4] != b"PK\3\4" or at + 30 > len(data):
            return
        flags, method, *_, packed, _, name_len, more_len = struct.unpack_from("<HHHHIIIHH", data, at + 6)
        if method > 99 or not 0 < name_len <= NAME_LEN:
            return
        yield data[at + 30 : at + 30 + name_len].decode(errors="replace")
        if flags & 8 and not packed:
            return
        at += 30 + name_len + more_len + packed


def _tar_names(data: bytes) -> Iterator[str]:
    """Gives the names of members whose headers have the right check sum."""
    at = 0
    for _ in range(MEMBERS):
        block = data[at : at + TAR_BLOCK]
        if len(block) < TAR_BLOCK or block[257:262] != b"ustar":
            return
        check, size = _octal(block[148:156]), _octal(block[124:136])
        if check != sum(block[:148]) + 8 * 32 + sum(block[156:]) or size is None:
            return
        yield block[:100].partition(b"\0")[0].decode(errors="replace")
        at += TAR_BLOCK + -(-size // TAR_BLOCK) * TAR_BLOCK


def _octal(field: bytes) -> int | None:
    """Gives a number in octal digits, None where it is none."""
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else None
