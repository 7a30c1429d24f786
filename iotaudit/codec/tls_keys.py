"""From a session's secrets to the content of its protected records: TLS 1.0 to 1.3 and DTLS 1.0 to 1.2.

An opener belongs to one direction and one key. It is pure: a record that does not open changes nothing.

Source: RFC 5246 sections 5, 6.2.3, 6.3 (PRF, records, keys), RFC 2246 and 4346 (the older PRF and records),
RFC 5288 (GCM), RFC 6655 (CCM), RFC 7905 (ChaCha20-Poly1305), RFC 7366 (encrypt-then-MAC), RFC 6347 section
4.1.2 (DTLS), RFC 8446 sections 5.2, 5.3, 7.1 to 7.3 (TLS 1.3).
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

TLS10, TLS11, TLS12 = 0x0301, 0x0302, 0x0303
DTLS10, DTLS12 = 0xFEFF, 0xFEFD
BLOCK_LEN = 16
IV_LEN = 12
TAG_LEN = 16
SHORT_TAG_LEN = 8
APPLICATION = 23
KEY_UPDATE_LABEL = b"traffic upd"


@dataclass(frozen=True, slots=True)
class Suite:
    """What a cipher suite asks for: `mode` (gcm, ccm, ccm8, chacha, cbc), lengths in bytes, names of `hashlib`.

    `mac` is the hash of a CBC suite's MAC, "" elsewhere; `hash` that of the key schedule.
    """

    mode: str
    key_len: int
    mac: str
    hash: str


class Aead(Protocol):
    """An authenticated cipher of `cryptography`."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Gives the plaintext; raises `InvalidTag` where key or bytes are not right."""
        ...


class Opener(Protocol):
    """Opens the records of one direction under one key."""

    def open(self, kind: int, version: int, number: int, body: bytes) -> tuple[int, bytes] | None:
        """Gives content type and content of a record, None where it does not open.

        Args:
            kind: the content type in the record's header.
            version: the version in the record's header.
            number: the record's number under this key (DTLS: epoch and number, 64 bits).
            body: the record without its header.
        """
        ...


def suite_of(name: str) -> Suite | None:
    """Gives what a suite with this IANA name asks for, None where its records cannot be opened here."""
    words = name.rpartition("_WITH_")[2].removeprefix("TLS_").split("_")
    schedule = "sha384" if words[-1] == "SHA384" else "sha256"
    if words[:2] == ["CHACHA20", "POLY1305"]:
        return Suite("chacha", 32, "", schedule)
    if words[0] != "AES" or len(words) < 3 or words[1] not in ("128", "256"):
        return None
    key_len = int(words[1]) // 8
    if words[2] == "GCM":
        return Suite("gcm", key_len, "", schedule)
    if words[2] == "CCM":
        return Suite("ccm8" if "8" in words[3:] else "ccm", key_len, "", schedule)
    macs = {"SHA": "sha1", "SHA256": "sha256", "SHA384": "sha384"}
    if words[2] == "CBC" and words[-1] in macs:
        return Suite("cbc", key_len, macs[words[-1]], schedule)
    return None


def expand_label(secret: bytes, label: bytes, length: int, hash_name: str, prefix: bytes = b"tls13 ") -> bytes:
    """Gives HKDF-Expand-Label with an empty context (RFC 8446 section 7.1; DTLS 1.3 has its own prefix)."""
    full = prefix + label
    info = struct.pack(">HB", length, len(full)) + full + b"\0"
    block, out, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(secret, block + info + bytes([counter]), hash_name)
        out += block
        counter += 1
    return out[:length]


def prf(secret: bytes, label: bytes, seed: bytes, length: int, version: int, hash_name: str) -> bytes:
    """Gives the PRF of TLS 1.2 (RFC 5246 section 5) or, for older versions, of MD5 and SHA-1 (RFC 2246 section 5)."""
    if version in (TLS12, DTLS12):
        return _p_hash(secret, label + seed, length, hash_name)
    half = (len(secret) + 1) // 2
    left = _p_hash(secret[:half], label + seed, length, "md5")
    right = _p_hash(secret[-half:], label + seed, length, "sha1")
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def openers_12(
    suite: Suite, version: int, master: bytes, randoms: tuple[bytes, bytes], *, encrypt_then_mac: bool
) -> tuple[Opener, Opener]:
    """Gives the openers of client and server of a session up to TLS 1.2.

    Args:
        suite: what the chosen cipher suite asks for.
        version: the negotiated version.
        master: the master secret (48 bytes).
        randoms: the randoms of client and server.
        encrypt_then_mac: whether both sides agreed on RFC 7366 (matters for CBC alone).
    """
    mac_len = hashlib.new(suite.mac, usedforsecurity=False).digest_size if suite.mac else 0
    iv_len = BLOCK_LEN if suite.mode == "cbc" else IV_LEN if suite.mode == "chacha" else 4
    length = 2 * (mac_len + suite.key_len + iv_len)
    client, server = randoms
    block = prf(master, b"key expansion", server + client, length, version, suite.hash)
    parts = []
    at = 0
    for part_len in (mac_len, suite.key_len, iv_len):
        parts.append((block[at : at + part_len], block[at + part_len : at + 2 * part_len]))
        at += 2 * part_len
    made: list[Opener] = []
    for side in (0, 1):
        mac, key, iv = (part[side] for part in parts)
        if suite.mode == "cbc":
            made.append(CbcOpener(key, mac, suite.mac, iv if version == TLS10 else b"", encrypt_then_mac))
        else:
            made.append(AeadOpener(_aead(suite, key), iv, SHORT_TAG_LEN if suite.mode == "ccm8" else TAG_LEN))
    return made[0], made[1]


def opener_13(suite: Suite, secret: bytes) -> "Opener13":
    """Gives the opener of a TLS 1.3 traffic secret."""
    key = expand_label(secret, b"key", suite.key_len, suite.hash)
    return Opener13(_aead(suite, key), expand_label(secret, b"iv", IV_LEN, suite.hash))


def next_secret(secret: bytes, hash_name: str) -> bytes:
    """Gives the traffic secret after a KeyUpdate (RFC 8446 section 7.2)."""
    return expand_label(secret, KEY_UPDATE_LABEL, len(secret), hash_name)


class Opener13:
    """Records of TLS 1.3: the content type lies inside, behind it zeros."""

    __slots__ = ("_aead", "_iv")

    def __init__(self, aead: Aead, iv: bytes) -> None:
        self._aead = aead
        self._iv = int.from_bytes(iv)

    def open(self, kind: int, version: int, number: int, body: bytes) -> tuple[int, bytes] | None:
        """Gives the inner content type and content."""
        nonce = (self._iv ^ number).to_bytes(IV_LEN)
        try:
            inner = self._aead.decrypt(nonce, body, struct.pack(">BHH", kind, version, len(body)))
        except InvalidTag:
            return None
        inner = inner.rstrip(b"\0")
        return (inner[-1], inner[:-1]) if inner else None


class AeadOpener:
    """Records of the AEAD suites of TLS 1.2; a 4-byte `iv` has the rest of its nonce in each record."""

    __slots__ = ("_aead", "_iv", "_tag_len")

    def __init__(self, aead: Aead, iv: bytes, tag_len: int) -> None:
        self._aead = aead
        self._iv = iv
        self._tag_len = tag_len

    def open(self, kind: int, version: int, number: int, body: bytes) -> tuple[int, bytes] | None:
        """Gives content type and content."""
        if len(self._iv) == IV_LEN:
            nonce = (int.from_bytes(self._iv) ^ number).to_bytes(IV_LEN)
        else:
            nonce, body = self._iv + body[:8], body[8:]
        length = len(body) - self._tag_len
        if length < 0 or len(nonce) != IV_LEN:
            return None
        try:
            return kind, self._aead.decrypt(nonce, body, struct.pack(">QBHH", number, kind, version, length))
        except InvalidTag:
            return None


class CbcOpener:
    """Records of the CBC suites; with a `chain` each record's IV is the last block before it (TLS 1.0)."""

    __slots__ = ("_chain", "_encrypt_then_mac", "_key", "_mac", "_mac_len", "_mac_name")

    def __init__(self, key: bytes, mac: bytes, mac_name: str, chain: bytes, encrypt_then_mac: bool) -> None:  # noqa: FBT001 - private
        self._key = key
        self._mac = mac
        self._mac_name = mac_name
        self._mac_len = hashlib.new(mac_name, usedforsecurity=False).digest_size
        self._chain = chain
        self._encrypt_then_mac = encrypt_then_mac

    def open(self, kind: int, version: int, number: int, body: bytes) -> tuple[int, bytes] | None:
        """Gives content type and content where padding and MAC are right."""
        mac = b""
        if self._encrypt_then_mac:
            body, mac = body[: -self._mac_len], body[-self._mac_len :]
            if not hmac.compare_digest(self._digest(kind, version, number, body), mac):
                return None
        iv, coded = (self._chain, body) if self._chain else (body[:BLOCK_LEN], body[BLOCK_LEN:])
        if not coded or len(coded) % BLOCK_LEN or len(iv) != BLOCK_LEN:
            return None
        # CBC is what the captured session chose; the MAC is checked before anything is believed.
        decryptor = Cipher(AES(self._key), CBC(iv)).decryptor()
        plain = decryptor.update(coded)
        padding = plain[-1] + 1
        if padding > len(plain) or plain[-padding:] != bytes([padding - 1]) * padding:
            return None
        plain = plain[:-padding]
        if not self._encrypt_then_mac:
            plain, mac = plain[: -self._mac_len], plain[-self._mac_len :]
            if not hmac.compare_digest(self._digest(kind, version, number, plain), mac):
                return None
        if self._chain:
            self._chain = coded[-BLOCK_LEN:]
        return kind, plain

    def _digest(self, kind: int, version: int, number: int, data: bytes) -> bytes:
        head = struct.pack(">QBHH", number, kind, version, len(data))
        return hmac.digest(self._mac, head + data, self._mac_name)


def _aead(suite: Suite, key: bytes) -> Aead:
    if suite.mode == "gcm":
        return AESGCM(key)
    if suite.mode == "chacha":
        return ChaCha20Poly1305(key)
    return AESCCM(key, tag_length=SHORT_TAG_LEN if suite.mode == "ccm8" else TAG_LEN)


def _p_hash(secret: bytes, seed: bytes, length: int, hash_name: str) -> bytes:
    out, a = b"", seed
    while len(out) < length:
        a = hmac.digest(secret, a, hash_name)
        out += hmac.digest(secret, a + seed, hash_name)
    return out[:length]
