"""DHCP: what a client says of itself, and what it is told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import dhcp
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import DhcpSeen, Event, Oddity
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content
from tests.dissect.play import SECOND_NS, device, play, recognise, server

MAC = "001122aabbcc"
CLIENT = Endpoint("0.0.0.0", 68)  # noqa: S104 - a client without an address
EVERYONE = Endpoint("255.255.255.255", 67)


def message(
    op: int, options: str, *, yiaddr: str = "00000000", sname: str = "", file: str = "", mac: str = MAC
) -> bytes:
    """Gives a message: fixed fields, then cookie and options (hex)."""
    return (
        bytes([op, 1, 6, 0])  # op, Ethernet, address length, hops
        + bytes.fromhex("3903f326 0000 8000 00000000")  # id, seconds, broadcast flag, ciaddr
        + bytes.fromhex(yiaddr)
        + bytes(8)  # siaddr, giaddr
        + bytes.fromhex(mac).ljust(16, b"\0")
        + bytes.fromhex(sname).ljust(64, b"\0")
        + bytes.fromhex(file).ljust(128, b"\0")
        + bytes.fromhex("63825363" + options)
    )


REQUEST = message(
    1,
    "35 01 03"  # REQUEST
    "32 04 c0a80114"  # requested 192.168.1.20
    "0c 06 4c616d702d31"  # host name Lamp-1
    "3c 06 756468637031"  # vendor class udhcp1
    "37 04 01030c06"  # parameters
    "ff",
)
ACK = message(
    2,
    "35 01 05"  # ACK
    "36 04 c0a80101"  # server
    "33 04 00015180"  # lease of a day
    "01 04 ffffff00"  # mask
    "03 04 c0a80101"  # router
    "06 08 c0a80101 09090909"  # resolvers
    "ff",
    yiaddr="c0a80114",
)


def only(data: bytes) -> DhcpSeen:
    (found,) = play(dhcp, device(data), client=CLIENT, server=EVERYONE)
    assert isinstance(found, DhcpSeen)
    return found


def odd(found: list[Event | Content]) -> list[str]:
    return [e.detail for e in found if isinstance(e, Oddity)]


def test_pass_request_and_acknowledgement() -> None:
    asked, given_ = play(dhcp, device(REQUEST), server(ACK), client=CLIENT, server=EVERYONE)
    assert asked == DhcpSeen(
        flow=1,
        packet=1,
        time_ns=SECOND_NS,
        outbound=True,
        kind="REQUEST",
        mac="00:11:22:aa:bb:cc",
        ip="192.168.1.20",
        hostname="Lamp-1",
        vendor_class="udhcp1",
        parameters=(1, 3, 12, 6),
        subnet=None,
        routers=(),
        resolvers=(),
    )
    assert given_ == DhcpSeen(
        flow=1,
        packet=2,
        time_ns=2 * SECOND_NS,
        outbound=False,
        kind="ACK",
        mac="00:11:22:aa:bb:cc",
        ip="192.168.1.20",
        hostname=None,
        vendor_class=None,
        parameters=(),
        subnet="192.168.1.0/24",
        routers=("192.168.1.1",),
        resolvers=("192.168.1.1", "9.9.9.9"),
    )


def test_pass_overloaded_fields_hold_options() -> None:
    found = only(
        message(1, "35 01 01 34 01 03 ff", file="0c 04 4c616d70 ff", sname="3c 03 613162 ff")
    )
    assert (found.hostname, found.vendor_class) == ("Lamp", "a1b")


def test_pass_split_option_is_joined() -> None:
    assert only(message(1, "35 01 01 0c 02 4c61 0c 02 6d70 ff")).hostname == "Lamp"


def test_pass_qualified_name_in_both_encodings() -> None:
    # flags, two result codes, then text, or labels where flag E is set
    assert only(message(1, "35 01 01 51 09 000000 6c616d702e61 ff")).hostname == "lamp.a"
    assert only(message(1, "35 01 01 51 0a 040000 04 6c616d70 01 61 ff")).hostname == "lamp.a"


def test_pass_link_address_of_the_client_id_where_the_field_is_empty() -> None:
    found = only(message(1, "35 01 01 3d 07 01 001122aabbdd ff", mac="000000000000"))
    assert found.mac == "00:11:22:aa:bb:dd"


def test_pass_name_that_ends_in_zeros_is_trimmed_and_control_bytes_are_escaped() -> None:
    assert only(message(1, "35 01 01 0c 05 4c07 610000 ff")).hostname == "L\\007a"


def test_fail_mask_with_holes_tells_no_network() -> None:
    assert only(message(2, "35 01 05 01 04 ff00ff00 ff", yiaddr="c0a80114")).subnet is None
    assert only(message(2, "35 01 05 01 04 00000000 ff", yiaddr="c0a80114")).subnet is None


def test_fail_refusal_gives_no_address() -> None:
    found = only(message(2, "35 01 06 01 04 ffffff00 ff"))
    assert (found.kind, found.ip, found.subnet) == ("NAK", None, None)


def test_fail_cut_option_is_an_oddity_and_the_rest_stays() -> None:
    found = play(dhcp, device(message(1, "35 01 01 0c 09 4c61")), client=CLIENT, server=EVERYONE)
    assert [e.kind for e in found if isinstance(e, DhcpSeen)] == ["DISCOVER"]
    assert odd(found) == ["dhcp: an option is cut"]


def test_fail_short_datagram_is_an_oddity() -> None:
    assert odd(play(dhcp, device("0101"))) == ["dhcp: no DHCP message"]


def test_inconclusive_without_cookie_only_the_port_tells() -> None:
    bootp = REQUEST[:236] + bytes(64)
    assert recognise(dhcp, REQUEST) is Likeness.CERTAIN
    assert recognise(dhcp, bootp) is Likeness.WEAK
    assert recognise(dhcp, bootp[:200]) is Likeness.NO
    assert only(bootp).kind == "BOOTP"


@given(st.binary(max_size=80), st.binary(max_size=128), st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_any_options_give_events_or_an_oddity(options: bytes, file: bytes, overload: int) -> None:
    data = message(1, f"3401{overload:02x}" + options.hex(), file=file.hex(), sname=file[:64].hex())
    for item in play(dhcp, device(data), device(options)):
        assert isinstance(item, DhcpSeen | Oddity)
