"""QPACK: the published examples, waiting, eviction, and bytes that nobody sound writes."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.hpack import UnreadableError
from iotaudit.dissect.qpack import STATIC, Decoder, WaitError

AUTHORITY = (b":authority", b"www.example.com")
PATH = (b":path", b"/sample/path")
CUSTOM = (b"custom-key", b"custom-value")
ENTRIES = bytes.fromhex("3fbd01 c00f7777772e6578616d706c652e636f6d c10c2f73616d706c652f70617468")
"""RFC 9204 appendix B.2: capacity 220, then :authority and :path by static name."""
MORE = bytes.fromhex("4a637573746f6d2d6b65790c637573746f6d2d76616c7565 02")
"""Appendices B.3 and B.4: a literal name, and :authority once more."""
LAST = bytes.fromhex("810d637573746f6d2d76616c756532")
"""Appendix B.5: a dynamic name; the oldest entry makes room."""


def filled(*instructions: bytes) -> Decoder:
    decoder = Decoder()
    decoder.capacity = 220
    for data in instructions:
        assert decoder.instructions(data)
    return decoder


def test_pass_a_literal_with_a_static_name_appendix_b1() -> None:
    block = bytes.fromhex("0000 510b2f696e6465782e68746d6c")
    assert Decoder().decode(block) == [(b":path", b"/index.html")]


def test_pass_dynamic_entries_before_and_behind_the_base_appendices_b2_and_b4() -> None:
    assert filled(ENTRIES).decode(bytes.fromhex("0381 1011")) == [AUTHORITY, PATH]
    assert filled(ENTRIES, MORE).decode(bytes.fromhex("0500 80c181")) == [AUTHORITY, (b":path", b"/"), CUSTOM]


def test_the_oldest_entry_is_evicted_appendix_b5() -> None:
    decoder = filled(ENTRIES, MORE, LAST)
    assert decoder.decode(bytes.fromhex("0600 80")) == [(b"custom-key", b"custom-value2")]
    with pytest.raises(UnreadableError):
        decoder.decode(bytes.fromhex("0600 84"))  # the first entry


def test_instructions_may_come_byte_by_byte() -> None:
    decoder = Decoder()
    added = [decoder.instructions(bytes([byte])) for byte in ENTRIES + MORE]
    assert added.count(True) == 4
    assert decoder.decode(bytes.fromhex("0500 80")) == [AUTHORITY]


def test_inconclusive_a_block_waits_for_entries_that_did_not_come() -> None:
    decoder = Decoder()
    with pytest.raises(WaitError):
        decoder.decode(bytes.fromhex("0381 1011"))
    decoder.instructions(ENTRIES)
    assert decoder.decode(bytes.fromhex("0381 1011")) == [AUTHORITY, PATH]


def test_after_a_gap_only_the_static_table_is_certain() -> None:
    decoder = filled(ENTRIES)
    decoder.lose()
    assert decoder.decode(bytes.fromhex("0000 d1")) == [(b":method", b"GET")]
    with pytest.raises(UnreadableError):
        decoder.decode(bytes.fromhex("0381 1011"))


@pytest.mark.parametrize(
    "block",
    [
        "",  # no prefix
        "00",  # half of it
        "0000 ff80",  # a static index that is cut
        "0000 ff7f",  # beyond the static table
        "0000 510b2f",  # a value that is cut
        "0000 80",  # a dynamic entry although none is wanted
        "ff00 00",  # a count beyond what fits
    ],
)
def test_fail_blocks_that_no_sound_sender_writes(block: str) -> None:
    with pytest.raises(UnreadableError):
        filled(ENTRIES).decode(bytes.fromhex(block))


def test_instructions_that_no_sound_sender_writes_end_the_dynamic_table() -> None:
    for bad in ("3fe1ffffff0f", "3f21 c0ff7f", "02", "c07f" + "ffffff0f"):
        decoder = Decoder()
        decoder.instructions(bytes.fromhex(bad))
        with pytest.raises((UnreadableError, WaitError)):
            decoder.decode(bytes.fromhex("0381 10"))


def test_the_encoder_of_another_project_is_understood() -> None:
    pylsqpack = pytest.importorskip("pylsqpack")
    encoder, decoder = pylsqpack.Encoder(), Decoder()
    decoder.instructions(encoder.apply_settings(4096, 16))
    decoder.capacity = 4096
    dynamic = 0
    for stream in range(40):
        fields = [(b":method", b"POST"), (b"x-device", b"cam-0042"), (b"x-count", b"%d" % (stream // 3))]
        instructions, block = encoder.encode(4 * stream, fields)
        decoder.instructions(instructions)
        assert decoder.decode(block) == fields
        dynamic += bool(block[0])
    assert dynamic > 10
    for row in STATIC:
        assert Decoder().decode(pylsqpack.Encoder().encode(0, [row])[1]) == [row]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5), st.binary(max_size=60))
def test_any_bytes_give_fields_or_one_of_two_errors(instructions: list[bytes], block: bytes) -> None:
    decoder = filled(ENTRIES)
    for data in instructions:
        decoder.instructions(data)
    with suppress(UnreadableError, WaitError):
        decoder.decode(block)
