"""Plays a conversation that changes to TLS to a whole flow: `after_tls(ldap, device(...), server(...))`."""

from types import ModuleType
from typing import cast

from iotaudit.dissect import tls
from iotaudit.dissect.flow import FlowDissector
from iotaudit.dissect.session import TCP, Context, Dissector
from iotaudit.model.flows import FlowSummary
from iotaudit.model.raw import Segment
from tests.dissect import hellos
from tests.dissect.play import DEVICE, SERVER, Piece, device

HELLO = device(
    hellos.record(22, hellos.message(1, hellos.client_hello(hellos.server_name(b"up.vendor.test"))))
)


def after_tls(module: ModuleType, *pieces: Piece) -> FlowSummary:
    """Gives the summary of a flow in which a hello for `up.vendor.test` follows the pieces."""
    dissectors = (cast("Dissector", module), cast("Dissector", tls))
    flow = FlowDissector(Context(1, TCP, DEVICE, SERVER), dissectors)
    for packet, piece in enumerate((*pieces, HELLO), start=1):
        flow.feed(Segment(1, piece.outbound, packet, packet, 0, piece.data))
    flow.close()
    return flow.summary()
