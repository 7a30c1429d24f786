"""SSDP: searches, announcements and responses."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ssdp
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import Event, HostNamed, NameSeen, Oddity
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Content
from tests.dissect.play import SECOND_NS, device, play, recognise

CAMERA = Endpoint("192.168.1.20", 1900)
GROUP = Endpoint("239.255.255.250", 1900)
SEARCH = (
    b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n"
    b"MX: 3\r\nST: ssdp:all\r\n\r\n"
)
NOTIFY = (
    b"NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nLocation: http://192.168.1.20:80/d.xml\r\n"
    b"NT: urn:schemas-example-test:device:Camera:1\r\nNTS: ssdp:alive\r\nServer: Linux UPnP/1.1 Cam/2\r\n"
    b"USN: uuid:0A1B2C3D-0000-1000-8000-001122AABBCC::urn:schemas-example-test:device:Camera:1\r\n\r\n"
)
UUID = "uuid:0a1b2c3d-0000-1000-8000-001122aabbcc"
DETAIL = "Linux UPnP/1.1 Cam/2; http://192.168.1.20:80/d.xml; urn:schemas-example-test:device:Camera:1"


def sent(*data: bytes) -> list[Event | Content]:
    return play(ssdp, *(device(d) for d in data), client=CAMERA, server=GROUP)


def events(*data: bytes) -> list[Event]:
    return [e for e in sent(*data) if isinstance(e, Event)]


def test_pass_search_shows_the_group_as_host() -> None:
    assert events(SEARCH, SEARCH) == [NameSeen(1, 1, SECOND_NS, True, "239.255.255.250", "http_host")]


def test_pass_announcement_names_the_host() -> None:
    assert events(NOTIFY) == [
        NameSeen(1, 1, SECOND_NS, True, "239.255.255.250", "http_host"),
        HostNamed(1, 1, SECOND_NS, True, CAMERA.ip, UUID, "ssdp", DETAIL),
    ]


def test_pass_response_to_a_search_names_the_host() -> None:
    response = NOTIFY.replace(b"NOTIFY * HTTP/1.1", b"HTTP/1.1 200 OK").replace(b"NT:", b"ST:")
    assert events(response) == [HostNamed(1, 1, SECOND_NS, True, CAMERA.ip, UUID, "ssdp", DETAIL)]


def test_pass_message_is_content_once() -> None:
    contents = [e for e in sent(NOTIFY, NOTIFY) if isinstance(e, Content)]
    assert [(c.where, c.data) for c in contents] == [("ssdp.message", NOTIFY)]


def test_pass_ipv6_group_loses_brackets_and_port() -> None:
    found = events(SEARCH.replace(b"239.255.255.250:1900", b"[FF02::C]:1900"))
    assert [e.name for e in found if isinstance(e, NameSeen)] == ["ff02::c"]


def test_fail_goodbye_names_nobody() -> None:
    goodbye = NOTIFY.replace(b"ssdp:alive", b"ssdp:byebye")
    assert not [e for e in events(goodbye) if isinstance(e, HostNamed)]


def test_fail_other_datagram_on_the_flow_is_an_oddity() -> None:
    assert [type(e) for e in events(SEARCH, b"\0\1\2\3")] == [NameSeen, Oddity]


def test_inconclusive_announcement_without_uuid_names_nobody() -> None:
    assert not [e for e in events(NOTIFY.replace(b"uuid:", b"id:")) if isinstance(e, HostNamed)]


def test_start_lines_are_recognised() -> None:
    assert recognise(ssdp, SEARCH) is Likeness.CERTAIN
    assert recognise(ssdp, b"GET / HTTP/1.1\r\n\r\n") is Likeness.NO


@given(st.binary(max_size=120))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes) -> None:
    for item in sent(data, NOTIFY[:40] + data, SEARCH[:21] + data):
        assert isinstance(item, NameSeen | HostNamed | Oddity | Content)
