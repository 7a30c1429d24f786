"""Conversations of web logs."""

from typing import Any

from iotaudit.assemble.weblog import FIRST_NUMBER, WebLog
from iotaudit.model.flows import Endpoint
from iotaudit.model.packets import packet_id
from iotaudit.model.raw import Exchange


def exchange(**changes: Any) -> Exchange:
    fields: dict[str, Any] = {
        "number": 1,
        "time_ns": 100,
        "end_ns": 200,
        "kind": "http",
        "client_ip": "192.168.1.20",
        "client_port": 40000,
        "server_ip": "203.0.113.9",
        "server_port": 443,
        "host": "cloud.vendor.example",
        "tls_version": None,
        "tls_cipher": None,
        "sni": None,
        "alpn": None,
        "method": "GET",
        "uri": "/",
        "http_version": "HTTP/1.1",
        "request_headers": (),
        "request_body": b"",
        "status": 200,
        "response_headers": (),
        "response_body": b"",
        "request_len": 50,
        "response_len": 400,
    }
    return Exchange(**(fields | changes))


def test_pass_exchanges_of_one_connection_are_one_conversation() -> None:
    log = WebLog()
    assert log.add(exchange(), 3) == log.add(exchange(time_ns=50, end_ns=900), 4) == FIRST_NUMBER
    (row,) = (one.row for one in log.logged())
    assert (row.client, row.server) == (Endpoint("192.168.1.20", 40000), Endpoint("203.0.113.9", 443))
    assert (row.protocol, row.web_log, row.rtt_min_ns) == ("http", True, None)
    assert (row.packets_out, row.bytes_out, row.packets_in, row.bytes_in) == (2, 100, 2, 800)
    assert (row.first_ns, row.last_ns, row.first_packet, row.first_payload_out) == (50, 900, 3, 3)


def test_fail_an_exchange_without_an_answer_has_none() -> None:
    log = WebLog()
    log.add(exchange(response_len=0, status=None, end_ns=-1), 1)
    (row,) = (one.row for one in log.logged())
    assert (row.packets_in, row.bytes_in, row.first_payload_in) == (0, 0, None)
    assert row.last_ns == 100


def test_inconclusive_a_log_without_addresses_keeps_them_empty() -> None:
    log = WebLog()
    log.add(exchange(client_ip=None, server_ip=None), packet_id(1, 9))
    log.add(exchange(client_ip=None, server_ip=None, host="other.example"), packet_id(1, 2))
    assert [one.row.server.ip for one in log.logged()] == ["", ""]
    assert log.clients() == {"": packet_id(1, 2)}


def test_names_and_protocols_are_told_apart() -> None:
    log = WebLog()
    exchanges = [
        exchange(),
        exchange(host="other.example"),
        exchange(http_version="HTTP/3"),
        exchange(kind="websocket"),
        exchange(kind="dns", http_version="", server_port=53),
        exchange(kind="tcp", http_version="", server_port=53),
    ]
    numbers = [log.add(one, i) - FIRST_NUMBER for i, one in enumerate(exchanges)]
    assert numbers == [0, 1, 0, 0, 2, 3]
    assert [one.row.protocol for one in log.logged()] == ["http", "http", "udp", "tcp"]


def test_a_conversation_tells_what_carried_it_and_where_the_proxy_listened() -> None:
    log = WebLog()
    log.add(exchange(proxy_ip="192.168.1.1", proxy_port=8080), 1)
    log.add(exchange(client_port=40001, kind="dns", host=None), 2)
    log.add(exchange(client_port=40002, http_version="HTTP/3"), 3)
    assert [(row.transport, row.host, row.proxy) for row in log.logged()] == [
        ("tcp", "cloud.vendor.example", Endpoint("192.168.1.1", 8080)),
        ("udp", None, None),
        ("udp", "cloud.vendor.example", None),
    ]


def test_a_nameless_client_is_nobody_where_packets_show_all_that_it_had() -> None:
    log = WebLog()
    one = log.add(exchange(client_ip=None), 1)
    two = log.add(exchange(), 2)
    assert log.clients() == {"": 1, "192.168.1.20": 2}
    assert log.clients({one, two}) == {"192.168.1.20": 2}
