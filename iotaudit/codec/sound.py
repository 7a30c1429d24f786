"""Sound by its framing: headers whose fields agree, or frames that follow each other by their own lengths.

Source: RIFF WAVE (`fmt ` chunk), RFC 3533 section 6 (Ogg page and its check sum), RFC 7845 section 5.1 (`OpusHead`),
RFC 9639 sections 8.1 and 8.2 (FLAC), ISO/IEC 13818-7 section 6.2 (ADTS), ISO/IEC 11172-3 section 2.4.1.3 and ISO/IEC
13818-3 (MPEG audio header), ID3v2.4 section 3.1, RFC 4867 section 5 (AMR).
"""

import struct
from functools import cache

FRAMES = 3
"""Frames that must follow each other."""
FMT_LENS = frozenset({16, 18, 20, 40})
RATES = range(4000, 384_001)
CHANNELS = range(1, 17)
WAVE_CODES = {1: "PCM", 2: "ADPCM", 3: "float", 6: "A-law", 7: "µ-law", 17: "ADPCM", 0x55: "MP3", 0xFFFE: "extensible"}
OGG_HEADS = ((b"OpusHead", "Opus"), (b"\x01vorbis", "Vorbis"), (b"Speex   ", "Speex"), (b"\x7fFLAC", "FLAC"))
AMR_HEADS = ((b"#!AMR-WB\n", (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)), (b"#!AMR\n", (12, 13, 15, 17, 19, 20, 26, 31, 5)))
"""Octets of a frame's bits by its type, behind one octet of head."""
ADTS_RATES = 13
BIT_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
BIT_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobit a second by the header's index: layer III of MPEG-1, and of MPEG-2 and 2.5."""
SAMPLE_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8000)}
PAGE_LEN = 1 << 12


def read(data: bytes) -> str:
    """Gives the name of the sound that bytes begin with, "" where they are none."""
    head = data[:4]
    if head == b"RIFF":
        return _wave(data)
    if head == b"OggS":
        return _ogg(data)
    if head == b"fLaC":
        return "FLAC" if _is_flac(data, 4) else ""
    if head == b"#!AM":
        return _amr(data)
    if head[:3] == b"ID3":
        return "MP3" if _is_mp3(data, _behind_tag(data)) else ""
    if head[:1] == b"\xff":
        return "AAC" if _is_adts(data) else "MP3" if _is_mp3(data, 0) else ""
    return ""


def _wave(data: bytes) -> str:
    """Fits a format chunk whose rate, channels and block agree."""
    if data[8:16] != b"WAVEfmt " or len(data) < 36:
        return ""
    length, code, channels, rate, per_second, block, bits = struct.unpack_from("<IHHIIHH", data, 16)
    if length not in FMT_LENS or code not in WAVE_CODES or channels not in CHANNELS or rate not in RATES:
        return ""
    if code in (1, 3, 6, 7, 0xFFFE) and not (block == channels * -(-bits // 8) and per_second == rate * block):
        return ""
    return f"WAV ({WAVE_CODES[code]})"


def _ogg(data: bytes) -> str:
    """Fits a first page with the head of a coding, and where it is whole with its check sum."""
    if len(data) < 28 or data[4] or data[5] != 2 or not data[26]:
        return ""
    start = 27 + data[26]
    end = start + sum(data[27:start])
    name = next((n for mark, n in OGG_HEADS if data.startswith(mark, start)), "")
    if not name or end > PAGE_LEN or (end <= len(data) and not _is_checked(data[:end])):
        return ""
    return f"Ogg ({name})"


def _is_checked(page: bytes) -> bool:
    table = _crc_table()
    check = 0
    for byte in page[:22] + b"\0\0\0\0" + page[26:]:
        check = check << 8 & 0xFFFFFFFF ^ table[check >> 24 ^ byte]
    return check == int.from_bytes(page[22:26], "little")


@cache
def _crc_table() -> tuple[int, ...]:
    """Gives the table of Ogg's check sum (polynomial 0x04c11db7, not reflected)."""
    table = []
    for byte in range(256):
        check = byte << 24
        for _ in range(8):
            check = (check << 1 ^ (0x04C11DB7 if check >> 31 else 0)) & 0xFFFFFFFF
        table.append(check)
    return tuple(table)


def _is_flac(data: bytes, at: int) -> bool:
    """True for a block of stream information with a rate, and block sizes in order."""
    if len(data) < at + 38 or data[at] & 0x7F or data[at + 1 : at + 4] != b"\0\0\x22":
        return False
    least, most = struct.unpack_from(">HH", data, at + 4)
    rate = int.from_bytes(data[at + 14 : at + 17]) >> 4
    return 16 <= least <= most and 0 < rate <= 655_350


def _amr(data: bytes) -> str:
    """Fits the magic and frames by the lengths of their types."""
    for magic, lengths in AMR_HEADS:
        if data.startswith(magic):
            at = len(magic)
            for _ in range(FRAMES):
                kind = data[at] >> 3 & 15 if at < len(data) else 15
                if at >= len(data) or data[at] & 0x83 or not (kind < len(lengths) or kind == 15):
                    return ""
                at += 1 + (lengths[kind] if kind < len(lengths) else 0)
            return "AMR"
    return ""


def _behind_tag(data: bytes) -> int:
    """Gives where an ID3v2 tag ends, beyond the data where it is not sound."""
    size = data[6:10]
    if len(size) < 4 or data[3] not in (2, 3, 4) or any(byte & 0x80 for byte in size):
        return len(data)
    return 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])


def _is_adts(data: bytes) -> bool:
    """True where frames of one fixed header follow each other by their own lengths."""
    at, fixed = 0, b""
    for _ in range(FRAMES):
        if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
            return False
        same = bytes((data[at + 1], data[at + 2], data[at + 3] & 0xF0))
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if length < 8 or data[at + 2] >> 2 & 15 >= ADTS_RATES or (fixed and same != fixed):
            return False
        at, fixed = at + length, same
    return True


def _is_mp3(data: bytes, at: int) -> bool:
    """True where frames of layer III with one rate follow each other by the lengths that their rates give."""
    fixed = b""
    for _ in range(FRAMES):
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
            return False
        version, rate, sampled = data[at + 1] >> 3 & 3, data[at + 2] >> 4, data[at + 2] >> 2 & 3
        same = bytes((data[at + 1] & 0xFE, data[at + 2] & 0x0C))
        if version == 1 or rate in (0, 15) or sampled == 3 or (fixed and same != fixed):
            return False
        bits = (BIT_RATES_1 if version == 3 else BIT_RATES_2)[rate] * 1000
        at += (144 if version == 3 else 72) * bits // SAMPLE_RATES[version][sampled] + (data[at + 2] >> 1 & 1)
        fixed = same
    return True
