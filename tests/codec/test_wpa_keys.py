"""Keys of WPA2 against the vectors of the standard."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.wpa_keys import (
    FrameKey,
    PairwiseKeys,
    group_key,
    key_number,
    master_key,
    parse_eapol,
)

# IEEE 802.11-2020 annex J.6.4, the one CCMP example
TEMPORAL = bytes.fromhex("c97c1f67ce371185514a8a19f2bdd52f")
HEADER = bytes.fromhex("0848 c32c 0fd2e128a57c 5030f1844408 abaea5b8fcba 8033")
BODY = bytes.fromhex("0ce70020769703b5 f3d0a2fe9a3dbf2342a643e43246e80c3c04d019 7845ce0b16f97623")
PLAIN = bytes.fromhex("f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050")


def test_pass_the_passphrase_examples_of_the_standard() -> None:
    # annex J.4.2
    assert master_key(b"IEEE", "password").hex() == "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert (
        master_key(b"ThisIsASSID", "ThisIsAPassword").hex()
        == "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"
    )


def test_64_digits_are_the_key_itself() -> None:
    assert master_key(b"any", "ab" * 32) == b"\xab" * 32


def test_pass_the_ccmp_example_of_the_standard() -> None:
    assert FrameKey(TEMPORAL).open(HEADER, BODY) == PLAIN
    assert key_number(BODY) == 0


def test_fail_another_key_or_another_header_opens_nothing() -> None:
    assert FrameKey(bytes(16)).open(HEADER, BODY) is None
    assert FrameKey(TEMPORAL).open(HEADER[:10] + bytes(6) + HEADER[16:], BODY) is None


def test_bits_that_change_on_the_way_are_not_checked() -> None:
    retried = bytes((HEADER[0], HEADER[1] ^ 0x08)) + HEADER[2:22] + bytes((HEADER[22] ^ 0x10,)) + HEADER[23:]
    assert FrameKey(TEMPORAL).open(retried, BODY) == PLAIN


def test_inconclusive_a_body_of_another_cipher_names_no_key() -> None:
    assert key_number(BODY[:15]) is None
    assert key_number(bytes(40)) is None  # WEP: no extended IV
    assert key_number(bytes.fromhex("00205520") + bytes(20)) is None  # TKIP: a third byte


def test_secrets_are_not_in_a_repr() -> None:
    assert "01" not in repr(PairwiseKeys(b"\1" * 16, b"\1" * 16, b"\1" * 16))


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from([b"", bytes.fromhex("0203 0075 02"), bytes.fromhex("0103 005f fe")]))
def test_any_bytes_are_a_message_or_none(data: bytes, start: bytes) -> None:
    message = parse_eapol(start + data)
    if message is not None:
        assert len(message.nonce) == 32
        assert group_key(PairwiseKeys(bytes(16), bytes(16), bytes(16)), message) is None
