"""DHCPv6: what a client says of itself, and what it is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import dhcpv6
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import DhcpSeen, Oddity
from iotaudit.model.flows import Endpoint
from tests.dissect.play import SECOND_NS, device, play, recognise

CLIENT = Endpoint("fe80::211:22ff:feaa:bbcc", 546)
SERVERS = Endpoint("ff02::1:2", 547)
DUID_LL = "0001 000a 0003 0001 001122aabbcc"  # client id: type 3, Ethernet
ADDRESS = "20010db8000000000000000000000020"
SOLICIT = (
    "01 a1b2c3"  # SOLICIT, id
    + DUID_LL
    + "0006 0004 0017 0018"  # asks for resolvers and search list
    + "0010 000a 00001234 0004 6c616d70"  # vendor class "lamp"
    + "0027 0007 01 05 6c616d7031"  # client FQDN lamp1, a partial name
)
REPLY = (
    "07 a1b2c3"
    + DUID_LL
    + "0002 000a 0003 0001 00112233445f"  # server id
    + "0003 0028 00000001 00000e10 00001518"  # IA_NA
    + "0005 0018"
    + ADDRESS
    + "00001c20 00001c20"
    + "0017 0010 20010db8000000000000000000000053"  # resolver
)


def only(data: str) -> DhcpSeen:
    (found,) = play(dhcpv6, device(data), client=CLIENT, server=SERVERS)
    assert isinstance(found, DhcpSeen)
    return found


def test_pass_solicit_names_the_client() -> None:
    assert only(SOLICIT) == DhcpSeen(
        flow=1,
        packet=1,
        time_ns=SECOND_NS,
        outbound=True,
        kind="SOLICIT",
        mac="00:11:22:aa:bb:cc",
        ip=None,
        hostname="lamp1",
        vendor_class="lamp",
        parameters=(23, 24),
        subnet=None,
        routers=(),
        resolvers=(),
    )


def test_pass_reply_gives_address_and_resolvers() -> None:
    found = only(REPLY)
    assert (found.kind, found.ip, found.resolvers) == ("REPLY", "2001:db8::20", ("2001:db8::53",))


def test_pass_relayed_message_is_read() -> None:
    inner = bytes.fromhex(SOLICIT)
    relay = "0c 00" + ADDRESS + ADDRESS + f"0009 {len(inner):04x}" + inner.hex()
    assert only(relay).kind == "SOLICIT"


@pytest.mark.parametrize(
    ("duid", "mac"),
    [
        ("0001 0001 2a2b2c2d 001122aabbcc", "00:11:22:aa:bb:cc"),  # type 1: with a time
        ("0002 00001234 0102", ""),  # type 2: an enterprise's number
        ("0003 0020 001122aabbcc", ""),  # type 3, another kind of hardware
    ],
)
def test_pass_link_address_is_the_one_inside_the_duid(duid: str, mac: str) -> None:
    raw = bytes.fromhex(duid)
    assert only(f"01 a1b2c3 0001 {len(raw):04x}" + raw.hex()).mac == mac


def test_fail_cut_option_is_an_oddity_and_the_rest_stays() -> None:
    found = play(dhcpv6, device(SOLICIT + "0027 0009 01"))
    assert [type(e) for e in found] == [DhcpSeen, Oddity]


def test_fail_relays_within_relays_end() -> None:
    data = bytes.fromhex(SOLICIT)
    for _ in range(20):
        data = bytes.fromhex("0c00" + ADDRESS + ADDRESS) + b"\0\x09" + len(data).to_bytes(2) + data
    assert [type(e) for e in play(dhcpv6, device(data))] == [Oddity]


def test_inconclusive_without_a_duid_only_the_port_tells() -> None:
    assert recognise(dhcpv6, SOLICIT) is Likeness.LIKELY
    assert recognise(dhcpv6, "0b a1b2c3 0006 0002 0017") is Likeness.WEAK
    assert recognise(dhcpv6, "63 a1b2c3 0006 0002 0017") is Likeness.NO


@given(st.binary(max_size=120), st.integers(0, 70), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes, at: int, byte: int) -> None:
    damaged = bytearray(bytes.fromhex(REPLY))
    damaged[at % len(damaged)] = byte
    for item in play(dhcpv6, device(data), device(bytes(damaged)), device(bytes(damaged[:34]) + data)):
        assert isinstance(item, DhcpSeen | Oddity)
