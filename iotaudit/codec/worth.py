"""Whether decoded bytes look like something: text, or the start of a known format."""

MAGICS = (
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF",
    b"OggS",
    b"PK\x03\x04",
    b"\x00\x00\x00\x01",
    b"P5\n",
    b"\x04\x22\x4d\x18",
    b"bplist00",
)
"""gzip, Zstandard, JPEG, PNG, RIFF (WAV, WebP), Ogg, zip, H.264 start code, PGM, LZ4, property list."""
LEAST_TEXT = 6
PROBE_LEN = 4096


def is_worth(data: bytes) -> bool:
    """True where `data` is printable text of some length, or starts with a known magic or a zlib header."""
    if data.startswith(MAGICS):
        return True
    if len(data) >= 16 and data[0] == 0x78 and data[1] in (0x01, 0x5E, 0x9C, 0xDA):
        return True
    return len(data) >= LEAST_TEXT and is_text(data)


def is_text(data: bytes) -> bool:
    """True where the first bytes are UTF-8 without control characters but white space."""
    probe = data[:PROBE_LEN]
    if probe.isascii():
        return len(probe.translate(None, _CONTROLS)) == len(probe)
    try:
        text = probe.decode()
    except UnicodeDecodeError as error:
        if len(data) <= PROBE_LEN or error.start < PROBE_LEN - 4:
            return False
        text = probe[: error.start].decode()
    return all(c.isprintable() or c in "\t\r\n\f" for c in text) and _is_mostly_plain(text)


def _is_mostly_plain(text: str) -> bool:
    """True unless a short text mixes several scripts, as random bytes that happen to be UTF-8 do."""
    odd = sum(1 for c in text if c > "\x7f")
    return odd * 2 <= len(text) or len(text) >= 8


_CONTROLS = bytes(frozenset(range(32)) - frozenset(b"\t\r\n\f") | {127})
