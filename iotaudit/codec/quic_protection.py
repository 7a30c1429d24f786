"""From a traffic secret to the payload of QUIC's protected packets: Handshake, 0-RTT and 1-RTT, with key updates.

Source: RFC 9001 sections 5.1 (keys), 5.3 (AEAD), 5.4 (header protection), 6 (key update), RFC 9000 section
17.1 and appendix A.3 (packet numbers), RFC 9369 section 3.3.1 (labels of version 2).
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import ECB

from iotaudit.codec.quic_keys import SAMPLE_LEN, V2
from iotaudit.codec.tls_keys import IV_LEN, Aead, Suite, expand_label, suite_of

SUITES = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
)
"""The suites of TLS 1.3 that QUIC may use."""
HASH_LEN = {"sha256": 32, "sha384": 48}
LONG_HEADER = 0x80
HeaderMask = Callable[[bytes], bytes]
"""Gives the mask of a header from a sample of its packet."""
KEY_PHASE = 0x04


class Protection:
    """Opens the packets of one direction and number space; one that does not open changes nothing.

    The suite need not be known, so that data sent before the server's hello can be read: the first packet
    that opens tells which of those with a secret of this length it is. `number` is the packet number of the
    last that opened, `largest` the largest so far.
    """

    __slots__ = ("_keys", "largest", "number")

    def __init__(self, secret: bytes, version: int, largest: int = -1) -> None:
        suites = [
            suite for name in SUITES if (suite := suite_of(name)) and HASH_LEN[suite.hash] == len(secret)
        ]
        self._keys = [_Keys(suite, secret, version) for suite in suites]
        self.largest = largest
        self.number = largest

    def open(self, packet: bytes, number_at: int) -> bytes | None:
        """Gives the payload of a packet, None where it does not open.

        Args:
            packet: the packet from its first byte to its end.
            number_at: where its packet number begins.
        """
        sample = packet[number_at + 4 : number_at + 4 + SAMPLE_LEN]
        if len(sample) < SAMPLE_LEN:
            return None
        for keys in self._keys:
            mask = keys.mask(sample)
            first = packet[0] ^ mask[0] & (0x0F if packet[0] & LONG_HEADER else 0x1F)
            end = number_at + (first & 3) + 1
            cut = int.from_bytes(packet[number_at:end]) ^ int.from_bytes(mask[1 : 1 + end - number_at])
            header = bytes([first]) + packet[1:number_at] + cut.to_bytes(end - number_at)
            number = whole_number(cut, 8 * (end - number_at), self.largest)
            payload = keys.open(header, number, packet[end:], newest=number > self.largest)
            if payload is not None:
                self._keys = [keys]
                self.number = number
                self.largest = max(self.largest, number)
                return payload
        return None


class _Keys:
    """The keys of one suite: the header's for good, and those of the key phases before, now and next."""

    __slots__ = ("_before", "_next", "_now", "_phase", "_suite", "_word", "mask")

    def __init__(self, suite: Suite, secret: bytes, version: int) -> None:
        self._suite = suite
        self._word = b"quicv2" if version == V2 else b"quic"
        self.mask: HeaderMask = _header_mask(suite, self._expand(secret, b" hp", suite.key_len))
        self._phase = 0
        self._before: _Phase | None = None
        self._now = self._made(secret)
        self._next: _Phase | None = None

    def open(self, header: bytes, number: int, body: bytes, *, newest: bool) -> bytes | None:
        """Gives the payload; a packet of the next key phase that opens makes it the present one."""
        if header[0] & LONG_HEADER or bool(header[0] & KEY_PHASE) is bool(self._phase):
            return self._now.open(header, number, body)
        if not newest:
            return self._before.open(header, number, body) if self._before else None
        if self._next is None:
            self._next = self._made(self._expand(self._now.secret, b" ku", len(self._now.secret)))
        payload = self._next.open(header, number, body)
        if payload is not None:
            self._before, self._now, self._next = self._now, self._next, None
            self._phase ^= 1
        return payload

    def _made(self, secret: bytes) -> "_Phase":
        key = self._expand(secret, b" key", self._suite.key_len)
        return _Phase(secret, _aead(self._suite, key), self._expand(secret, b" iv", IV_LEN))

    def _expand(self, secret: bytes, label: bytes, length: int) -> bytes:
        return expand_label(secret, self._word + label, length, self._suite.hash)


class _Phase:
    """The keys of one key phase."""

    __slots__ = ("_aead", "_iv", "secret")

    def __init__(self, secret: bytes, aead: Aead, iv: bytes) -> None:
        self.secret = secret
        self._aead = aead
        self._iv = int.from_bytes(iv)

    def open(self, header: bytes, number: int, body: bytes) -> bytes | None:
        """Gives the payload behind a header without its protection."""
        try:
            return self._aead.decrypt((self._iv ^ number).to_bytes(IV_LEN), body, header)
        except InvalidTag:
            return None


def whole_number(cut: int, bits: int, largest: int) -> int:
    """Gives the packet number whose last bits were sent, as near as can be behind the largest that was seen."""
    expected, window = largest + 1, 1 << bits
    number = expected & ~(window - 1) | cut
    if number <= expected - window // 2 and number < (1 << 62) - window:
        return number + window
    if number > expected + window // 2 and number >= window:
        return number - window
    return number


def _aead(suite: Suite, key: bytes) -> Aead:
    if suite.mode == "gcm":
        return AESGCM(key)
    return ChaCha20Poly1305(key) if suite.mode == "chacha" else AESCCM(key)


def _header_mask(suite: Suite, key: bytes) -> HeaderMask:
    if suite.mode == "chacha":
        return lambda sample: Cipher(ChaCha20(key, sample), None).encryptor().update(bytes(5))
    # ECB of one block is what RFC 9001 section 5.4.3 asks for: a mask, not a message.
    encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305
    return encryptor.update
