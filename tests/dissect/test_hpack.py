"""Header blocks: the examples of RFC 7541 appendix C, and blocks that no sound sender writes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.hpack import CODES, STATIC, Decoder, UnreadableError, huffman

FIRST = "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"
SECOND = "8286 84be 5886 a8eb 1064 9cbf"
THIRD = "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"
"""Appendix C.4: three requests on one connection, with Huffman code."""


def test_requests_of_appendix_c4_are_decoded_with_their_dynamic_table() -> None:
    decoder = Decoder()
    start = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com")]
    assert decoder.decode(bytes.fromhex(FIRST)) == start
    assert decoder.decode(bytes.fromhex(SECOND)) == [*start, (b"cache-control", b"no-cache")]
    assert decoder.decode(bytes.fromhex(THIRD)) == [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":path", b"/index.html"),
        (b":authority", b"www.example.com"),
        (b"custom-key", b"custom-value"),
    ]


def test_literals_of_appendix_c2_are_decoded() -> None:
    decoder = Decoder()
    assert decoder.decode(bytes.fromhex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")) == [
        (b"custom-key", b"custom-header")
    ]
    assert decoder.decode(bytes.fromhex("040c 2f73 616d 706c 652f 7061 7468")) == [(b":path", b"/sample/path")]
    assert decoder.decode(bytes.fromhex("1008 7061 7373 776f 7264 0673 6563 7265 74")) == [(b"password", b"secret")]
    assert decoder.decode(b"\xbe") == [(b"custom-key", b"custom-header")]


def test_entries_leave_the_table_when_it_shrinks() -> None:
    decoder = Decoder()
    decoder.decode(bytes.fromhex(FIRST))
    assert decoder.decode(b"\xbe") == [(b":authority", b"www.example.com")]
    decoder.decode(b"\x20")
    with pytest.raises(UnreadableError):
        decoder.decode(b"\xbe")


def test_the_static_table_and_the_code_are_whole() -> None:
    assert len(STATIC) == 61
    assert (STATIC[0], STATIC[15], STATIC[60]) == (
        (b":authority", b""),
        (b"accept-encoding", b"gzip, deflate"),
        (b"www-authenticate", b""),
    )
    assert sorted(CODES.values()) == list(range(257))
    assert CODES[30, 0x3FFFFFFF] == 256
    assert CODES[7, 0x5C] == ord(":")


def test_the_huffman_example_of_the_rfc_is_read() -> None:
    assert huffman(bytes.fromhex("d07abe941054d444a8200595040b8166e082a62d1bff")) == b"Mon, 21 Oct 2013 20:13:21 GMT"


@pytest.mark.parametrize(
    "block",
    [
        "80",  # index 0
        "ff 00",  # index 127: nothing there
        "ff ff ff ff ff ff",  # an integer without end
        "40 05 6162",  # a string that is cut
        "40 81 00 00",  # padding of zeros
        "40 84 ffffffff 00",  # the end mark inside of a string
        "3f e1 ff 7f",  # a table beyond the bound
        "41",
    ],
)
def test_a_block_that_no_sound_sender_writes_is_unreadable(block: str) -> None:
    with pytest.raises(UnreadableError):
        Decoder().decode(bytes.fromhex(block))


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_blocks_give_fields_or_are_unreadable(blocks: list[bytes]) -> None:
    decoder = Decoder()
    for block in blocks:
        try:
            decoder.decode(block)
        except UnreadableError:
            return
