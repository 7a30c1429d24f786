"""What mitmproxy loads: it lets pass, unopened, what a device refused to have opened at its last try.

This file runs inside the proxy's process and is imported by nothing else. A refused handshake and what passes
unopened are both written as TCP flows, so that the log says what stayed closed.
"""

import json
from typing import Any

from mitmproxy import ctx, flow, tcp
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.layers.tcp import TcpErrorHook, TCPLayer

SURE = "does not trust the proxy's certificate for"
"""The device answered with an alert about the certificate."""
TRIES = 2
"""So many unexplained broken handshakes with one server count as a refusal."""
Address = tuple[str, int]


class PassRefused:
    """Counts failed handshakes for each server, and passes on unopened what a device refuses."""

    def __init__(self) -> None:
        self.failures: dict[Address, int] = {}

    def tls_failed_client(self, data: Any) -> None:  # noqa: ANN401 - mitmproxy's TlsData
        """Remembers a server and writes the refusal down."""
        address = data.context.server.address
        if address is None:
            return
        reason = data.conn.error or "the handshake was broken off"
        self.failures[address] = self.failures.get(address, 0) + (TRIES if SURE in reason else 1)
        refused = tcp.TCPFlow(data.context.client, data.context.server)
        refused.error = flow.Error(reason)
        ctx.master.addons.trigger(TcpErrorHook(refused))
        _tell("handshake_refused", address, sure=SURE in reason)

    def next_layer(self, choice: Any) -> None:  # noqa: ANN401 - mitmproxy's NextLayer
        """Takes over where a refused server is spoken to by TLS again."""
        address = choice.context.server.address
        if self.failures.get(address, 0) < TRIES or not starts_like_tls_record(choice.data_client()):
            return
        choice.layer = TCPLayer(choice.context)
        _tell("passed_unopened", address)


def _tell(event: str, address: Address, **facts: bool) -> None:
    """Prints one line for the recording's log."""
    line = {"event": event, "host": address[0], "port": address[1], **facts}
    print(f"iotaudit {json.dumps(line)}", flush=True)  # noqa: T201 - the pipe to the recording


addons = [PassRefused()]
