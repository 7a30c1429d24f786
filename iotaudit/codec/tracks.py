"""Files and streams that carry tracks, and whether these are pictures or sound.

Source: ISO/IEC 14496-12 sections 4.2, 8.4.3, 8.8 and 8.16 (boxes, `hdlr`, fragments, `styp`); ISO/IEC 13818-1
sections 2.4.3 and 2.4.4 (transport packets, PAT, PMT), tables 2-22 (stream ids) and 2-34 (stream types); Adobe, "Video
File Format Specification 10.1", annex E (FLV); RFC 8794 (EBML) and RFC 9559 section 5.1.4 (Matroska's codec ids);
RIFF AVI (`strh`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from iotaudit.codec import nal, picture

BOXES = 256
INSIDE = frozenset({b"moov", b"trak", b"mdia"})
FIRST_BOXES = frozenset({b"ftyp", b"styp", b"moof", b"sidx"})
SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"F4A "})
FILM_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"qt  ", b"M4V ", b"3gp4", b"3gp5"}
)
PACKET, PACKET_AND_TIME = 188, 192
SYNC = 0x47
STEPS = 5
"""Packets of a transport stream that must follow each other."""
PACKETS = 512
VIDEO_TYPES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x21, 0x24, 0x33, 0xD1, 0xEA})
SOUND_TYPES = frozenset({0x03, 0x04, 0x0F, 0x11, 0x1C, 0x81, 0x84, 0x87})
EBML = b"\x1a\x45\xdf\xa3"
HEAD_LEN = 64
INFO_LEN = 1 << 16


@dataclass(frozen=True, slots=True)
class Tracks:
    """The container's name, and which kinds of tracks it shows; neither is true where none can be told."""

    name: str
    video: bool = False
    audio: bool = False


def read(data: bytes) -> Tracks | None:
    """Gives the container that bytes begin with, None where its framing is not sound."""
    if data[4:8] in FIRST_BOXES:
        return _boxes(data)
    if data[:4] == b"FLV\x01":
        return _flv(data)
    if data[:4] == EBML:
        return _matroska(data)
    if data[:4] == b"RIFF" and data[8:16] == b"AVI LIST":
        return _avi(data)
    return _transport(data)


def _boxes(data: bytes) -> Tracks | None:
    """Walks the boxes of a file or of a segment of one; a segment of sound alone cannot be told from others."""
    if data[4:8] in (b"ftyp", b"styp") and not (16 <= int.from_bytes(data[:4]) <= 256 and int.from_bytes(data[:4]) % 4 == 0):
        return None
    brand = data[8:12] if data[4:8] == b"ftyp" else b""
    if brand in picture.HEIF:
        return None
    kinds: set[bytes] = set()
    fragment = units = False
    for kind, start, end in _walk(data):
        if kind == b"hdlr":
            kinds.add(data[start + 8 : start + 12])
        elif kind == b"moof":
            fragment = True
        elif kind == b"mdat" and fragment:
            units = units or nal.is_counted(data, start, end)
    video, audio = b"vide" in kinds or units, b"soun" in kinds
    if video or audio:
        return Tracks("MP4", video, audio)
    if brand in SOUND_BRANDS:
        return Tracks("MP4", audio=True)
    return Tracks("MP4") if brand in FILM_BRANDS else None


def _walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Gives kind, start and end of boxes, of the movie's also those inside, up to a bound."""
    stack = [(0, len(data))]
    for _ in range(BOXES):
        while stack and stack[-1][0] + 8 > min(stack[-1][1], len(data)):
            stack.pop()
        if not stack:
            return
        at, limit = stack.pop()
        length, kind, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16]), 16
        elif length == 0:
            length = limit - at
        if length < head or not kind.isascii():
            return
        stack.append((at + length, limit))
        yield kind, at + head, at + length
        if kind in INSIDE:
            stack.append((at + head, at + length))


def _flv(data: bytes) -> Tracks | None:
    """Fits a header whose flags leave the reserved bits empty, and a first tag of a known kind."""
    flags = data[4] if len(data) > 4 else 0xFF
    if flags & 0xFA or data[5:13] != b"\0\0\0\x09\0\0\0\0":
        return None
    tag = data[13] if len(data) > 13 else 18
    if tag not in (8, 9, 18):
        return None
    return Tracks("FLV", flags & 1 == 1 or tag == 9, flags & 4 == 4 or tag == 8)


def _matroska(data: bytes) -> Tracks | None:
    head = data[:HEAD_LEN]
    name = "WebM" if b"\x42\x82\x84webm" in head else "Matroska" if b"\x42\x82\x88matroska" in head else ""
    if not name:
        return None
    codecs = [data[at + 3 : at + 5] for at in _places(data, b"\x86")]
    return Tracks(name, b"V_" in codecs, b"A_" in codecs)


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    """Gives where Matroska's `CodecID` (one byte of id, one of length) stands before the name of a coding."""
    for word in (b"V_", b"A_"):
        at = data.find(word, 0, INFO_LEN)
        for _ in range(8):
            if at < 2:
                break
            if data[at - 2 : at - 1] == mark and data[at - 1] & 0x80:
                yield at - 3
            at = data.find(word, at + 2, INFO_LEN)


def _avi(data: bytes) -> Tracks | None:
    if data[20:28] != b"hdrlavih":
        return None
    return Tracks("AVI", b"strh8\0\0\0vids" in data[:4096], b"strh8\0\0\0auds" in data[:4096])


def _transport(data: bytes) -> Tracks | None:
    """Fits packets of 188 bytes (or 192, with a time before each) whose heads allow no other reading."""
    for step, at in ((PACKET, 0), (PACKET_AND_TIME, 4)):
        if len(data) <= at + step * (STEPS - 1) or data[at] != SYNC:
            continue
        if all(data[place] == SYNC for place in range(at, at + step * STEPS, step) if place < len(data)):
            return _packets(data, at, step)
    return None


def _packets(data: bytes, at: int, step: int) -> Tracks | None:
    """Reads which streams the packets announce (PAT, PMT) or begin (stream ids)."""
    tables: set[int] = set()
    video = audio = False
    for place in range(at, min(len(data), at + step * PACKETS) - PACKET + 1, step):
        if data[place] != SYNC or data[place + 1] & 0x80 or not data[place + 3] & 0x30:
            return None
        if not data[place + 1] & 0x40 or not data[place + 3] & 0x10:
            continue
        number = int.from_bytes(data[place + 1 : place + 3]) & 0x1FFF
        start = place + 4 + (1 + data[place + 4] if data[place + 3] & 0x20 else 0)
        body = data[start : place + PACKET]
        if number == 0 or number in tables:
            section = body[1 + body[0] :] if body else b""
            if section[:1] == b"\0":
                tables |= {int.from_bytes(section[n + 2 : n + 4]) & 0x1FFF for n in range(8, _end(section), 4)}
            elif section[:1] == b"\2":
                types = set(_types(section))
                video, audio = video or bool(types & VIDEO_TYPES), audio or bool(types & SOUND_TYPES)
        elif body[:3] == nal.START and len(body) > 3:
            video, audio = video or 0xE0 <= body[3] <= 0xEF, audio or 0xC0 <= body[3] <= 0xDF
    return Tracks("MPEG transport stream", video, audio)


def _end(section: bytes) -> int:
    """Gives where the rows of a table end: before its check sum."""
    return min((int.from_bytes(section[1:3]) & 0xFFF) + 3 - 4, len(section) - 3)


def _types(section: bytes) -> Iterator[int]:
    """Gives the stream types of a PMT."""
    end = _end(section)
    at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    while at + 5 <= end:
        yield section[at]
        at += 5 + (int.from_bytes(section[at + 3 : at + 5]) & 0xFFF)
