"""What devices say: bytes of one flow in, frozen events and readable contents out; one file for each protocol.

`DISSECTORS` is the one list; docs/protocols/ has a page for each. Its order never decides a result.
"""

from iotaudit.dissect import (
    dhcp,
    dhcpv6,
    dns,
    dtls,
    ftp,
    http,
    http2,
    llmnr,
    mdns,
    mqtt,
    ndp,
    netbios,
    ntp,
    quic,
    rtp,
    rtsp,
    smtp,
    ssdp,
    ssh,
    stun,
    tls,
    websocket,
    wireguard,
)
from iotaudit.dissect.flow import FlowDissector
from iotaudit.dissect.session import Context, Dissector
from iotaudit.model.flows import Endpoint

DISSECTORS: tuple[Dissector, ...] = (
    dhcp,
    dhcpv6,
    dns,
    dtls,
    ftp,
    http,
    http2,
    llmnr,
    mdns,
    mqtt,
    ndp,
    netbios,
    ntp,
    quic,
    rtp,
    rtsp,
    smtp,
    ssdp,
    ssh,
    stun,
    tls,
    websocket,
    wireguard,
)
"""Every protocol that is read."""


def open_flow(number: int, protocol: int, client: Endpoint, server: Endpoint) -> FlowDissector:
    """Opens the reading of one flow: `number` as events cite it, `protocol` the IP protocol number."""
    return FlowDissector(Context(number, protocol, client, server), DISSECTORS)


__all__ = ["DISSECTORS", "FlowDissector", "open_flow"]
