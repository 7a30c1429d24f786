"""JA4 of TLS, QUIC and DTLS in captures whose fingerprints others have published."""

from pathlib import Path

import pytest

from iotaudit import pipeline

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/captures"
PUBLISHED = [
    # FoxIO's own program, as the README of suricata-verify/tests/ja4-tls-quic quotes it
    (
        "suricata-verify/ja4-tls-quic_input.pcap",
        "2001:db8:1::1",
        57098,
        "t13d1516h2_8daaf6152771_e5627efa2ab1",
    ),
    (
        "suricata-verify/ja4-tls-quic_input.pcap",
        "2001:db8:1::1",
        50280,
        "q13d0310h3_55b375c5d22e_cd85d2d88918",
    ),
    # the results that nDPI ships in tests/cfgs/default/result
    (
        "ndpi/tls_ech.pcapng",
        "2001:b07:a3d:c112:ce16:b409:3d0a:9177",
        47460,
        "t13d1516h2_8daaf6152771_02713d6af862",
    ),
    # there with the mark "d" although the hellos name no server ("i" in FoxIO's description)
    ("ndpi/doh.pcapng", "192.168.1.253", 35996, "t13i1909h2_9dc949149365_97f8aa674fd9"),
    ("ndpi/dns_dot.pcap", "192.168.1.185", 58290, "t12i250900_7415a186c913_cdf51c020b42"),
    ("ndpi/stun_dtls_rtp.pcapng", "192.168.12.156", 37967, "dd2i110700_c45550529adf_d9dd6182da81"),
    # there with "h0" for the protocol h3, an end that does not count its last character
    ("ndpi/quic_0RTT.pcap", "192.168.2.100", 51972, "q13d0312h3_55b375c5d22e_73e2d9e6cde6"),
]


@pytest.mark.parametrize(("name", "device", "port", "ja4"), PUBLISHED, ids=[row[3] for row in PUBLISHED])
def test_the_fingerprint_is_the_published_one(name: str, device: str, port: int, ja4: str) -> None:
    capture = CAPTURES / name
    if not capture.is_file():
        pytest.skip("the capture is not there")
    flows = [flow for flow in pipeline.audit(capture, device=device).flow_rows if flow.client.port == port]
    assert [flow.tls.ja4 for flow in flows if flow.tls] == [ja4]
