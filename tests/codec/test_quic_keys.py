"""Keys of Initial packets: the published vectors, and packets that are not theirs."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.quic_keys import V1, V2, Keys, initial_keys, open_packet, salt_of
from iotaudit.codec.tls_keys import expand_label

CONNECTION = bytes.fromhex("8394c8f03e515708")
"""The client's destination connection id of both appendices."""
CLIENT_HELLO = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff"
)
"""RFC 9001 appendix A.2: the CRYPTO frame of the client's Initial."""
SERVER_PACKET = bytes.fromhex(
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"
    "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"
    "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
    "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"
    "2158407dd074ee"
)
"""RFC 9001 appendix A.3: the server's Initial as it is sent."""


def seal(keys: Keys, header: bytes, number_len: int, payload: bytes) -> bytes:
    """Protects a packet as RFC 9001 sections 5.3 and 5.4 say."""
    number = int.from_bytes(header[-number_len:])
    nonce = (int.from_bytes(keys.iv) ^ number).to_bytes(12)
    sealed = AESGCM(keys.key).encrypt(nonce, payload, header)
    sample = sealed[4 - number_len : 20 - number_len]
    mask = Cipher(AES(keys.header), ECB()).encryptor().update(sample)  # noqa: S305 - RFC 9001 section 5.4.3
    first = header[0] ^ mask[0] & 0x0F
    masked = bytes(a ^ b for a, b in zip(header[-number_len:], mask[1:], strict=False))
    return bytes([first]) + header[1:-number_len] + masked + sealed


def test_version_1_keys_are_those_of_rfc_9001_appendix_a1() -> None:
    pair = initial_keys(V1, CONNECTION)
    assert pair is not None
    client, server = pair
    assert client.key.hex() == "1f369613dd76d5467730efcbe3b1a22d"
    assert client.iv.hex() == "fa044b2f42a3fd3b46fb255c"
    assert client.header.hex() == "9f50449e04a0e810283a1e9933adedd2"
    assert server.key.hex() == "cf3a5331653c364c88f0f379b6067e37"
    assert server.iv.hex() == "0ac1493ca1905853b0bba03e"
    assert server.header.hex() == "c206b8d9b9f0f37644430b490eeaa314"


def test_version_2_keys_are_those_of_rfc_9369_appendix_a1() -> None:
    pair = initial_keys(V2, CONNECTION)
    assert pair is not None
    client, server = pair
    assert client.key.hex() == "8b1a0bc121284290a29e0971b5cd045d"
    assert client.iv.hex() == "91f73e2351d8fa91660e909f"
    assert client.header.hex() == "45b95e15235d6f45a6b19cbcb0294ba9"
    assert server.key.hex() == "82db637861d55e1d011f19ea71d5d2a7"
    assert server.iv.hex() == "dd13c276499c0249d3310652"
    assert server.header.hex() == "edf6d05c83121201b436e16877593c3a"


def test_the_client_packet_of_appendix_a2_is_opened() -> None:
    pair = initial_keys(V1, CONNECTION)
    assert pair is not None
    header = bytes.fromhex("c300000001088394c8f03e5157080000449e00000002")
    payload = CLIENT_HELLO + bytes(1162 - len(CLIENT_HELLO))
    packet = seal(pair[0], header, 4, payload)
    # as the RFC prints the protected header and the sample behind it
    assert packet[:22].hex() == "c000000001088394c8f03e5157080000449e7b9aec34"
    assert packet[22:38].hex() == "d1b1c98dd7689fb8ec11d242b123dc9b"
    assert open_packet(pair[0], packet, 18) == payload


def test_the_server_packet_of_appendix_a3_is_opened() -> None:
    pair = initial_keys(V1, CONNECTION)
    assert pair is not None
    opened = open_packet(pair[1], SERVER_PACKET, 18)
    assert opened is not None
    assert opened.hex().startswith("02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739")


def test_the_keys_of_the_other_side_do_not_open() -> None:
    pair = initial_keys(V1, CONNECTION)
    assert pair is not None
    assert open_packet(pair[0], SERVER_PACKET, 18) is None


@pytest.mark.parametrize("length", [0, 1, 18, 37, len(SERVER_PACKET) - 1])
def test_a_cut_packet_is_not_opened(length: int) -> None:
    pair = initial_keys(V1, CONNECTION)
    assert pair is not None
    assert open_packet(pair[1], SERVER_PACKET[:length], 18) is None


def test_versions_without_a_known_salt_have_no_keys() -> None:
    assert initial_keys(0x0A0A0A0A, CONNECTION) is None
    assert salt_of(0xFF000016) is None  # draft 22
    assert salt_of(0xFF000021) is None  # draft 33


def test_drafts_share_the_salts_of_their_time() -> None:
    assert salt_of(0xFF00001D) == salt_of(0xFF000020)  # 29 to 32
    assert salt_of(0xFF000017) == salt_of(0xFF00001C)  # 23 to 28
    assert salt_of(0xFF00001C) != salt_of(0xFF00001D)


def test_labels_expand_to_the_length_asked_for() -> None:
    secret = bytes(32)
    assert len(expand_label(secret, b"quic iv", 12, "sha256")) == 12
    assert expand_label(secret, b"quic iv", 12, "sha256") != expand_label(secret, b"quic hp", 12, "sha256")


@settings(max_examples=100)
@given(st.binary(max_size=80), st.integers(0, 90))
def test_chance_bytes_open_nothing(packet: bytes, number_at: int) -> None:
    pair = initial_keys(V1, CONNECTION)
    assert pair is not None
    assert open_packet(pair[0], packet, number_at) is None
