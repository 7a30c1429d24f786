"""A Wi-Fi capture with its passphrase: the same conversations that tshark opens, with any number of processes."""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from iotaudit import pipeline
from iotaudit.model.result import Audit

COHERER = Path(__file__).resolve().parents[2] / "../shared/captures/wireshark/wpa-Induction.pcap.gz"
Sums = dict[tuple[str, frozenset[str]], tuple[int, int]]
pytestmark = pytest.mark.skipif(not COHERER.exists(), reason="the shared captures are not here")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "wifi.key"
    path.write_text("elsewhere:some passphrase\nCoherer:Induction\n")
    return path


def audit(key: Path | None, jobs: int = 1) -> Audit:
    return pipeline.audit(COHERER, wifi_key=key, all_hosts=True, jobs=jobs, as_of="2026-11-24")


def problems(result: Audit) -> Counter[str]:
    return Counter({p.kind: p.count for p in result.inputs[0].problems if "wi" in p.kind})


@pytest.mark.tshark
def test_conversations_are_those_of_tshark(key: Path) -> None:
    ours: Sums = {}
    for flow in audit(key).flow_rows:
        if flow.protocol in ("tcp", "udp"):
            ends = frozenset(f"{end.ip} {end.port}" for end in (flow.client, flow.server))
            packets, size = ours.get((flow.protocol, ends), (0, 0))
            ours[flow.protocol, ends] = (
                packets + flow.packets_out + flow.packets_in,
                size + flow.bytes_out + flow.bytes_in,
            )
    theirs = _tshark_sums()
    assert len(theirs) == 37
    assert ours == theirs


def test_what_stays_closed_is_told(key: Path) -> None:
    result = audit(key)
    rows = {(p.kind, p.detail): p.count for p in result.inputs[0].problems if "wi" in p.kind}
    assert rows == {
        ("encrypted_wifi", "protected data frames"): 77,
        ("wifi_keys_missing", "protected group frames without a CCMP group key before them"): 76,
        ("wifi_keys_missing", "protected frames without a handshake before them"): 1,
    }
    assert result.settings.wifi_key == "wifi.key"


def test_a_name_that_was_looked_up_is_the_name_of_its_destination(key: Path) -> None:
    assert "en.wikipedia.org" in {name.name for flow in audit(key).flow_rows for name in flow.names}


def test_two_processes_give_the_same(key: Path) -> None:
    one, two = audit(key), audit(key, jobs=2)
    assert list(one.flow_rows) == list(two.flow_rows)
    assert one.inputs == two.inputs


def test_without_a_key_nothing_is_opened() -> None:
    result = audit(None)
    assert (len(result.flow_rows), problems(result)) == (0, Counter(encrypted_wifi=280))


def test_a_passphrase_of_another_network_opens_nothing_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "wifi.key"
    path.write_text("Coherer:Conduction\n")
    result = audit(path)
    details = {p.detail for p in result.inputs[0].problems if p.kind == "wifi_keys_missing"}
    assert len(result.flow_rows) == 0
    assert "a handshake that no passphrase of the key file fits" in details


def _tshark_sums() -> Sums:
    fields = (
        "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "frame.len",
        "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
    )  # fmt: skip
    done = subprocess.run(
        [shutil.which("tshark") or "tshark", "-r", str(COHERER), "-o", "wlan.enable_decryption:TRUE",
         "-o", 'uat:80211_keys:"wpa-pwd","Induction:Coherer"', "-T", "fields",
         *(part for field in fields for part in ("-e", field)), "-Y", "(tcp || udp) && !icmp && !icmpv6"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    found: Sums = {}
    for line in done.stdout.splitlines():
        source, target, source6, target6, size, *ports = line.split("\t")
        protocol, pair = ("tcp", ports[:2]) if ports[0] else ("udp", ports[2:])
        key = protocol, frozenset((f"{source or source6} {pair[0]}", f"{target or target6} {pair[1]}"))
        packets, total = found.get(key, (0, 0))
        found[key] = packets + 1, total + int(size)
    return found
