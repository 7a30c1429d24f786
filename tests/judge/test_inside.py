"""What devices do on their own network: services, log-ins, contacts, requests for a way in."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge.inside import Inside
from iotaudit.model.flows import Direction, Endpoint, HttpExchange, Mqtt

S = 1_000_000_000
DEVICE, PHONE = "192.168.7.20", "192.168.7.30"


@pytest.fixture
def flow(make: Any) -> Any:
    """Gives a maker of conversations between the device and a neighbour."""

    def build(number: int = 1, *, serves: bool = False, port: int = 80, **changes: Any) -> Any:
        ends = (Endpoint(PHONE, 50_000), Endpoint(DEVICE, port)) if serves else (
            Endpoint(DEVICE, 50_000),
            Endpoint(changes.pop("ip", PHONE), port),
        )
        plain = replace(
            make.flow(number),
            direction=Direction.LOCAL,
            client=ends[0],
            server=ends[1],
            application="http",
            tags=("device_serves",) if serves else (),
            rtt_min_ns=1_000_000,
            payload_in=100,
        )
        return replace(plain, **changes)

    return build


def inside(*flows: Any) -> Inside:
    found = Inside({DEVICE: "dev1"})
    for row in flows:
        found.take(row)
    return found


def test_a_service_that_answers_is_listed_with_who_spoke_with_it(flow: Any) -> None:
    (row,) = inside(flow(serves=True), flow(2, serves=True)).listeners()
    assert (row.protocol, row.port, row.answered, row.peers) == ("tcp", 80, True, (PHONE,))
    assert row.label == "tcp/80 (http)"
    assert row.flows == ("f1", "f2")


def test_a_refused_connection_is_no_service(flow: Any) -> None:
    refused = flow(serves=True, rtt_min_ns=None, payload_in=0, application=None)
    assert inside(refused).listeners() == ()


def test_a_conversation_seen_from_its_middle_tells_no_service_at_a_clients_port(flow: Any) -> None:
    middle = flow(serves=True, port=45_000, rtt_min_ns=None)
    assert inside(middle).listeners() == ()
    assert len(inside(replace(middle, server=Endpoint(DEVICE, 8080))).listeners()) == 1


def test_a_service_is_its_devices_though_the_client_is_audited_too(flow: Any) -> None:
    both = replace(flow(serves=True), device="dev2", tags=())
    found = Inside({DEVICE: "dev1", PHONE: "dev2"})
    found.take(both)
    assert [row.device for row in found.listeners()] == ["dev1"]


@pytest.mark.parametrize(("status", "content", "asked"), [(200, True, False), (401, False, True), (404, False, False)])
def test_an_answer_tells_whether_a_log_in_is_asked_for(flow: Any, status: Any, content: Any, asked: Any) -> None:
    request = HttpExchange("GET", None, "/", None, status, 3)
    (row,) = inside(flow(serves=True, http=(request,))).listeners()
    assert (row.content, row.asked) == (content, asked)


def test_only_more_than_a_gateway_sees_shows_the_local_network(flow: Any) -> None:
    assert not inside(flow(application="dns", port=53)).sees_local
    assert inside(flow()).sees_local


def test_hosts_and_ports_count_within_ten_minutes(flow: Any) -> None:
    quick = [flow(n, ip=f"192.168.7.{100 + n}", first_ns=n * S) for n in range(30)]
    assert inside(*quick).most_contacts("dev1") == (30, 30)
    slow = [replace(row, first_ns=n * 601 * S) for n, row in enumerate(quick)]
    assert inside(*slow).most_contacts("dev1") == (1, 1)


def test_an_mqtt_user_is_a_log_in_that_was_read(flow: Any) -> None:
    named = flow(application="mqtt", mqtt=Mqtt("c", "robot", password_sent=True, topics=(), version=None))
    assert [(row.kind, row.read) for row in inside(named).logins()] == [("mqtt", True)]
    nobody = flow(application="mqtt", mqtt=Mqtt("c", None, password_sent=False, topics=(), version=None))
    assert inside(nobody).logins() == ()


def test_telnet_may_hold_a_log_in(flow: Any) -> None:
    assert [row.read for row in inside(flow(application="telnet")).logins()] == [False]


def test_a_map_request_is_told_from_one_for_the_outer_address(flow: Any) -> None:
    asked = flow(protocol="udp", port=5351, application=None, payload_out=12, packets_out=1)
    assert inside(asked).mapped == {"dev1"}
    address = replace(asked, payload_out=2)
    assert inside(address).mapped == set()
    assert inside(address).may_map == {"dev1"}


def test_tries_count_by_the_minute(flow: Any) -> None:
    rows = [flow(n, first_ns=n * S) for n in range(90)]
    assert inside(*rows).most_tries("dev1") == 60
    assert inside(flow(serves=True)).most_tries("dev1") == 0
