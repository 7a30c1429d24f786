"""A WPA2 network by hand: an access point and a station that shake hands and seal their frames."""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

AP = bytes.fromhex("0a00000000fe")
STATION = bytes.fromhex("0a0000000001")
OTHER = bytes.fromhex("0a0000000002")
SSID, PASSPHRASE = b"lab: net", "correct horse"
MASTER = hashlib.pbkdf2_hmac("sha1", PASSPHRASE.encode(), SSID, 4096, 32)
SNAP_IP = bytes.fromhex("aaaa03 000000 0800")
SNAP_EAPOL = bytes.fromhex("aaaa03 000000 888e")
RSNE = bytes.fromhex("3014 0100 000fac04 0100 000fac04 0100 000fac02 0000")
GROUP = bytes(range(0x40, 0x50))


def derive(anonce: bytes, snonce: bytes, master: bytes = MASTER) -> tuple[bytes, bytes, bytes]:
    """Gives the keys that check, wrap and seal between the access point and the station."""
    context = min(AP, STATION) + max(AP, STATION) + min(anonce, snonce) + max(anonce, snonce)
    text = b"Pairwise key expansion\0" + context
    made = b"".join(hmac.digest(master, text + bytes([i]), hashlib.sha1) for i in range(3))
    return made[:16], made[16:32], made[32:48]


def header(
    *, to_ds: bool, target: bytes, source: bytes, quality: int | None = None, sequence: int = 0, four: bool = False
) -> bytes:
    """Gives a MAC header between AP and STATION (or a group) of a frame from `source` to `target`."""
    kind = 0x08 if quality is None else 0x88
    way = 3 if four else 1 if to_ds else 2
    receiver = AP if to_ds else (target if target[0] & 1 else STATION)
    sender = STATION if to_ds else AP
    third = target if to_ds or four else source
    frame = bytes((kind, way, 0, 0)) + receiver + sender + third + struct.pack("<H", sequence << 4)
    return frame + (source if four else b"") + (b"" if quality is None else struct.pack("<H", quality))


def sealed(mac: bytes, plain: bytes, key: bytes, number: int, key_id: int = 0) -> bytes:
    """Gives a frame as CCMP seals it; `number` is the packet number, `mac` the header."""
    mac = bytes((mac[0], mac[1] | 0x40)) + mac[2:]
    quality = bool(mac[0] & 0x80)
    addresses = len(mac) - 2 * quality
    tid = mac[addresses] & 0x0F if quality else 0
    count = number.to_bytes(6)
    checked = bytes((mac[0] & 0x8F, mac[1] & 0xC7)) + mac[4:22] + bytes((mac[22] & 0x0F, 0)) + mac[24:addresses]
    checked += bytes((tid, 0)) * quality
    body = AESCCM(key, tag_length=8).encrypt(bytes((tid,)) + mac[10:16] + count, plain, checked)
    return mac + bytes((count[5], count[4], 0, 0x20 | key_id << 6, *count[3::-1])) + body


def eapol(info: int, nonce: bytes = bytes(32), data: bytes = b"", check: bytes | None = None, replay: int = 1) -> bytes:
    """Gives an EAPOL-Key frame with SNAP header; `check` is the key of its check value."""
    body = bytes((2,)) + struct.pack(">HHQ", info, 16, replay) + nonce + bytes(32)
    rest = struct.pack(">H", len(data)) + data
    frame = bytes((2, 3)) + struct.pack(">H", len(body) + 16 + len(rest)) + body
    mic = bytes(16) if check is None else hmac.digest(check, frame + bytes(16) + rest, hashlib.sha1)[:16]
    return SNAP_EAPOL + frame + mic + rest


def group_data(key: bytes, encryption: bytes, number: int = 1, *, rsne: bool = True) -> bytes:
    """Gives wrapped key data that brings a group key."""
    kde = b"\xdd" + bytes((6 + len(key),)) + bytes.fromhex("000fac01") + bytes((number, 0)) + key
    data = RSNE * rsne + kde
    data += b"\xdd" + bytes(-(len(data) + 1) % 8)
    return aes_key_wrap(encryption, data)


def messages(anonce: bytes, snonce: bytes, *, group: bytes = GROUP, master: bytes = MASTER) -> list[bytes]:
    """Gives the four messages of a handshake, without MAC headers; those of the access point come first and third."""
    confirmation, encryption, _ = derive(anonce, snonce, master)
    return [
        eapol(0x008A, anonce),
        eapol(0x010A, snonce, RSNE, confirmation),
        eapol(0x13CA, anonce, group_data(group, encryption), confirmation, 2),
        eapol(0x030A, bytes(32), b"", confirmation, 2),
    ]


def handshake(anonce: bytes, snonce: bytes, **options: bytes) -> list[bytes]:
    """Gives the four frames of a handshake in the open."""
    down = header(to_ds=False, target=STATION, source=AP)
    up = header(to_ds=True, target=AP, source=STATION)
    return [mac + text for mac, text in zip((down, up, down, up), messages(anonce, snonce, **options), strict=True)]
