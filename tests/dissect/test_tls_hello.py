"""Hello messages: what they name and offer, and lengths that cannot be true."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.cursor import ShortError
from iotaudit.dissect.tls_hello import (
    HELLO_RETRY,
    ClientHello,
    client_hello,
    host_text,
    is_grease,
    ja4,
    server_hello,
    version_name,
)
from tests.dissect import hellos

HELLO = bytes.fromhex(
    "0303"  # legacy version TLS 1.2
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"  # random
    "00"  # no session id
    "0006 1301 c02f 0a0a"  # two suites and one of GREASE
    "01 00"  # null compression
    "002e"  # extensions
    "0000 0011 000f 00 000c 4170692e56656e646f722e74"  # server_name: Api.Vendor.t
    "0010 000b 0009 08 687474702f312e31"  # ALPN: http/1.1
    "002b 0006 04 0304 0303 00"  # supported versions: 1.3, 1.2 (and a byte too many)
)


def test_a_hello_tells_name_protocol_and_highest_version() -> None:
    hello = client_hello(HELLO)
    assert hello.sni == "api.vendor.t"
    assert hello.alpn == ("http/1.1",)
    assert hello.version == 0x0304
    assert hello.ciphers == (0x1301, 0xC02F, 0x0A0A)
    assert hello.extensions == (0, 16, 43)
    assert not hello.ech


def test_a_hello_without_extensions_offers_its_legacy_version() -> None:
    hello = client_hello(hellos.client_hello()[:-2])
    assert hello.sni is None
    assert hello.version == 0x0303


def test_an_outer_ech_extension_is_noticed_and_an_inner_one_is_not() -> None:
    assert client_hello(hellos.client_hello(hellos.ECH_OUTER)).ech
    assert not client_hello(hellos.client_hello((0xFE0D, b"\1"))).ech


def test_a_datagram_hello_has_a_cookie_and_versions_that_count_down() -> None:
    offered = (43, bytes.fromhex("04 fefc fefd"))
    body = hellos.client_hello(hellos.server_name(b"cam.vendor.test"), offered, version=0xFEFD, cookie=b"abc")
    hello = client_hello(body, datagram=True)
    assert hello.sni == "cam.vendor.test"
    assert version_name(hello.version) == "DTLSv1.3"


def test_a_server_hello_tells_the_chosen_version_from_its_extension() -> None:
    answer = server_hello(hellos.server_hello((43, b"\3\4"), cipher=0x1301))
    assert (version_name(answer.version), answer.cipher, answer.retry) == ("TLSv1.3", 0x1301, False)


def test_a_hello_retry_is_told_by_its_random() -> None:
    assert server_hello(hellos.server_hello((43, b"\3\4"), random=HELLO_RETRY)).retry


@pytest.mark.parametrize("length", range(0, 45, 3))
def test_a_hello_that_ends_before_its_extensions_is_malformed(length: int) -> None:
    with pytest.raises(ShortError):
        client_hello(HELLO[:length])


def test_a_broken_extension_leaves_those_before_it() -> None:
    body = hellos.client_hello(hellos.server_name(b"a.example"), (16, b"\0\3\2h2"))
    assert client_hello(body[:-2]).sni == "a.example"


def test_ja4_is_that_of_the_published_example() -> None:
    ciphers = "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
    extensions = "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"
    signatures = "0403 0804 0401 0503 0805 0501 0806 0601"
    hello = ClientHello(
        sni="example.test",
        alpn=("h2", "http/1.1"),
        version=0x0304,
        ciphers=(0x2A2A, *(int(c, 16) for c in ciphers.split())),
        extensions=(0x7A7A, *(int(e, 16) for e in extensions.split())),
        signatures=tuple(int(s, 16) for s in signatures.split()),
        ech=False,
        esni=False,
    )
    assert ja4(hello, "t") == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert ja4(hello, "q").startswith("q13d1516h2_")


def test_ja4_without_name_protocol_or_extensions_marks_the_lack() -> None:
    bare = ClientHello(None, (), 0x0301, (), (), (), ech=False, esni=False)
    assert ja4(bare, "t") == "t10i000000_000000000000_000000000000"


def test_grease_is_told_from_other_numbers() -> None:
    assert [n for n in (0x0A0A, 0xFAFA, 0x0A1A, 0x1301) if is_grease(n)] == [0x0A0A, 0xFAFA]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"API.Example.", "api.example"),
        (b"a b\x1b[2J\\", "a\\032b\\027[2j\\092"),
        (b"\xff", "\\255"),
        (b".", None),
        (b"", None),
    ],
)
def test_host_names_are_printable_whatever_was_sent(raw: bytes, text: str | None) -> None:
    assert host_text(raw) == text


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_hello_or_say_malformed(data: bytes) -> None:
    for read in (client_hello, server_hello):
        try:
            read(data)
        except ShortError:
            continue


@settings(max_examples=100)
@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_hello_never_fails_in_another_way(at: int, byte: int) -> None:
    data = bytearray(HELLO)
    data[at % len(data)] = byte
    try:
        name = client_hello(bytes(data)).sni
    except ShortError:
        return
    assert name is None or name.isprintable()
