"""A conversation of a web log as counted, and whether its requests ask for one to be passed on."""

import re
from dataclasses import dataclass

from iotaudit.model.flows import Endpoint, FlowSummary, HttpExchange
from iotaudit.model.quick import quick

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://")
"""How a target begins that only a proxy is asked for (RFC 9112 section 3.2.2)."""
PORT = re.compile(r":[0-9]*\Z")


@quick
@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of a web log as counted, before anybody is named; those of packets are rows of a `FlowTable`.

    `number` is what events cite. Sizes are bytes, times ns since the epoch, packets packet ids.
    """

    number: int
    protocol: str
    client: Endpoint
    server: Endpoint
    packets_out: int
    bytes_out: int
    payload_out: int
    packets_in: int
    bytes_in: int
    payload_in: int
    first_ns: int
    last_ns: int
    first_packet: int
    first_payload_out: int | None
    first_payload_in: int | None
    rtt_min_ns: int | None
    layer: int = 0
    web_log: bool = False
    macs: tuple[int, int] = (0, 0)
    """Link addresses that client and server were seen behind, 0 unknown."""


def is_asked_to_pass_on(summary: FlowSummary) -> bool:
    """Says whether requests were seen that only a proxy is asked for."""
    return any(asked_host(one) is not None for one in summary.http)


def asked_host(request: HttpExchange) -> str | None:
    """Gives the host (lower case, "" where there is none) of a request that only a proxy is asked for, else None."""
    if request.method == "CONNECT":
        authority = request.uri
    elif scheme := ABSOLUTE.match(request.uri):
        authority = re.split(r"[/?#]", request.uri[scheme.end() :], maxsplit=1)[0]
    else:
        return None
    host = PORT.sub("", authority.rpartition("@")[2])
    return host.strip("[]").rstrip(".").lower()
