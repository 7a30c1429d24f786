"""NTLM inside of a sign-on: user, domain, workstation, and the names that the server gives itself.

Source: [MS-NLMP] sections 2.2.1.1 to 2.2.1.3 (messages), 2.2.2.1 (AV_PAIR), 2.2.2.5 (flags).
"""

SIGNATURE = b"NTLMSSP\0"
UNICODE = 1
TEXT_LEN = 1024
PAIRS = 16
SERVER_NAMES = {1: "computer", 2: "domain", 3: "dns_computer", 4: "dns_domain", 5: "dns_tree"}

Told = tuple[tuple[str, bytes], ...]


def read(blob: bytes) -> Told:
    """Gives what a token shows as (what, UTF-8 text); nothing where no NTLM message is in it."""
    start = blob.find(SIGNATURE)
    data = blob[start:] if start >= 0 else b""
    rows: Told
    match int.from_bytes(data[8:12], "little"):
        case 1:
            rows = (("domain", _text(data, 16, wide=False)), ("workstation", _text(data, 24, wide=False)))
        case 2:
            rows = _pairs(_field(data, 40))
        case 3:
            wide = bool(int.from_bytes(data[60:64], "little") & UNICODE)
            rows = (
                ("domain", _text(data, 28, wide=wide)),
                ("username", _text(data, 36, wide=wide)),
                ("workstation", _text(data, 44, wide=wide)),
            )
        case _:
            rows = ()
    return tuple((what, text) for what, text in rows if text)


def utf_8(data: bytes) -> bytes:
    """Gives a text of UTF-16 (least byte first) in UTF-8."""
    return data[: 2 * TEXT_LEN].decode("utf-16-le", "replace").rstrip("\0").encode()


def _field(data: bytes, at: int) -> bytes:
    """Gives the bytes that the length and offset at `at` point to."""
    length, start = (
        int.from_bytes(data[at : at + 2], "little"),
        int.from_bytes(data[at + 4 : at + 8], "little"),
    )
    return data[start : start + length]


def _text(data: bytes, at: int, *, wide: bool) -> bytes:
    field = _field(data, at)
    return utf_8(field) if wide else field[:TEXT_LEN]


def _pairs(info: bytes) -> Told:
    """Gives the names in the target information of a challenge."""
    found: list[tuple[str, bytes]] = []
    at = 0
    for _ in range(PAIRS):
        kind, length = (
            int.from_bytes(info[at : at + 2], "little"),
            int.from_bytes(info[at + 2 : at + 4], "little"),
        )
        if not kind or at + 4 + length > len(info):
            break
        if kind in SERVER_NAMES:
            found.append((SERVER_NAMES[kind], utf_8(info[at + 4 : at + 4 + length])))
        at += 4 + length
    return tuple(found)
