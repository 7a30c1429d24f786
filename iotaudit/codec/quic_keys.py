"""Keys of QUIC Initial packets: anyone who sees the first packet can make them, so a passive reader may too.

Source: RFC 9001 sections 5.2 (initial secrets), 5.3 (AEAD), 5.4 (header protection), RFC 9369 section 3.3
(version 2 salt and labels); drafts 23 to 32 by the salts in their section 5.2.
"""

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from iotaudit.codec.tls_keys import expand_label

V1 = 0x00000001
V2 = 0x6B3343CF
DRAFT = 0xFF000000
SALT_V1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
SALT_V2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
SALT_DRAFT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
SALT_DRAFT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
SAMPLE_LEN = 16
HASH = "sha256"
"""The hash of Initial packets, whatever suite follows."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Key, nonce base and header-protection key of one direction."""

    key: bytes
    iv: bytes
    header: bytes


def salt_of(version: int) -> bytes | None:
    """Gives the salt of a version, None where its Initial packets cannot be opened."""
    if version == V1:
        return SALT_V1
    if version == V2:
        return SALT_V2
    if version & 0xFFFFFF00 == DRAFT:
        draft = version & 0xFF
        if 29 <= draft <= 32:
            return SALT_DRAFT_29
        if 23 <= draft <= 28:
            return SALT_DRAFT_23
    return None


def initial_keys(version: int, connection: bytes) -> tuple[Keys, Keys] | None:
    """Gives the keys of client and server from the first destination connection id; None: unknown version."""
    salt = salt_of(version)
    if salt is None:
        return None
    secret = hmac.digest(salt, connection, HASH)
    word = b"quicv2" if version == V2 else b"quic"
    pair = []
    for label in (b"client in", b"server in"):
        side = expand_label(secret, label, 32, HASH)
        pair.append(
            Keys(
                expand_label(side, word + b" key", 16, HASH),
                expand_label(side, word + b" iv", 12, HASH),
                expand_label(side, word + b" hp", 16, HASH),
            )
        )
    return pair[0], pair[1]


def open_packet(keys: Keys, packet: bytes, number_at: int) -> bytes | None:
    """Gives the payload of one long-header packet, None where the keys are not its keys.

    `packet` ends where the packet ends (its Length field), `number_at` is the offset of the packet number.
    """
    sample = packet[number_at + 4 : number_at + 4 + SAMPLE_LEN]
    if len(sample) < SAMPLE_LEN:
        return None
    # ECB of one block is what RFC 9001 section 5.4.3 asks for: a mask, not a message.
    encryptor = Cipher(AES(keys.header), ECB()).encryptor()  # noqa: S305
    mask = encryptor.update(sample)
    first = packet[0] ^ (mask[0] & 0x0F)
    number_len = (first & 3) + 1
    number = bytes(
        a ^ b for a, b in zip(packet[number_at : number_at + number_len], mask[1:], strict=False)
    )
    header = bytes([first]) + packet[1:number_at] + number
    nonce = (int.from_bytes(keys.iv) ^ int.from_bytes(number)).to_bytes(12)
    try:
        return AESGCM(keys.key).decrypt(nonce, packet[number_at + number_len :], header)
    except InvalidTag:
        return None
