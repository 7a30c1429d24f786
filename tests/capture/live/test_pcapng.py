"""Blocks of a pcapng file, field by field."""

import struct

from iotaudit.capture.live import pcapng


def test_the_head_describes_the_interface() -> None:
    head = pcapng.head(pcapng.Source("lan0", "veth", "port 53", "iotaudit 1"), link_type=1, snap_len=96, digits=9)
    assert head == bytes.fromhex(
        "0a0d0d0a 30000000 4d3c2b1a 0100 0000 ffffffffffffffff"  # section header, its magic, version 1.0, no length
        "0400 0a00 696f7461756469742031 0000"  # shb_userappl "iotaudit 1"
        "00000000 30000000"
        "01000000 3c000000 0100 0000 60000000"  # interface: Ethernet, 96 bytes kept
        "0200 0400 6c616e30"  # if_name "lan0"
        "0300 0400 76657468"  # if_description "veth"
        "0900 0100 09000000"  # if_tsresol: 10 ** -9
        "0b00 0800 00706f7274203533"  # if_filter: text of libpcap, "port 53"
        "00000000 3c000000"
    )


def test_statistics_hold_times_and_counts() -> None:
    block = pcapng.statistics(first=(1 << 32) + 2, last=(3 << 32) + 4, received=5, dropped=6)
    assert block == bytes.fromhex(
        "05000000 4c000000 00000000 03000000 04000000"  # interface 0, stamp of the block
        "0200 0800 01000000 02000000"  # isb_starttime
        "0300 0800 03000000 04000000"  # isb_endtime
        "0400 0800 0500000000000000"  # isb_ifrecv
        "0500 0800 0600000000000000"  # isb_ifdrop
        "00000000 4c000000"
    )


def test_what_is_not_known_is_left_out_of_the_statistics() -> None:
    block = pcapng.statistics(first=1, last=2, received=None, dropped=None)
    assert struct.pack("<HH", 4, 8) not in block
    assert struct.pack("<HH", 5, 8) not in block


def test_a_comment_is_added_before_the_options_that_are_there() -> None:
    plain = pcapng.packet(7, b"abcde", 60)
    assert pcapng.packet(7, b"abcde", 60, ("one", "two")) == pcapng.commented(plain, ("one", "two"), "<")
    again = pcapng.commented(pcapng.packet(7, b"abcde", 60, ("two",)), ("one",), "<")
    assert again == pcapng.packet(7, b"abcde", 60, ("one", "two"))


def test_a_text_that_is_too_long_is_cut() -> None:
    assert len(pcapng.packet(0, b"", 0, ("x" * 100_000,))) < 5000
