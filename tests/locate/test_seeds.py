"""From flows to peers: one seed per address, name and side; relays and proxies hide the address."""

from dataclasses import replace

from iotaudit.locate.seeds import make_seeds
from iotaudit.model.flows import Certificate, Direction, Encryption, Endpoint, Flow, FlowName, Tls

BASE = Flow(
    id="f1",
    number=0,
    device="dev1",
    direction=Direction.OUTBOUND,
    protocol="tcp",
    client=Endpoint("192.168.7.20", 40_000),
    server=Endpoint("192.0.2.7", 443),
    application="tls",
    packets_out=1,
    bytes_out=100,
    packets_in=1,
    bytes_in=300,
    payload_out=40,
    payload_in=240,
    first_ns=0,
    last_ns=0,
    first_packet=5,
    rtt_min_ns=None,
    names=(FlowName("a.example", "sni", 6), FlowName("a.example", "dns", 3), FlowName("edge.example", "dns", 3)),
    encryption=Encryption(),
    device_sent=40,
    first_device_payload_packet=7,
)


def test_flows_to_one_name_and_address_are_one_seed() -> None:
    (seed,) = make_seeds((BASE, replace(BASE, id="f2", first_packet=9, rtt_min_ns=5)))
    assert (seed.ip, seed.name, seed.flows) == ("192.0.2.7", "a.example", ("f1", "f2"))
    assert (seed.bytes_out, seed.bytes_in, seed.payload_out, seed.rtt_min_ns) == (200, 600, 80, 5)
    assert (seed.first_packet, seed.payload_packet) == (5, 7)


def test_what_dns_tied_to_the_address_is_told_apart() -> None:
    (seed,) = make_seeds((BASE,))
    assert seed.name_sources == ("dns", "sni")
    assert seed.dns_aliases == seed.aliases == ("edge.example",)
    (wrote,) = make_seeds((replace(BASE, names=(FlowName("a.example", "sni", 6), FlowName("b.example", "certificate", 7))),))
    assert (wrote.name_sources, wrote.aliases, wrote.dns_aliases) == (("sni",), ("b.example",), ())


def test_two_names_of_one_address_are_two_seeds() -> None:
    other = replace(BASE, id="f2", names=(FlowName("b.example", "sni", 6),))
    assert [s.name for s in make_seeds((BASE, other))] == ["a.example", "b.example"]


def test_a_device_that_serves_has_the_client_as_its_peer() -> None:
    (seed,) = make_seeds((replace(BASE, direction=Direction.INBOUND, tags=("device_serves",), device_sent=240),))
    assert (seed.ip, seed.name, seed.bytes_out, seed.payload_out) == ("192.168.7.20", None, 300, 240)


def test_a_request_through_a_proxy_goes_to_an_address_that_is_not_seen() -> None:
    (seed,) = make_seeds((replace(BASE, tags=("proxied",)),))
    assert (seed.ip, seed.name, seed.local) == ("", "a.example", False)


def test_the_proxys_own_log_tells_the_address() -> None:
    log = replace(BASE, id="f2", server=Endpoint("198.51.100.9", 443), tags=("web_log",), names=(FlowName("a.example", "proxy", 1),))
    seeds = make_seeds((replace(BASE, tags=("proxied",)), log))
    assert {s.ip for s in seeds} == {"198.51.100.9"}


def test_what_a_host_announces_names_no_peer_outside() -> None:
    (seed,) = make_seeds((replace(BASE, names=(FlowName("cam.local", "mdns", 2),)),))
    assert seed.name is None


def test_round_trip_to_a_proxy_is_not_the_peers() -> None:
    (seed,) = make_seeds((replace(BASE, tags=("proxied",), rtt_min_ns=5),))
    assert (seed.rtt_min_ns, seed.rtt_unused) == (None, "a proxy answered the handshake")


def test_round_trip_of_a_device_that_answers_is_its_own() -> None:
    (seed,) = make_seeds((replace(BASE, direction=Direction.INBOUND, rtt_min_ns=5),))
    assert (seed.rtt_min_ns, seed.rtt_unused) == (None, "")


def test_names_that_only_reverse_dns_gives_are_told_apart() -> None:
    names = (*BASE.names, FlowName("host.example", "reverse_dns", 4), FlowName("edge.example", "reverse_dns", 4))
    (seed,) = make_seeds((replace(BASE, names=names),))
    assert (seed.aliases, seed.reverse_aliases) == (("edge.example", "host.example"), ("host.example",))


def test_organisations_of_certificates_come_with_their_first_packet() -> None:
    def shown(number: int, organisation: str | None, packet: int, *, self_signed: bool = False) -> Flow:
        certificate = Certificate(None, organisation, None, (), -1, -1, self_signed, packet)
        return replace(BASE, id=f"f{number}", tls=Tls(None, (), None, None, None, False, certificate))

    (seed,) = make_seeds(
        (shown(1, "Moppel GmbH", 9), shown(2, "Moppel GmbH", 7), shown(3, None, 3), shown(4, "Anybody", 2, self_signed=True))
    )
    assert seed.certificates == (("Moppel GmbH", 7),)


def test_certificate_of_a_device_that_serves_is_not_its_peers() -> None:
    certificate = Certificate(None, "Moppel GmbH", None, (), -1, -1, False, 9)
    flow = replace(BASE, tls=Tls(None, (), None, None, None, False, certificate), tags=("device_serves",))
    (seed,) = make_seeds((flow,))
    assert seed.certificates == ()
