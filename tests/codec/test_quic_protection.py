"""Protected packets: the published vector, suites, versions, packet numbers, key updates, and what is foreign."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.quic_keys import V1, V2
from iotaudit.codec.quic_protection import Protection, whole_number
from iotaudit.codec.tls_keys import expand_label

ID = bytes.fromhex("0102030405060708")
SECRETS = {"sha256": bytes(range(32)), "sha384": bytes(range(48))}
SUITES = {
    "aes-128": (16, "sha256"),
    "ccm": (16, "sha256"),
    "aes-256": (32, "sha384"),
    "chacha": (32, "sha256"),
}


def sealed(
    suite: str,
    number: int,
    payload: bytes,
    *,
    version: int = V1,
    updates: int = 0,
    number_len: int = 2,
    long: bool = False,
) -> bytes:
    """Gives a packet as RFC 9001 sections 5 and 6 make it: the sender's side, written down for itself."""
    key_len, hash_name = SUITES[suite]
    word = b"quicv2" if version == V2 else b"quic"
    first_secret = secret = SECRETS[hash_name]
    for _ in range(updates):
        secret = expand_label(secret, word + b" ku", len(secret), hash_name)
    key = expand_label(secret, word + b" key", key_len, hash_name)
    iv = expand_label(secret, word + b" iv", 12, hash_name)
    mask_key = expand_label(first_secret, word + b" hp", key_len, hash_name)
    flags = (0xE0 if long else 0x40 | (updates & 1) << 2) | number_len - 1
    header = bytes([flags]) + ID + (number & (1 << 8 * number_len) - 1).to_bytes(number_len)
    aead = {"chacha": ChaCha20Poly1305, "ccm": AESCCM}.get(suite, AESGCM)(key)
    body = aead.encrypt((int.from_bytes(iv) ^ number).to_bytes(12), payload, header)
    sample = body[4 - number_len : 20 - number_len]
    if suite == "chacha":
        mask = Cipher(ChaCha20(mask_key, sample), None).encryptor().update(bytes(5))
    else:
        mask = Cipher(AES(mask_key), ECB()).encryptor().update(sample)  # noqa: S305 - RFC 9001 section 5.4.3
    first = flags ^ mask[0] & (0x0F if long else 0x1F)
    hidden = bytes(a ^ b for a, b in zip(header[1 + len(ID) :], mask[1:], strict=False))
    return b"".join((bytes([first]), ID, hidden, body))


def test_the_short_packet_of_rfc_9001_appendix_a5_is_opened() -> None:
    secret = bytes.fromhex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")
    packet = bytes.fromhex("4cfe4189655e5cd55c41f69080575d7999c25a5bfb")
    assert Protection(secret, V1, 654_360_563).open(packet, 1) == b"\x01"


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("long", [True, False])
def test_pass_the_suite_is_found_by_the_first_packet(suite: str, version: int, long: bool) -> None:  # noqa: FBT001
    protection = Protection(SECRETS[SUITES[suite][1]], version)
    for number in (0, 1, 300):
        packet = sealed(suite, number, b"payload!", version=version, long=long)
        assert protection.open(packet, 1 + len(ID)) == b"payload!"


def test_numbers_go_on_from_the_largest_that_opened() -> None:
    protection = Protection(SECRETS["sha256"], V1)
    for number in (100, 200, 320, 290, 440):
        assert protection.open(sealed("aes-128", number, b"payload!", number_len=1), 9) == b"payload!"
    assert protection.largest == 440


@pytest.mark.parametrize("version", [V1, V2])
def test_keys_are_updated_again_and_again_and_late_packets_still_open(version: int) -> None:
    protection = Protection(SECRETS["sha256"], version)
    for number, updates in ((0, 0), (2, 1), (1, 0), (3, 1), (5, 2), (4, 1), (6, 3)):
        packet = sealed("chacha", number, b"payload!", version=version, updates=updates)
        assert protection.open(packet, 9) == b"payload!", number


def test_fail_a_damaged_packet_changes_nothing() -> None:
    protection = Protection(SECRETS["sha256"], V1)
    packet = sealed("aes-128", 7, b"payload!", updates=1)
    assert protection.open(packet[:-1] + bytes([packet[-1] ^ 1]), 9) is None
    assert protection.open(sealed("aes-128", 6, b"payload!"), 9) == b"payload!"
    assert protection.open(packet, 9) == b"payload!"


def test_inconclusive_a_secret_of_an_odd_length_and_a_cut_packet_open_nothing() -> None:
    packet = sealed("aes-128", 7, b"payload!")
    assert Protection(bytes(20), V1).open(packet, 9) is None
    assert all(Protection(SECRETS["sha256"], V1).open(packet[:end], 9) is None for end in range(len(packet)))


def test_whole_numbers_are_those_of_rfc_9000_appendix_a3() -> None:
    assert whole_number(0x9B32, 16, 0xA82F30EA) == 0xA82F9B32
    assert whole_number(0, 8, -1) == 0
    assert whole_number(255, 8, 256) == 255


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 30))
def test_chance_bytes_open_nothing(packet: bytes, number_at: int) -> None:
    assert Protection(SECRETS["sha256"], V1).open(b"\x40" + packet, number_at) is None
