"""Look-ups on encrypted lines in captures of others: what is told as a fact, and what only as possible."""

from pathlib import Path

import pytest

from iotaudit import pipeline

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/captures/ndpi"


@pytest.mark.parametrize(
    ("name", "device", "port", "tag", "code"),
    [
        ("dns_dot.pcap", "192.168.1.185", 853, "encrypted_dns", "names_hidden"),
        ("doh.pcapng", "192.168.1.253", 443, "possible_encrypted_dns", "names_possibly_hidden"),
    ],
)
def test_flows_are_tagged_and_the_verdict_says_so(name: str, device: str, port: int, tag: str, code: str) -> None:
    if not (CAPTURES / name).is_file():
        pytest.skip("the capture is not there")
    audit = pipeline.audit(CAPTURES / name, device=device)
    assert [flow.tags for flow in audit.flow_rows if flow.server.port == port] == [(tag,)]
    assert code in [reason.code for reason in audit.verdict.reasons]
