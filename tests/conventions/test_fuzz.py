"""The fuzzer knows all that reads hostile bytes; a few inputs run through each target, and faults are found."""

import gzip
import random
import sys
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.capture import READERS
from iotaudit.codec import CODECS
from iotaudit.codec.budget import STEP_LEN, Budget
from iotaudit.dissect import DISSECTORS

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))
run: Any = import_module("tools.fuzz.run")
targets: Any = import_module("tools.fuzz.targets")
TARGETS = {target.name: target for target in targets.targets()}
INPUTS = 6


def test_every_dissector_codec_and_reader_is_a_target() -> None:
    for kind, modules in (("dissect", DISSECTORS), ("codec", CODECS), ("capture", READERS)):
        assert {f"{kind}:{module.ID}" for module in modules} <= set(TARGETS)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_few_inputs_come_back(name: str) -> None:
    dice = random.Random(name)  # noqa: S311 - inputs, not secrets
    data = targets.talk([(True, dice.randbytes(40)), (False, dice.randbytes(40))])
    watch = run.Watch(TARGETS[name], None)
    for seed in (b"", b"\0", data):
        watch.run(seed)
    for _ in range(INPUTS):
        watch.run(run.changed(data, data, dice))
    faults = {what: detail for what, (detail, _) in watch.found.items() if what not in {"slow", "memory"}}
    assert faults == {}


DEEP = 10_000
STREAM = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a.test'>"
KERBEROS = bytes.fromhex(
    "00004e40 6a824e3c 30824e38 a103 020105 a203 02010a a3824e2a"
)  # AS-REQ: version 5, type 10, padata
NESTS = {
    "codec:json": b"[" * DEEP + b"]" * DEEP,
    "codec:json objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "codec:multipart": b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" * DEEP,
    "codec:url": b"a=%25" + b"25" * DEEP,
    "detect:tree": b"\0" + b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "detect:tree lists": b"\3" + b"[" * DEEP + b'"x"' + b"]" * DEEP,
    "capture:har": b'{"log": {"entries": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "certificate": b"\x30\x80" * DEEP,
    "hpack": b"\x3f" + b"\xff" * DEEP,
    "dissect:xmpp": STREAM + b"<a>" * DEEP,
    "dissect:xmpp entities": STREAM + b"<!DOCTYPE x [<!ENTITY a '&b;&b;'>]>" + b"<a>&a;</a>" * DEEP,
    "dissect:bittorrent": b"d1:ad2:id20:"
    + b"x" * 20
    + b"1:z"
    + b"l" * DEEP
    + b"e" * DEEP
    + b"e1:q4:ping1:t2:aa1:y1:qe",
    "dissect:ldap": b"\x30\x84\0\0\x27\x10\2\1\1\x63\x84\0\0\x27\x06" + b"\xa2\x80" * DEEP,
    "dissect:snmp": b"\x30\x82\x27\x10\2\1\1\4\6public\xa0\x82\x26\xff" + b"\x30\x80" * DEEP,
    "dissect:kerberos": KERBEROS + b"\x30\x80" * DEEP,
    "dissect:rtmp": b"\3" + bytes(1536) + bytes(1536) + b"\3\0\0\0\0\x27\x10\x14\0\0\0\0" + b"\3\0\1a" * DEEP,
}


@pytest.mark.parametrize("name", sorted(NESTS))
def test_ten_thousand_nested_structures_are_refused_as_data(name: str) -> None:
    """Nothing is raised, neither for depth nor for memory, and the dissector that is meant did read it."""
    target = TARGETS[name.partition(" ")[0]]
    data, read = NESTS[name], set()
    for mode in (0, 8, 3):  # as it comes, as datagrams where the protocol has both, in cuts of 64 bytes
        told = target.call(
            targets.talk([(True, data[:30_000]), (True, data[30_000:])], mode) if target.is_talk else data
        )
        read |= {told.application} if target.is_talk else set()
    assert not target.is_talk or target.name.removeprefix("dissect:") in read


PACKED = {
    "codec:gzip": gzip.compress(bytes(64 << 20)),
    "codec:zlib": zlib.compress(bytes(64 << 20)),
    "codec:zstd": zstandard.ZstdCompressor().compress(bytes(64 << 20)),
}


@pytest.mark.parametrize("name", sorted(PACKED))
def test_a_decompression_bomb_is_refused_as_data(name: str) -> None:
    codec = next(codec for codec in CODECS if name == f"codec:{codec.ID}")
    budget = Budget()
    assert sum(len(piece.data) for piece in codec.decode(PACKED[name], budget)) <= STEP_LEN
    assert budget.exceeded == "size"
    TARGETS["detect:tree"].call(b"\0" + PACKED[name])


def test_an_exception_is_kept_with_its_place_and_shortest_input(tmp_path: Path) -> None:
    def fail(data: bytes) -> None:
        if data:
            raise ValueError("planted")

    watch = run.Watch(targets.Target("planted", fail), tmp_path)
    for data in (b"", b"long", b"x"):
        watch.run(data)
    ((what, (_, shortest)),) = watch.found.items()
    assert what.startswith("ValueError in conventions/test_fuzz.py:")
    assert shortest == b"x"
    assert '"input": "78"' in (tmp_path / "planted.json").read_text("utf-8")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=300)), max_size=8))
def test_a_conversation_is_cut_back_into_its_pieces(pieces: list[tuple[bool, bytes]]) -> None:
    assert [(outbound, data) for outbound, data, _ in targets.pieces_of(targets.talk(pieces))] == pieces


@settings(max_examples=50)
@given(st.integers(0, 3), st.binary(min_size=1, max_size=300))
def test_cuts_lose_no_byte(size: int, data: bytes) -> None:
    cut = b"".join(piece for _, piece, _ in targets.pieces_of(targets.talk([(True, data)], size)))
    assert cut == data


def test_the_last_piece_can_be_stretched() -> None:
    (piece,) = targets.pieces_of(targets.talk([(True, b"ab")], 0x10))
    assert piece == (True, b"ab" * 1024, 0)
