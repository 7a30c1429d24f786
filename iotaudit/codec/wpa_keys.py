"""Keys of WPA2 with a passphrase, and the opening of its frames: who has the passphrase and saw the handshake can read.

CCMP with 128-bit keys alone, the cipher that WPA2 demands. What was derived is proved by the check value of a
handshake message, what was opened by its tag, so a wrong key never gives bytes.

Source: IEEE 802.11-2020 sections 12.7.1.2 (PRF and KDF), 12.7.1.3 (pairwise key), 12.7.2 (EAPOL-Key frames,
table 12-8 for the algorithms), 12.7.3 (key data), 12.5.3 (CCMP), annex J.4 (passphrase to key); RFC 3394 (key
wrap).
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

ROUNDS = 4096
KEY_LEN = 16
TAG_LEN = 8
HEADER_LEN = 8
"""Bytes of the CCMP header before the sealed body."""
SHA1_AES, CMAC_AES = 2, 3
"""Versions of the EAPOL-Key descriptor whose algorithms are known here: those of WPA2-PSK and of WPA2-PSK-SHA256."""
PAIRWISE, ACK, MIC, SECURE, ENCRYPTED = 0x0008, 0x0080, 0x0100, 0x0200, 0x1000
DESCRIPTORS = (2, 254)
"""RSN, and WPA as it was before."""
EAPOL_KEY = 3
FIXED_LEN = 99
"""Bytes of an EAPOL-Key frame up to its key data."""
MIC_AT = 81
GTK = bytes.fromhex("000fac01")
KDES = 64
BODY_LEN = 1 << 14
"""More than any frame of 802.11 holds."""


@dataclass(frozen=True, slots=True, repr=False)
class EapolKey:
    """One message of a handshake.

    `frame` is the EAPOL frame as it is checked: with its check value zeroed.
    """

    descriptor: int
    info: int
    nonce: bytes
    mic: bytes
    data: bytes
    frame: bytes

    @property
    def version(self) -> int:
        """The version of the descriptor, which names the algorithms."""
        return self.info & 7

    def has(self, *bits: int) -> bool:
        """Says whether all these bits of the key information are set."""
        return all(self.info & bit for bit in bits)


@dataclass(frozen=True, slots=True, repr=False)
class PairwiseKeys:
    """What a handshake gave two stations: keys that check and wrap handshake messages, and that of their frames."""

    confirmation: bytes
    encryption: bytes
    temporal: bytes


def master_key(ssid: bytes, passphrase: str) -> bytes:
    """Gives the pairwise master key of a network; 64 hexadecimal digits are the key itself."""
    if len(passphrase) == 64:
        return bytes.fromhex(passphrase)
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), ssid, ROUNDS, 32)


def parse_eapol(frame: bytes) -> EapolKey | None:
    """Gives the EAPOL-Key message at the start of these bytes, None where there is none, or not all of it."""
    if len(frame) < FIXED_LEN or frame[1] != EAPOL_KEY or frame[4] not in DESCRIPTORS:
        return None
    end = 4 + int.from_bytes(frame[2:4])
    data_len = int.from_bytes(frame[97:99])
    if end > len(frame) or FIXED_LEN + data_len > end:
        return None
    return EapolKey(
        descriptor=frame[4],
        info=int.from_bytes(frame[5:7]),
        nonce=frame[17:49],
        mic=frame[MIC_AT : MIC_AT + 16],
        data=frame[FIXED_LEN : FIXED_LEN + data_len],
        frame=frame[:MIC_AT] + bytes(16) + frame[MIC_AT + 16 : end],
    )


def pairwise_keys(
    master: bytes, version: int, stations: tuple[bytes, bytes], nonces: tuple[bytes, bytes]
) -> PairwiseKeys:
    """Gives the keys of two stations from their addresses and nonces, each pair in any order."""
    label = b"Pairwise key expansion"
    context = b"".join((*sorted(stations), *sorted(nonces)))
    if version == CMAC_AES:
        material = b"".join(
            hmac.digest(master, struct.pack("<H", i) + label + context + struct.pack("<H", 384), hashlib.sha256)
            for i in (1, 2)
        )
    else:
        material = b"".join(
            hmac.digest(master, label + b"\0" + context + bytes((i,)), hashlib.sha1) for i in range(3)
        )
    return PairwiseKeys(material[:16], material[16:32], material[32:48])


def is_authentic(keys: PairwiseKeys, message: EapolKey) -> bool:
    """Says whether a message's check value was made with these keys."""
    if message.version == CMAC_AES:
        check = CMAC(AES(keys.confirmation))
        check.update(message.frame)
        made = check.finalize()
    else:
        made = hmac.digest(keys.confirmation, message.frame, hashlib.sha1)[:16]
    return hmac.compare_digest(made, message.mic)


def group_key(keys: PairwiseKeys, message: EapolKey) -> tuple[int, bytes] | None:
    """Gives number and group key that a message brings, None where it brings none for CCMP."""
    try:
        plain = aes_key_unwrap(keys.encryption, message.data)
    except (InvalidUnwrap, ValueError):
        return None
    at = 0
    for _ in range(KDES):
        if at + 2 > len(plain):
            return None
        length = plain[at + 1]
        body = plain[at + 2 : at + 2 + length]
        if plain[at] == 0xDD and body.startswith(GTK) and length == len(GTK) + 2 + KEY_LEN:
            return body[4] & 3, body[6:]
        at += 2 + length
    return None


class FrameKey:
    """A temporal key, ready to open frames."""

    __slots__ = ("_cipher", "temporal")

    def __init__(self, temporal: bytes) -> None:
        self.temporal = temporal
        self._cipher = AESCCM(temporal, tag_length=TAG_LEN)

    def open(self, header: bytes, body: bytes) -> bytes | None:
        """Gives what a frame carries, None where this is not its key.

        Args:
            header: the MAC header without HT control: 24 bytes, the fourth address where the frame has one, and the two
                bytes of QoS control where its subtype has them.
            body: CCMP header, sealed bytes and tag.
        """
        quality = header[0] & 0x80
        end = len(header) - 2 if quality else len(header)
        tid = header[end] & 0x0F if quality else 0
        nonce = bytes((tid,)) + header[10:16] + body[7:3:-1] + body[1::-1]
        control = bytes((header[0] & 0x8F, header[1] & (0x47 if quality else 0xC7)))
        checked = control + header[4:22] + bytes((header[22] & 0x0F, 0)) + header[24:end]
        try:
            return self._cipher.decrypt(nonce, body[HEADER_LEN:], checked + (bytes((tid, 0)) if quality else b""))
        except InvalidTag:
            return None


def key_number(body: bytes) -> int | None:
    """Gives the number of the key that a protected body names, None where the body cannot be one of CCMP."""
    if not HEADER_LEN + TAG_LEN <= len(body) <= BODY_LEN or not body[3] & 0x20 or body[2]:
        return None
    return body[3] >> 6
