"""Whether an encrypted conversation looks names up: by name, by protocol, by port and address; and what only may."""

from typing import Any

import pytest

from iotaudit.locate.resolvers import ENCRYPTED_DNS, POSSIBLY_ENCRYPTED_DNS, resolver_tag
from iotaudit.model.flows import (
    Direction,
    Encryption,
    EncryptionState,
    Endpoint,
    Flow,
    FlowName,
    Tls,
)

UNKNOWN_SERVER = "192.0.2.53"
GOOGLE = "8.8.8.8"
CLOUDFLARE_6 = "2606:4700:4700::1111"


def flow(
    ip: str = UNKNOWN_SERVER,
    port: int = 443,
    *names: tuple[str, str],
    alpn: tuple[str, ...] = (),
    state: EncryptionState = EncryptionState.ENCRYPTED,
    protocol: str = "tls",
    reached: Endpoint | None = None,
) -> Flow:
    hello = Tls(None, alpn, None, None, None, False, None) if alpn else None
    return Flow(
        id="f1",
        number=0,
        device="dev1",
        direction=Direction.OUTBOUND,
        protocol="tcp",
        client=Endpoint("192.168.1.20", 50000),
        server=Endpoint(ip, port),
        application=protocol,
        packets_out=1,
        bytes_out=1,
        packets_in=1,
        bytes_in=1,
        payload_out=1,
        payload_in=1,
        first_ns=1,
        last_ns=1,
        first_packet=1,
        rtt_min_ns=None,
        names=tuple(FlowName(name, source, 1) for name, source in names),
        encryption=Encryption(state, protocol),
        tls=hello,
        reached=reached,
    )


@pytest.mark.parametrize(
    "seen",
    [
        flow(UNKNOWN_SERVER, 443, ("dns.google", "sni")),
        flow(UNKNOWN_SERVER, 443, ("Mozilla.Cloudflare-DNS.com", "quic_sni"), protocol="quic"),
        flow(UNKNOWN_SERVER, 443, ("dns.mullvad.net", "dns")),
        flow(UNKNOWN_SERVER, 853, alpn=("dot",)),
        flow(UNKNOWN_SERVER, 8853, ("a.test", "sni"), alpn=("h3", "doq"), protocol="quic"),
        flow(UNKNOWN_SERVER, 784, alpn=("doq-i00",), protocol="quic"),
        flow(GOOGLE, 853),
        flow(CLOUDFLARE_6, 853, protocol="quic"),
    ],
)
def test_pass_a_name_a_protocol_or_port_and_address_say_so(knowledge: Any, seen: Flow) -> None:
    assert resolver_tag(seen, knowledge) == ENCRYPTED_DNS


@pytest.mark.parametrize(
    "seen",
    [
        flow(GOOGLE),
        flow(CLOUDFLARE_6, 443, ("one.one.one.one", "reverse_dns")),
        flow(GOOGLE, 443, ("front.test", "ech_outer")),
        flow("192.168.1.1", 3128, reached=Endpoint(GOOGLE, 443)),
        flow(UNKNOWN_SERVER, 853),
        flow(UNKNOWN_SERVER, 853, ("api.vendor.test", "sni")),
    ],
)
def test_inconclusive_an_address_or_a_port_alone_makes_it_possible(knowledge: Any, seen: Flow) -> None:
    assert resolver_tag(seen, knowledge) == POSSIBLY_ENCRYPTED_DNS


@pytest.mark.parametrize(
    "seen",
    [
        flow(),
        flow(GOOGLE, 443, ("maps.vendor.test", "sni")),
        flow(UNKNOWN_SERVER, 443, ("dns.google.evil.test", "sni")),
        flow(UNKNOWN_SERVER, 443, alpn=("h2", "http/1.1")),
        flow(GOOGLE, 53, state=EncryptionState.PLAINTEXT, protocol="dns"),
        flow(GOOGLE, 80, ("dns.google", "http_host"), state=EncryptionState.PLAINTEXT, protocol="http"),
        flow(GOOGLE, 51820, protocol="wireguard"),
    ],
)
def test_fail_other_conversations_are_not_taken_for_it(knowledge: Any, seen: Flow) -> None:
    assert resolver_tag(seen, knowledge) is None
