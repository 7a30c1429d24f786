"""The generator's truth is what an audit counts, and the reference reader too."""

import io
from collections import Counter
from pathlib import Path

import dpkt
import pytest

from bench.make_capture import Truth, size_of, write_lab, write_scan
from iotaudit import pipeline
from iotaudit.model.result import Audit

SIZE = 18 << 20
"""More than one round, so that ports, numbers and counters have moved."""


@pytest.fixture(scope="module")
def lab() -> tuple[bytes, Truth]:
    out = io.BytesIO()
    truth = write_lab(out, SIZE, per_gib=10_000, seed=1)
    return out.getvalue(), truth


def audited(data: bytes, folder: Path) -> Audit:
    path = folder / "made.pcap"
    path.write_bytes(data)
    return pipeline.audit(path, all_hosts=True, as_of="2026-11-24")


def test_pass_an_audit_counts_what_the_truth_says(lab: tuple[bytes, Truth], tmp_path: Path) -> None:
    data, truth = lab
    audit = audited(data, tmp_path)
    (facts,) = audit.inputs
    protocols = Counter(flow.protocol for flow in audit.flow_rows)
    assert (facts.packets, facts.wire_bytes, facts.bytes) == (truth.packets, truth.wire_bytes, truth.bytes)
    assert (protocols["tcp"], protocols["udp"]) == (truth.tcp, truth.udp)
    assert facts.problems == ()
    named = Counter(
        name for flow in audit.flow_rows for name in {n.name for n in flow.names if n.source in ("sni", "http_host")}
    )
    # the file may end inside a conversation, before its name
    assert 0 <= sum(truth.names.values()) - sum(named.values()) <= 3


def test_pass_the_checksums_are_right_in_every_round(lab: tuple[bytes, Truth]) -> None:
    data, _ = lab
    checked = 0
    for number, (_, frame) in enumerate(dpkt.pcap.Reader(io.BytesIO(data))):
        ip = frame[14:]
        if number % 23 or frame[12:14] != b"\x08\x00" or int.from_bytes(ip[6:8], "big") & 0x3FFF:
            continue
        payload = ip[20 : int.from_bytes(ip[2:4], "big")]
        pseudo = ip[12:20] + bytes((0, ip[9])) + len(payload).to_bytes(2, "big")
        assert dpkt.in_cksum(ip[:20]) == 0
        assert dpkt.in_cksum(pseudo + payload) in {0, 0xFFFF}
        checked += 1
    assert checked > 1000


def test_the_same_seed_gives_the_same_bytes(lab: tuple[bytes, Truth]) -> None:
    out = io.BytesIO()
    assert write_lab(out, SIZE, per_gib=10_000, seed=1) == lab[1]
    assert out.getvalue() == lab[0]


def test_pass_a_scan_is_one_conversation_for_each_packet(tmp_path: Path) -> None:
    out = io.BytesIO()
    truth = write_scan(out, 1 << 20)
    audit = audited(out.getvalue(), tmp_path)
    assert len(audit.flow_rows) == truth.tcp == truth.packets == audit.inputs[0].packets > 10_000
    assert audit.inputs[0].problems == ()


@pytest.mark.parametrize(("text", "size"), [("512", 512), ("2K", 2048), ("100M", 104_857_600), ("1.5G", 1_610_612_736)])
def test_sizes_have_units(text: str, size: int) -> None:
    assert size_of(text) == size
