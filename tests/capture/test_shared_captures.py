"""Every shared capture against what tshark says of it: packets, bytes, cuts, link types, first and last."""

import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from iotaudit.capture import open_inputs

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/captures"
TRUTHS = sorted((CAPTURES / "truth").rglob("*.json.gz"))
EXCEPTIONS = {
    "gopacket/le_test901.pcapng": "tshark stops at the second section, of version 2.0; tried here",
    "libpcap/linktype-reserved-field-not-zero.pcap": "tshark refuses its reserved bits; tried here",
    "libpcap/pcap-invalid-version-1.pcap": "tshark refuses version 1.4; it is tried here",
    "libpcap/pcapng-invalid-vers-1.pcapng": "tshark refuses version 0.1; it is tried here",
    "ndpi/fuzz-2021-10-13.pcap": "10**9 ns and more in a second: tshark prints them so, here they carry",
}
"""Files whose figures differ from tshark's, and why; each is reported as a problem by the reader."""


def _ns(text: str | None) -> int:
    if text is None:
        return -1
    day, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC)
    return int(moment.timestamp()) * 10**9 + int(fraction)


def _name(truth: Path) -> str:
    return str(truth.relative_to(CAPTURES / "truth")).removesuffix(".json.gz")


def _load(truth: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(gzip.decompress(truth.read_bytes()))
    return loaded


@pytest.mark.skipif(not TRUTHS, reason="the shared captures are not here")
def test_every_figure_equals_tsharks() -> None:
    differing: dict[str, list[tuple[str, object, object]]] = {}
    walked = 0
    for truth in TRUTHS:
        said = _load(truth)
        if said["kind"] != "packets":
            continue
        (reader,) = open_inputs([str(CAPTURES / _name(truth))])
        for _ in reader.read():
            pass
        facts = reader.facts()
        walked += 1
        pairs = (
            ("packets", facts.packets, said["packets"]),
            ("wire_bytes", facts.wire_bytes, said["wire_bytes"]),
            ("truncated_packets", facts.truncated_packets, said["truncated_packets"]),
            ("link_types", facts.link_types, tuple(said["link_types"])),
            ("first", facts.first_ns, _ns(said["first"])),
            ("last", facts.last_ns, _ns(said["last"])),
            ("sha256", facts.sha256, said["capture"]["sha256"]),
            ("bytes", facts.bytes, said["capture"]["bytes"]),
        )
        if any(ours != theirs for _, ours, theirs in pairs):
            differing[_name(truth)] = [pair for pair in pairs if pair[1] != pair[2]]
            assert facts.problems, f"{_name(truth)} differs in silence: {differing[_name(truth)]}"
    assert walked > 200
    assert set(differing) == set(EXCEPTIONS), differing


@pytest.mark.skipif(not TRUTHS, reason="the shared captures are not here")
def test_each_input_says_whether_it_was_cut() -> None:
    for truth in TRUTHS:
        said = _load(truth)
        if said["kind"] != "packets" or "cut short" not in said["tshark"]["message"]:
            continue
        (reader,) = open_inputs([str(CAPTURES / _name(truth))])
        for _ in reader.read():
            pass
        assert any(p.kind == "truncated_file" and p.loses_payload for p in reader.facts().problems)
