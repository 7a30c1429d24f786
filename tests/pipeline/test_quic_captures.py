"""Captures of QUIC that carry their keys: what is told is what tshark 4.0 shows of their streams' bytes.

By hand: `tshark -r FILE -T fields -e frame.number -e quic.stream.stream_id -e quic.stream_data`.
"""

from pathlib import Path

import pytest

from iotaudit import pipeline
from iotaudit.model.result import Audit

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/captures/ndpi"


def audited(name: str) -> Audit:
    capture = CAPTURES / name
    if not capture.is_file():
        pytest.skip("the capture is not there")
    return pipeline.audit(capture, all_hosts=True)


def test_requests_of_version_2_with_early_data_are_those_of_the_streams() -> None:
    result = audited("quic-v2.pcapng")
    flow = result.flow_rows[0]
    assert flow.application == "http3"
    assert flow.encryption.opened
    assert [(e.method, e.host, e.uri, e.status, e.packet) for e in flow.http] == [
        ("GET", "test", "/index.html", 200, 1),
        ("GET", "test", "/test.html", 404, 17),
        ("GET", "test", "/1234567", None, 19),
    ]
    assert result.inputs[0].problems == ()  # packets whose fixed bit is not set are opened, behind others too


def test_the_name_that_a_draft_of_dns_over_quic_asks_for_is_read() -> None:
    result = audited("doq.pcapng")
    assert result.flow_rows[0].application == "dns"
    assert [(row.name, row.type, row.answers) for row, _ in result.dns_rows] == [
        ("example.com", "A", ("93.184.216.34",))
    ]
