"""Twins: which conversation of packets is the one that a proxy's log shows."""

from typing import Any

import numpy as np
import pytest

from iotaudit.assemble.conversation import asked_host
from iotaudit.assemble.twins import ELSEWHERE, SEVERAL, SHARED, Twin, find_twins
from iotaudit.assemble.weblog import FIRST_NUMBER, Logged, WebLog
from iotaudit.model.flows import (
    Encryption,
    Endpoint,
    FlowName,
    FlowSummary,
    FlowTable,
    HttpExchange,
)
from tests.assemble.test_weblog import exchange

S = 1_000_000_000
DEVICE, SERVER, PROXY = ("192.168.1.20", 40000), ("203.0.113.9", 443), ("192.168.1.1", 8080)
Ends = tuple[tuple[str, int], tuple[str, int]]


def number(ip: str) -> int:
    return int.from_bytes(bytes(int(part) for part in ip.split(".")))


def table(*rows: Ends, protocol: int = 6, first: int = 10 * S, last: int = 12 * S) -> FlowTable:
    """Gives conversations of one time."""
    cells: dict[str, Any] = {name: np.zeros(len(rows), np.int64) for name in FlowTable.__slots__}
    cells["protocol"] = np.full(len(rows), protocol, np.uint8)
    cells["ip_version"] = np.full(len(rows), 4, np.uint8)
    for side, at in (("client", 0), ("server", 1)):
        cells[f"{side}_lo"] = np.array([number(row[at][0]) for row in rows], np.uint64)
        cells[f"{side}_port"] = np.array([row[at][1] for row in rows], np.uint16)
    cells["first_ns"], cells["last_ns"] = np.full(len(rows), first), np.full(len(rows), last)
    return FlowTable(**cells)


def logged(*changes: dict[str, Any]) -> tuple[Logged, ...]:
    log = WebLog()
    for packet, fields in enumerate(changes, 1):
        log.add(exchange(**{"time_ns": 11 * S, "end_ns": 11 * S} | fields), packet)
    return log.logged()


def asking(*targets: tuple[str, str]) -> FlowSummary:
    rows = tuple(HttpExchange(method, None, uri, None, 200, 1) for method, uri in targets)
    return FlowSummary("http", Encryption(), http=rows)


def details(rows: FlowTable, log: tuple[Logged, ...], summaries: dict[int, FlowSummary]) -> list[str]:
    twins = find_twins(rows, log, summaries)
    assert twins.sure == ()
    return [problem.detail for problem in twins.problems]


def test_pass_the_same_ends_at_the_same_time() -> None:
    rows = table((("192.168.1.21", 40000), SERVER), (DEVICE, SERVER))
    assert find_twins(rows, logged({}), {}).sure == (Twin(FIRST_NUMBER, 1, None),)


@pytest.mark.parametrize("ip", [PROXY[0], "0.0.0.0", "::"])  # noqa: S104 - as logs say it
def test_pass_the_proxys_end_leads_to_the_server(ip: str) -> None:
    twins = find_twins(table((DEVICE, PROXY)), logged({"proxy_ip": ip, "proxy_port": 8080}), {})
    assert (twins.sure, twins.problems) == ((Twin(FIRST_NUMBER, 0, Endpoint(*SERVER)),), ())


def test_pass_what_the_proxy_was_asked_for_leads_to_the_server() -> None:
    summaries = {0: asking(("CONNECT", "Cloud.vendor.example:443"))}
    assert find_twins(table((DEVICE, PROXY)), logged({}), summaries).sure[0].reached == Endpoint(*SERVER)


def test_pass_quic_is_of_datagrams() -> None:
    log = logged({"http_version": "HTTP/3"})
    assert find_twins(table((DEVICE, SERVER)), log, {}).sure == ()
    assert len(find_twins(table((DEVICE, SERVER), protocol=17), log, {}).sure) == 1


@pytest.mark.parametrize(
    "times", [{"first": 13 * S, "last": 14 * S}, {"first": 8 * S, "last": 9 * S}, {"first": -1, "last": -1}]
)
def test_fail_another_time_or_none(times: dict[str, int]) -> None:
    twins = find_twins(table((DEVICE, SERVER), **times), logged({}), {})
    assert (twins.sure, twins.problems) == ((), ())


def test_inconclusive_a_port_that_was_used_twice() -> None:
    assert details(table((DEVICE, SERVER), (DEVICE, SERVER)), logged({}), {}) == [SEVERAL]


def test_inconclusive_several_servers_behind_one_connection() -> None:
    log = logged({}, {"host": "eu.vendor.example", "server_ip": "203.0.113.10"})
    found = find_twins(table((DEVICE, PROXY)), log, {})
    assert (found.sure, [(p.detail, p.count) for p in found.problems]) == ((), [(SHARED, 2)])


def test_inconclusive_the_proxy_was_asked_for_a_host_that_the_log_does_not_show() -> None:
    summaries = {0: asking(("GET", "http://cloud.vendor.example/"), ("GET", "http://cn.vendor.example/x"))}
    log = logged({"proxy_ip": PROXY[0], "proxy_port": 8080})
    assert details(table((DEVICE, PROXY)), log, summaries) == [SHARED]


def test_inconclusive_packets_that_go_to_another_address() -> None:
    log = logged({"proxy_ip": "192.168.1.1", "proxy_port": 8080})
    assert details(table((DEVICE, ("198.51.100.7", 443))), log, {}) == [ELSEWHERE]


def test_a_log_without_clients_is_matched_by_server_and_name() -> None:
    log = logged({"client_ip": None, "client_port": 0})
    named = FlowSummary(names=(FlowName("cloud.vendor.example", "sni", 1),))
    rows = table((DEVICE, SERVER))
    assert find_twins(rows, log, {0: named}).sure == (Twin(FIRST_NUMBER, 0, None),)
    assert find_twins(rows, log, {0: FlowSummary(names=(FlowName("other.example", "sni", 1),))}).sure == ()
    assert details(table((DEVICE, SERVER), (DEVICE, SERVER)), log, {0: named, 1: named}) == [SEVERAL]


@pytest.mark.parametrize(
    ("method", "uri", "host"),
    [
        ("CONNECT", "A.example:443", "a.example"),
        ("CONNECT", "[2001:db8::5]:443", "2001:db8::5"),
        ("GET", "http://user@b.example.:80/c?d", "b.example"),
        ("GET", "http://b.example?d", "b.example"),
        ("GET", "/http://c.example/", None),
        ("CONNECT", "", ""),
    ],
)
def test_what_only_a_proxy_is_asked_for_names_a_host(method: str, uri: str, host: str | None) -> None:
    assert asked_host(HttpExchange(method, None, uri, None, 200, 1)) == host
