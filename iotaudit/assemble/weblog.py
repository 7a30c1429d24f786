"""Conversations of a web log: the same rows as packets give, one for each protocol, client, server and name."""

from collections.abc import Collection
from dataclasses import dataclass, field

from iotaudit.assemble.conversation import Conversation
from iotaudit.model.flows import Endpoint
from iotaudit.model.raw import Exchange

FIRST_NUMBER = 1 << 32
"""Flow numbers of web logs start here, above any row of a flow table."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One conversation of a log, with what tells which packets are of it.

    `transport`: tcp or udp, what carried it · `host`: the name that was asked for · `proxy`: the proxy's end of the
    client's connection, None where the log has none.
    """

    row: Conversation
    transport: str
    host: str | None
    proxy: Endpoint | None


@dataclass(slots=True)
class _Sum:
    number: int
    exchange: Exchange
    first_packet: int
    entries: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    first_ns: int = 0
    last_ns: int = 0


@dataclass(slots=True)
class WebLog:
    """Collects exchanges; one log entry counts as one packet each way, its stated sizes as bytes and payload."""

    _sums: dict[tuple[str, str, str, int, str, int], _Sum] = field(default_factory=dict)

    def add(self, exchange: Exchange, packet: int) -> int:
        """Counts one exchange and gives the number of its flow."""
        key = (
            _protocol(exchange),
            exchange.host or "",
            exchange.client_ip or "",
            exchange.client_port,
            exchange.server_ip or "",
            exchange.server_port,
        )
        row = self._sums.get(key)
        if row is None:
            row = _Sum(FIRST_NUMBER + len(self._sums), exchange, packet, first_ns=exchange.time_ns)
            self._sums[key] = row
        row.entries += 1
        row.bytes_out += exchange.request_len
        row.bytes_in += exchange.response_len
        row.first_ns = min(row.first_ns, exchange.time_ns)
        row.last_ns = max(row.last_ns, exchange.end_ns, exchange.time_ns)
        return row.number

    def clients(self, without: Collection[int] = ()) -> dict[str, int]:
        """Gives the addresses of the clients ("" where the log has none) with their first entry's id.

        Nobody is told of for conversations whose number is in `without`: packets show who had them.
        """
        first: dict[str, int] = {}
        for row in self._sums.values():
            ip = row.exchange.client_ip or ""
            if not ip and row.number in without:
                continue
            first[ip] = min(first.get(ip, row.first_packet), row.first_packet)
        return first

    def logged(self) -> tuple[Logged, ...]:
        """Gives one conversation for each client, server and name, with what tells which packets are of it."""
        return tuple(_logged(row) for row in self._sums.values())


def _logged(row: _Sum) -> Logged:
    one = row.exchange
    conversation = Conversation(
        number=row.number,
        protocol=_protocol(one),
        client=Endpoint(one.client_ip or "", one.client_port),
        server=Endpoint(one.server_ip or "", one.server_port),
        packets_out=row.entries,
        bytes_out=row.bytes_out,
        payload_out=row.bytes_out,
        packets_in=row.entries if row.bytes_in else 0,
        bytes_in=row.bytes_in,
        payload_in=row.bytes_in,
        first_ns=row.first_ns,
        last_ns=row.last_ns,
        first_packet=row.first_packet,
        first_payload_out=row.first_packet if row.bytes_out else None,
        first_payload_in=row.first_packet if row.bytes_in else None,
        rtt_min_ns=None,
        web_log=True,
    )
    proxy = Endpoint(one.proxy_ip, one.proxy_port) if one.proxy_ip else None
    return Logged(conversation, _transport(one), one.host, proxy)


def _protocol(exchange: Exchange) -> str:
    """Gives what the log is of: requests are "http", whatever carried them; no transport conversation was seen."""
    return {"tcp": "tcp", "udp": "udp", "dns": "udp"}.get(exchange.kind, "http")


def _transport(exchange: Exchange) -> str:
    """Gives what carried an exchange between client and proxy."""
    if exchange.kind in ("udp", "dns") or exchange.http_version.startswith("HTTP/3"):
        return "udp"
    return "tcp"
