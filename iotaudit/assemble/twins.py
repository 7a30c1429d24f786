"""Twins: a conversation of packets, and what a proxy's log says of the same one, to be counted once.

The packets' figures are kept and the log's contents taken over, so a twin must be sure: one conversation of packets for one
of the log, between the same endpoints, at the same time. Where the packets go to the proxy itself, `reached` is the server
that the log names: the place of the data is that server's. What may be the same and is not sure stays counted twice, and is told.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from iotaudit.assemble.conversation import asked_host
from iotaudit.assemble.weblog import Logged
from iotaudit.model.flows import NO_SUMMARY, Column, Endpoint, FlowSummary, FlowTable
from iotaudit.model.packets import input_of, ip_text
from iotaudit.model.problems import Problem, ProblemTally

SLACK_NS = 1_000_000_000
"""How far the clocks of a proxy and of a recorder may be apart."""
TRANSPORTS = {"tcp": 6, "udp": 17}
COMPARED = 1024
"""So many conversations of packets are compared with one of a log; of more, none is told apart."""
ANY = ("0.0.0.0", "::")  # noqa: S104 - what a log says of a socket that listens everywhere
SEVERAL = "a proxy's log has one conversation where packets show several"
SHARED = "a proxy's log has several conversations where packets show one"
ELSEWHERE = "the packets go to another address than a proxy's log says"
COLUMNS = (
    "protocol",
    "ip_version",
    "client_hi",
    "client_lo",
    "client_port",
    "server_hi",
    "server_lo",
    "server_port",
    "first_ns",
    "last_ns",
)


@dataclass(frozen=True, slots=True)
class Twin:
    """The numbers of both. `reached` is None where the packets go to the server themselves."""

    logged: int
    packets: int
    reached: Endpoint | None


@dataclass(frozen=True, slots=True)
class Twins:
    """The sure ones, and what is told of the others."""

    sure: tuple[Twin, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    protocol: int
    client: Endpoint
    server: Endpoint
    first_ns: int
    last_ns: int


def find_twins(table: FlowTable, logged: Sequence[Logged], summaries: Mapping[int, FlowSummary]) -> Twins:
    """Gives the twins of the conversations of packets and of web logs.

    Args:
        table: the conversations of packets; their numbers are its rows.
        logged: the conversations of web logs.
        summaries: what was read in the packets' conversations, by number.
    """
    if not logged or not len(table.protocol):
        return Twins()
    rows_of = _Rows()
    for row in _rows(table, _may_be(table, logged)):
        rows_of.add(row, summaries.get(row.number, NO_SUMMARY))
    unsure: list[tuple[Logged, str]] = []
    found: dict[int, list[tuple[Logged, _Row]]] = defaultdict(list)
    for log in logged:
        rows = rows_of.get(log)
        if len(rows) <= COMPARED:
            rows = [row for row in rows if _fits(log, row)]
        if len(rows) == 1:
            found[rows[0].number].append((log, rows[0]))
        elif rows:
            unsure.append((log, SEVERAL))
    sure: list[Twin] = []
    for pairs in found.values():
        if len(pairs) > 1:
            unsure += [(log, SHARED) for log, _ in pairs]
            continue
        ((log, row),) = pairs
        hosts = _passed_on(summaries.get(row.number, NO_SUMMARY))
        if row.server == log.row.server:
            sure.append(Twin(log.row.number, row.number, None))
        elif hosts - {log.host}:
            unsure.append((log, SHARED))
        elif hosts or _is_proxy(row, log):
            sure.append(Twin(log.row.number, row.number, log.row.server))
        else:
            unsure.append((log, ELSEWHERE))
    return Twins(tuple(sorted(sure, key=lambda twin: twin.packets)), _told(unsure))


def _may_be(table: FlowTable, logged: Sequence[Logged]) -> Column:
    """Gives the rows of a table that may have a twin, ascending."""
    ports = sorted({log.row.client.port for log in logged if log.row.client.ip})
    which = np.isin(table.client_port, ports)
    anonymous = [log for log in logged if not log.row.client.ip]
    if anonymous:
        first = min(log.row.first_ns for log in anonymous) - SLACK_NS
        last = max(log.row.last_ns for log in anonymous) + SLACK_NS
        which |= (table.first_ns <= last) & (table.last_ns >= first)
    return np.flatnonzero(which & np.isin(table.protocol, list(TRANSPORTS.values())))


def _rows(table: FlowTable, which: Column) -> Iterator[_Row]:
    columns = (getattr(table, name)[which].tolist() for name in COLUMNS)
    for number, protocol, version, *cells in zip(which.tolist(), *columns, strict=True):
        client_hi, client_lo, client_port, server_hi, server_lo, server_port, first_ns, last_ns = cells
        client = Endpoint(ip_text(version, client_hi, client_lo), client_port)
        server = Endpoint(ip_text(version, server_hi, server_lo), server_port)
        yield _Row(number, protocol, client, server, first_ns, last_ns)


class _Rows:
    """Rows by client and, for logs that name no client, by server and name, or the host that a proxy was asked for."""

    def __init__(self) -> None:
        self._by_client: dict[Endpoint, list[_Row]] = defaultdict(list)
        self._by_name: dict[tuple[Endpoint | None, str | None], list[_Row]] = defaultdict(list)

    def add(self, row: _Row, summary: FlowSummary) -> None:
        self._by_client[row.client].append(row)
        for name in {row.server.ip, *(name.name for name in summary.names)}:
            self._by_name[row.server, name].append(row)
        for host in _passed_on(summary):
            self._by_name[None, host].append(row)

    def get(self, log: Logged) -> list[_Row]:
        if log.row.client.ip:
            return self._by_client.get(log.row.client, [])
        return [row for at in (log.row.server, None) for row in self._by_name.get((at, log.host), [])]


def _fits(log: Logged, row: _Row) -> bool:
    """Says whether both were at one time and of one transport."""
    if TRANSPORTS[log.transport] != row.protocol or min(log.row.first_ns, row.first_ns) < 0:
        return False
    return row.first_ns <= log.row.last_ns + SLACK_NS and row.last_ns >= log.row.first_ns - SLACK_NS


def _passed_on(summary: FlowSummary) -> set[str]:
    """Gives the hosts of the requests that only a proxy is asked for."""
    return {host for one in summary.http if (host := asked_host(one)) is not None}


def _is_proxy(row: _Row, log: Logged) -> bool:
    """Says whether the packets go to the proxy's end of the client's connection, which may listen on any address."""
    if log.proxy is None or log.proxy.port != row.server.port:
        return False
    return log.proxy.ip in (row.server.ip, *ANY)


def _told(unsure: list[tuple[Logged, str]]) -> tuple[Problem, ...]:
    tally = ProblemTally()
    for log, detail in unsure:
        packet = log.row.first_packet
        tally.add(Problem("counted_twice", input_of(packet), packet, None, detail))
    return tally.rows()
