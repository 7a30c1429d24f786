"""Wi-Fi frames are opened from the handshake on, with every key that it brings, and with no other."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture.layers import decode
from iotaudit.capture.wpa import (
    NO_CCMP,
    NO_FIT,
    NO_GROUP,
    NO_HANDSHAKE,
    NOT_OPENED,
    WifiOpener,
)
from iotaudit.codec.wpa_keys import master_key
from iotaudit.model.problems import ProblemTally
from iotaudit.model.raw import FrameBatch, PacketTable
from tests.capture.air import (
    AP,
    GROUP,
    OTHER,
    RSNE,
    SNAP_IP,
    STATION,
    derive,
    eapol,
    group_data,
    handshake,
    header,
    messages,
    sealed,
)
from tests.capture.files import Record, pcap
from tests.capture.frames import batch_of, ipv4, udp

LAB = master_key(b"lab: net", "correct horse")
STRANGER = master_key(b"lab: net", "wrong horse")
ANONCE, SNONCE = bytes(range(32)), bytes(range(32, 64))
PAIR_KEY = derive(ANONCE, SNONCE)[2]
TSHARK = shutil.which("tshark") or "tshark"
BROADCAST = b"\xff" * 6


def packet(port: int = 5000) -> bytes:
    return SNAP_IP + ipv4(udp(source=port))


def up(number: int, port: int = 5000, key: bytes = PAIR_KEY, quality: int | None = None) -> bytes:
    return sealed(header(to_ds=True, target=OTHER, source=STATION, quality=quality), packet(port), key, number)


def down(number: int, port: int = 5000, key: bytes = PAIR_KEY) -> bytes:
    return sealed(header(to_ds=False, target=STATION, source=OTHER), packet(port), key, number)


def read(*frames: bytes, opener: WifiOpener | None = None, link_type: int = 105) -> tuple[PacketTable, dict[str, int]]:
    """Gives the packets of the frames, and why others stayed closed, with counts."""
    opener = opener or WifiOpener((STRANGER, LAB))
    tally = ProblemTally()
    table = decode(opener.open(batch_of(frames, link_type=link_type)), tally)
    closed = sum(row.count for row in tally.rows() if row.kind == "encrypted_wifi")
    told = {row.detail: row.count for row in opener.problems()}
    return table, told | ({"closed": closed} if closed else {})


def ports(table: PacketTable) -> list[int]:
    return [int(port) for port in table.src_port]


def test_pass_frames_after_the_handshake_are_read_both_ways() -> None:
    table, told = read(*handshake(ANONCE, SNONCE), up(1), down(1, 5001))
    assert (ports(table), told) == ([5000, 5001], {})
    assert (hex(table.src_mac[0]), hex(table.dst_mac[0])) == ("0xa0000000001", "0xa0000000002")


def test_number_and_length_are_those_of_the_frame_on_the_air() -> None:
    frame = up(1)
    table, _ = read(*handshake(ANONCE, SNONCE), frame)
    assert (int(table.number[0]), int(table.wire_len[0])) == (5, len(frame))


def test_a_frame_before_the_handshake_stays_closed() -> None:
    assert read(up(1), *handshake(ANONCE, SNONCE), up(2, 5002))[1] == {NO_HANDSHAKE: 1, "closed": 1}


def test_a_batch_without_wifi_is_given_back() -> None:
    whole = batch_of([bytes(60)])
    assert WifiOpener((LAB,)).open(whole) is whole


def test_fail_no_passphrase_fits() -> None:
    table, told = read(*handshake(ANONCE, SNONCE), up(1), opener=WifiOpener((STRANGER,)))
    assert ports(table) == []
    assert told == {NO_FIT: 3, NO_HANDSHAKE: 1, "closed": 1}


def test_inconclusive_the_first_two_messages_were_missed() -> None:
    assert read(*handshake(ANONCE, SNONCE)[2:], up(1))[1] == {NO_HANDSHAKE: 1, "closed": 1}


@pytest.mark.parametrize("kept", [(0, 1), (1, 2)], ids=["first and second", "second and third"])
def test_two_messages_with_both_nonces_are_enough(kept: tuple[int, ...]) -> None:
    frames = [handshake(ANONCE, SNONCE)[at] for at in kept]
    assert ports(read(*frames, up(1))[0]) == [5000]


def test_wpa3_gives_no_key_and_is_told() -> None:
    mac = header(to_ds=False, target=STATION, source=AP)
    assert read(mac + eapol(0x0088, ANONCE), up(1))[1] == {NO_CCMP: 1, NO_HANDSHAKE: 1, "closed": 1}


def test_group_frames_open_with_the_key_of_the_third_message() -> None:
    frame = sealed(header(to_ds=False, target=BROADCAST, source=OTHER), packet(), GROUP, 1, key_id=1)
    assert ports(read(*handshake(ANONCE, SNONCE), frame)[0]) == [5000]
    assert read(*handshake(ANONCE, SNONCE)[:2], frame)[1] == {NO_GROUP: 1, "closed": 1}


def test_a_new_group_key_comes_in_a_sealed_message() -> None:
    confirmation, encryption, _ = derive(ANONCE, SNONCE)
    fresh = bytes(range(0x60, 0x70))
    message = eapol(0x1382, bytes(32), group_data(fresh, encryption, 2, rsne=False), confirmation, 3)
    rekey = sealed(header(to_ds=False, target=STATION, source=AP), message, PAIR_KEY, 1)
    frame = sealed(header(to_ds=False, target=BROADCAST, source=OTHER), packet(), fresh, 1, key_id=2)
    table, told = read(*handshake(ANONCE, SNONCE), rekey, frame)
    assert (ports(table), told) == ([5000], {})


def test_new_pairwise_keys_are_agreed_in_sealed_messages_and_the_old_ones_open_what_was_under_way() -> None:
    again = bytes(range(64, 96)), bytes(range(96, 128))
    macs = [header(to_ds=False, target=STATION, source=AP), header(to_ds=True, target=AP, source=STATION)] * 2
    rekey = [
        sealed(mac, text, PAIR_KEY, number)
        for number, (mac, text) in enumerate(zip(macs, messages(*again), strict=True), 10)
    ]
    frames = (*handshake(ANONCE, SNONCE), *rekey, up(1, 5001, derive(*again)[2]), up(20, 5002))
    assert (ports(read(*frames)[0]), read(*frames)[1]) == ([5001, 5002], {})


def test_messages_that_were_sent_again_change_nothing() -> None:
    one, two, three, four = handshake(ANONCE, SNONCE)
    frames = (one, one, two, two, three, three, four, up(1), three, four, up(2, 5001))
    assert ports(read(*frames)[0]) == [5000, 5001]


def test_a_message_whose_check_value_is_wrong_brings_no_key() -> None:
    one, two, *_ = handshake(ANONCE, SNONCE)
    bent = two[:-1] + bytes((two[-1] ^ 1,))
    assert read(one, bent, up(1))[1] == {NO_FIT: 1, NO_HANDSHAKE: 1, "closed": 1}


def test_quality_four_addresses_and_ht_control_are_part_of_the_header() -> None:
    four = sealed(header(to_ds=True, target=OTHER, source=STATION, quality=6, four=True), packet(5001), PAIR_KEY, 2)
    plain = up(3, 5002, quality=5)
    with_ht = bytes((plain[0], plain[1] | 0x80)) + plain[2:26] + bytes(4) + plain[26:]
    table, told = read(*handshake(ANONCE, SNONCE), up(1, quality=3), four, with_ht)
    assert (ports(table), told) == ([5000, 5001, 5002], {})
    assert hex(table.src_mac[1]) == "0xa0000000001"


def test_every_frame_of_an_aggregate_is_read() -> None:
    parts = []
    for port in (5000, 5001):
        inner = packet(port)
        part = OTHER + STATION + struct.pack(">H", len(inner)) + inner
        parts.append(part + bytes(-len(part) % 4))
    mac = header(to_ds=True, target=AP, source=STATION, quality=0x0080)
    assert ports(read(*handshake(ANONCE, SNONCE), sealed(mac, b"".join(parts), PAIR_KEY, 1))[0]) == [5000, 5001]


def test_radiotap_with_padding_and_check_sequence() -> None:
    radio = bytes.fromhex("0000 0900 02000000 30")  # presence: flags; FCS at the end, header padded
    shaken = [radio + frame + b"\xfc" * 4 for frame in handshake(ANONCE, SNONCE)]
    frame = up(1, quality=0)
    padded = radio + frame[:26] + b"\0\0" + frame[26:] + b"\xfc" * 4
    table, told = read(*shaken, padded, link_type=127)
    assert (ports(table), told) == ([5000], {})


def test_a_frame_that_the_snap_length_cut_stays_closed() -> None:
    frames = [*handshake(ANONCE, SNONCE), up(1)]
    whole = batch_of(frames, link_type=105)
    wire_len = whole.wire_len.copy()
    wire_len[-1] += 100
    cut = FrameBatch(**{**{name: getattr(whole, name) for name in FrameBatch.__slots__}, "wire_len": wire_len})
    tally = ProblemTally()
    decode(WifiOpener((LAB,)).open(cut), tally)
    assert [(row.kind, row.count) for row in tally.rows()] == [("encrypted_wifi", 1)]


def test_a_bent_frame_stays_closed() -> None:
    bent = bytearray(up(1))
    bent[-1] ^= 1
    assert read(*handshake(ANONCE, SNONCE), bytes(bent))[1] == {NOT_OPENED: 1, "closed": 1}


def test_a_handshake_in_one_batch_opens_frames_of_a_later_one() -> None:
    opener = WifiOpener((LAB,))
    opener.open(batch_of(handshake(ANONCE, SNONCE), link_type=105))
    assert ports(read(up(1), opener=opener)[0]) == [5000]


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=200), max_size=8), st.sampled_from([105, 119, 127, 163, 192, 258]))
def test_any_bytes_are_read_without_a_fault(frames: list[bytes], link_type: int) -> None:
    opener = WifiOpener((LAB,))
    opened = opener.open(batch_of(frames, link_type=link_type))
    assert np.array_equal(opened.wire_len, [len(frame) for frame in frames])
    decode(opened, ProblemTally())


@settings(max_examples=60)
@given(st.integers(0, 3), st.integers(0, 160), st.integers(1, 255))
def test_a_bent_handshake_never_opens_a_frame_of_another_key(which: int, at: int, bits: int) -> None:
    frames = handshake(ANONCE, SNONCE)
    bent = bytearray(frames[which])
    bent[min(at, len(bent) - 1)] ^= bits
    frames[which] = bytes(bent)
    table, _ = read(*frames, up(1, key=bytes(16)))
    assert ports(table) == []


def scenes() -> dict[str, list[bytes]]:
    """Gives frames of every kind that is opened."""
    shaken = handshake(ANONCE, SNONCE)
    again = bytes(range(64, 96)), bytes(range(96, 128))
    down_mac = header(to_ds=False, target=STATION, source=AP)
    macs = [down_mac, header(to_ds=True, target=AP, source=STATION)] * 2
    texts = messages(*again, group=bytes(16))
    rekey = [sealed(mac, text, PAIR_KEY, at) for at, (mac, text) in enumerate(zip(macs, texts, strict=True), 10)]
    confirmation, encryption, _ = derive(ANONCE, SNONCE)
    fresh = bytes(range(0x60, 0x70))
    message = eapol(0x1382, bytes(32), group_data(fresh, encryption, 2, rsne=False), confirmation, 3)
    group = header(to_ds=False, target=BROADCAST, source=OTHER)
    part = OTHER + STATION + struct.pack(">H", len(packet(5200))) + packet(5200)
    aggregate = header(to_ds=True, target=AP, source=STATION, quality=0x0080)
    four = header(to_ds=True, target=OTHER, source=STATION, quality=6, four=True)
    plain = up(4, 5300, quality=5)
    with_ht = bytes((plain[0], plain[1] | 0x80)) + plain[2:26] + bytes(4) + plain[26:]
    return {
        "before and after": [up(1, 4000), *shaken, up(2), down(1, 5001), up(3, 5002, quality=5), RSNE],
        "group": [*shaken, sealed(group, packet(5003), GROUP, 1, key_id=1)],
        "new group key": [*shaken, sealed(down_mac, message, PAIR_KEY, 1), sealed(group, packet(), fresh, 1, key_id=2)],
        "new pairwise key": [*shaken, *rekey, up(1, 5001, derive(*again)[2]), up(20, 5002)],
        "sent again": [*(frame for one in shaken[:3] for frame in (one, one)), shaken[3], up(1), *shaken[2:], up(2, 5001)],
        "four addresses": [*shaken, sealed(four, packet(5101), PAIR_KEY, 2)],
        "aggregate": [*shaken, sealed(aggregate, part + bytes(-len(part) % 4) + part, PAIR_KEY, 3)],
        "HT control": [*shaken, with_ht],
        "first two messages": [*shaken[:2], up(1)],
    }


@pytest.mark.tshark
@pytest.mark.parametrize("name", list(scenes()))
def test_packets_are_those_that_tshark_opens(tmp_path: Path, name: str) -> None:
    frames = scenes()[name]
    path = tmp_path / "air.pcap"
    path.write_bytes(pcap([Record(data, at) for at, data in enumerate(frames)], link_type=105))
    theirs = _tshark_ports(path, "correct horse:lab%3a net")
    assert theirs
    assert theirs == ports(read(*frames)[0])


def _tshark_ports(path: Path, key: str) -> list[int]:
    options = ["-o", "wlan.enable_decryption:TRUE", "-o", f'uat:80211_keys:"wpa-pwd","{key}"']
    done = subprocess.run(
        [TSHARK, "-r", str(path), *options, "-T", "fields", "-e", "udp.srcport", "-Y", "udp"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    return [int(port) for port in done.stdout.replace(",", " ").split()]
