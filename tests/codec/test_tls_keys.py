"""Openers of records, against what OpenSSL wrote."""

import struct
from ssl import TLSVersion

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.keylog import KeyLog
from iotaudit.codec.tls_keys import (
    TLS10,
    Opener,
    Suite,
    expand_label,
    next_secret,
    opener_13,
    openers_12,
    prf,
    suite_of,
)
from tests.tls_talk import Talk, talk

SAID = b"serial=DW-0042&map=kitchen" * 9
OLD = {
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "AES128-CCM": "TLS_RSA_WITH_AES_128_CCM",
    "AES256-CCM8": "TLS_RSA_WITH_AES_256_CCM_8",
    "AES128-SHA": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "AES256-SHA256": "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "ECDHE-RSA-AES256-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
}


def records(conversation: Talk, *, outbound: bool) -> list[tuple[int, int, bytes]]:
    """Gives type, version and body of each record of one direction."""
    data = b"".join(part for out, part in conversation.flights if out is outbound)
    found = []
    while data:
        kind, version, length = struct.unpack(">BHH", data[:5])
        found.append((kind, version, data[5 : 5 + length]))
        data = data[5 + length :]
    return found


def hello_random(conversation: Talk, *, outbound: bool) -> bytes:
    return records(conversation, outbound=outbound)[0][2][6:38]


def keys(conversation: Talk) -> KeyLog:
    log = KeyLog()
    log.add(conversation.keylog)
    return log


def suite(name: str) -> Suite:
    found = suite_of(name)
    assert found
    return found


def up_to_12(conversation: Talk, name: str, version: int) -> list[bytes]:
    """Gives what the client said after its ChangeCipherSpec."""
    client, server = (hello_random(conversation, outbound=outbound) for outbound in (True, False))
    master = keys(conversation).secret(client, "CLIENT_RANDOM")
    assert master
    # both ends of OpenSSL offer encrypt-then-MAC, so CBC records are of RFC 7366
    opener, _ = openers_12(suite(name), version, master, (client, server), encrypt_then_mac=True)
    sealed = records(conversation, outbound=True)
    sealed = sealed[[kind for kind, _, _ in sealed].index(20) + 1 :]
    opened = [opener.open(kind, v, number, body) for number, (kind, v, body) in enumerate(sealed)]
    assert all(opened)
    return [found[1] for found in opened if found and found[0] == 23]


@pytest.mark.parametrize("cipher", OLD)
def test_pass_tls_12_opens_with_the_master_secret(cipher: str) -> None:
    found = up_to_12(talk((True, SAID), version=TLSVersion.TLSv1_2, ciphers=cipher), OLD[cipher], 0x0303)
    assert found == [SAID]


@pytest.mark.parametrize("version", [TLSVersion.TLSv1, TLSVersion.TLSv1_1])
def test_pass_older_versions_open_with_their_own_prf_and_chaining(version: TLSVersion) -> None:
    conversation = talk((True, SAID), (True, b"again"), version=version, ciphers="AES128-SHA")
    assert b"".join(up_to_12(conversation, OLD["AES128-SHA"], int(version))) == SAID + b"again"


def test_pass_tls_13_opens_with_the_traffic_secret() -> None:
    conversation = talk((True, SAID))
    secret = keys(conversation).secret(hello_random(conversation, outbound=True), "CLIENT_TRAFFIC_SECRET_0")
    assert secret
    opener = opener_13(suite(conversation.cipher), secret)
    assert opener.open(*records(conversation, outbound=True)[-1][:2], 0, records(conversation, outbound=True)[-1][2]) == (
        23,
        SAID,
    )


def test_fail_another_number_key_or_byte_does_not_open() -> None:
    conversation = talk((True, SAID))
    kind, version, body = records(conversation, outbound=True)[-1]
    secret = keys(conversation).secret(hello_random(conversation, outbound=True), "CLIENT_TRAFFIC_SECRET_0")
    assert secret
    chosen = suite(conversation.cipher)
    assert opener_13(chosen, secret).open(kind, version, 1, body) is None
    assert opener_13(chosen, next_secret(secret, chosen.hash)).open(kind, version, 0, body) is None
    assert opener_13(chosen, secret).open(kind, version, 0, body[:-1] + bytes([body[-1] ^ 1])) is None


def test_inconclusive_suites_that_are_not_opened_have_no_parameters() -> None:
    for name in ("TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_NULL_SHA", "0x1234", ""):
        assert suite_of(name) is None


def test_tls_13_suites_name_no_key_exchange() -> None:
    assert suite_of("TLS_AES_256_GCM_SHA384") == Suite("gcm", 32, "", "sha384")
    assert suite_of("TLS_CHACHA20_POLY1305_SHA256") == Suite("chacha", 32, "", "sha256")
    assert suite_of("TLS_AES_128_CCM_8_SHA256") == Suite("ccm8", 16, "", "sha256")


def test_the_prf_gives_the_published_vector() -> None:
    # "TLS 1.2 PRF test vectors", IETF tls list, 2009 (mailarchive fzVCzk-z3FShgGJ6DOXqM1ydxms)
    found = prf(
        bytes.fromhex("9bbe436ba940f017b17652849a71db35"),
        b"test label",
        bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c"),
        16,
        0x0303,
        "sha256",
    )
    assert found.hex() == "e3f229ba727be17b8d122620557cd453"


def test_expand_label_gives_the_vector_of_quic() -> None:
    # RFC 9001 appendix A.1: client_initial_secret and its key
    secret = bytes.fromhex("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea")
    assert expand_label(secret, b"quic key", 16, "sha256").hex() == "1f369613dd76d5467730efcbe3b1a22d"


def all_openers() -> list[Opener]:
    made: list[Opener] = [opener_13(Suite("gcm", 16, "", "sha256"), bytes(32))]
    for name in OLD.values():
        for etm in (True, False):
            made += openers_12(suite(name), TLS10, bytes(48), (bytes(32), bytes(32)), encrypt_then_mac=etm)
    return made


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=120))
def test_any_body_opens_or_does_not(body: bytes) -> None:
    for opener in all_openers():
        assert opener.open(23, 0x0303, 5, body) is None
