"""What devices do on their own network: services that they offer, log-ins that can be read, whom they contact.

One look over the conversations, taken one by one; only counts and a bounded choice of examples are kept.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from iotaudit.model.flows import Direction, EncryptionState, Flow

MINUTE_NS = 60_000_000_000
WINDOW_NS = 10 * MINUTE_NS
CHOSEN = 20
"""Flows, packets and peers kept of one service or log-in."""
STARTS = 2000
CONTACTS = 200_000
EPHEMERAL_PORT = 32_768
"""From here on ports are mostly those of clients: a conversation seen from its middle tells no service there.
Source: RFC 6056 section 2.1, and the default range of Linux."""
PLUMBING = frozenset(("dhcp", "dhcpv6", "dns", "ndp", "ntp"))
"""What a gateway sees of a device although it sees nothing between the device and its neighbours."""
DISCOVERY = frozenset(("dhcp", "dhcpv6", "dns", "llmnr", "mdns", "ndp", "netbios", "ntp", "ssdp", "stun"))
"""Protocols of finding and naming: what answers by them is no service of the device's own."""
LOGINLESS = frozenset(("bacnet", "kasa", "modbus", "tftp"))
"""Protocols that know no log-in: whatever they answer, they answer anyone.
Source: docs/protocols/ and what each page names."""
TYPED = frozenset(("ftp", "imap", "pop3", "smtp", "telnet"))
"""Protocols in which a log-in is typed as it is, unless TLS came first."""
KINDS: dict[tuple[str, int], str] = {
    ("tcp", 21): "ftp",
    ("tcp", 22): "ssh",
    ("tcp", 23): "telnet",
    ("tcp", 2323): "telnet",
    ("tcp", 3389): "rdp",
    ("tcp", 5555): "adb",
    ("tcp", 5900): "vnc",
    ("tcp", 5901): "vnc",
    ("udp", 69): "tftp",
}
"""What is behind a port that was not read. Source: IANA service names and port numbers; 2323 and 5555 by wide use."""
PORT_CONTROL = 5351
MAP_REQUEST_LEN = 12
"""Bytes of the least request for a port mapping; one for the outer address has 2.
Source: RFC 6886 sections 3.2 and 3.3 (NAT-PMP), RFC 6887 section 7.1 (PCP)."""
UPNP_CONTROL = ("wanipc", "wanppp", "ipconn", "pppconn")
"""Parts of paths to which UPnP requests for port mappings are posted; what they ask for stands in a header that is
not kept. Source: UPnP WANIPConnection:1 and the paths of common routers."""

Contact = tuple[int, str, int, int]
"""A conversation that a device began inside: time (ns), address, port, first packet."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A service that a device offers. `port` is None where only a name of it was announced.

    `answered`: somebody spoke with it. `content`: it gave data. `asked`: it asked for a log-in, or got one.
    `states` are how its payload was protected, `starts` when conversations began (ns since the epoch).
    """

    device: str
    protocol: str
    port: int | None
    service: str = ""
    answered: bool = False
    announced: bool = False
    tested: bool = False
    outside: bool = False
    content: bool = False
    asked: bool = False
    applications: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    packets: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()

    @property
    def kind(self) -> str | None:
        """What it is: by its content, else by its usual port."""
        named = sorted(self.applications, key=lambda name: (name == "tls", name))
        return named[0] if named else KINDS.get((self.protocol, self.port or 0))

    @property
    def label(self) -> str:
        """How people call it: tcp/80 (http)."""
        what = self.kind or self.service
        where = f"{self.protocol}/{self.port}" if self.port is not None else ""
        return f"{where} ({what})" if where and what else where or what


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in in a conversation that was not encrypted. `read`: name or secret of it were read."""

    device: str
    kind: str
    destination: str
    read: bool
    exposure: str = ""
    flows: tuple[str, ...] = ()
    packets: tuple[int, ...] = ()


@dataclass(slots=True)
class _Service:
    """A listener while conversations are taken."""

    applications: dict[str, None] = field(default_factory=dict)
    states: dict[str, None] = field(default_factory=dict)
    peers: dict[str, None] = field(default_factory=dict)
    flows: list[str] = field(default_factory=list)
    packets: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    outside: bool = False
    content: bool = False
    asked: bool = False

    def take(self, flow: Flow) -> None:
        if flow.application:
            self.applications[flow.application] = None
        if flow.payload_out or flow.payload_in:
            self.states[flow.encryption.state.value] = None
        if len(self.flows) < CHOSEN:
            self.flows.append(flow.id)
            self.packets.append(flow.first_packet)
            self.peers[flow.client.ip] = None
        if len(self.starts) < STARTS:
            self.starts.append(flow.first_ns)
        self.outside |= flow.direction is Direction.INBOUND
        self.asked |= _asks(flow)
        self.content |= _gives(flow)


def _asks(flow: Flow) -> bool:
    """Says whether a log-in was asked for or given."""
    if flow.mqtt is not None:
        return bool(flow.mqtt.username or flow.mqtt.password_sent)
    return flow.application in TYPED or flow.application == "ssh" or any(x.status in (401, 403, 407) for x in flow.http)


def _gives(flow: Flow) -> bool:
    """Says whether a service gave data of its own that could be read."""
    if flow.application in LOGINLESS:
        return flow.payload_in > 0
    if flow.mqtt is not None:
        return bool(flow.mqtt.topics)
    return any(x.status is not None and 200 <= x.status < 300 for x in flow.http)


@dataclass(slots=True)
class Inside:
    """What was seen inside, by device id. `device_of` gives the audited device that has an address."""

    device_of: Mapping[str, str]
    sees_local: bool = False
    tries: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Conversations that a device began, by minute since the epoch."""
    group_packets: Counter[str] = field(default_factory=Counter)
    mapped: set[str] = field(default_factory=set)
    may_map: set[str] = field(default_factory=set)
    proxied: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By the name of a server behind a proxy, what devices made of the proxy's certificate: refused, opened."""
    came_at: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    """When conversations from outside to a device began and ended."""
    _services: dict[tuple[str, str, int], _Service] = field(default_factory=dict)
    _logins: dict[tuple[str, str, str, bool], tuple[list[str], list[int]]] = field(default_factory=dict)
    _contacts: dict[str, list[Contact]] = field(default_factory=lambda: defaultdict(list))

    def take(self, flow: Flow) -> None:
        """Takes one conversation of an audited device."""
        device = flow.device or ""
        direction = flow.direction
        if direction is not Direction.INBOUND and "device_serves" not in flow.tags:
            self.tries[device][flow.first_ns // MINUTE_NS] += 1
        if direction is Direction.OUTBOUND:
            if flow.tags and "web_log" in flow.tags:
                self._through_proxy(flow)
            if flow.mqtt is not None or flow.application == "snmp" or flow.application in TYPED:
                self._log_in(flow, device)
            return
        if direction is Direction.MULTICAST:
            if self.device_of.get(flow.client.ip) == device:
                self.group_packets[device] += flow.packets_out
            return
        self._neighbour(flow, device)
        self._log_in(flow, device)

    def _through_proxy(self, flow: Flow) -> None:
        name = flow.names[0].name if flow.names else (flow.reached or flow.server).ip
        if flow.encryption.pinned:
            self.proxied[name].add("refused")
        elif flow.encryption.opened:
            self.proxied[name].add("opened")

    def _neighbour(self, flow: Flow, device: str) -> None:
        """Takes a conversation with an inside host, or from outside to the device."""
        local = flow.direction is Direction.LOCAL
        if local and flow.application not in PLUMBING and flow.protocol in ("tcp", "udp"):
            self.sees_local = True
        if flow.direction is Direction.INBOUND:
            self.came_at[device].append((flow.first_ns, flow.last_ns))
        host = self.device_of.get(flow.server.ip)
        if host is not None and _serves(flow):
            self._services.setdefault((host, flow.protocol, flow.server.port), _Service()).take(flow)
        if local and self.device_of.get(flow.client.ip) == device:
            rows = self._contacts[device]
            if len(rows) < CONTACTS:
                rows.append((flow.first_ns, flow.server.ip, flow.server.port, flow.first_packet))
            self._maps(flow, device)

    def _maps(self, flow: Flow, device: str) -> None:
        """Notes a request to a router for a way in."""
        if flow.protocol == "udp" and flow.server.port == PORT_CONTROL and flow.packets_out:
            asked = flow.payload_out >= MAP_REQUEST_LEN * flow.packets_out
            (self.mapped if asked else self.may_map).add(device)
        elif any(x.method == "POST" and any(part in x.uri.lower() for part in UPNP_CONTROL) for x in flow.http):
            self.may_map.add(device)

    def _log_in(self, flow: Flow, device: str) -> None:
        if flow.encryption.state is not EncryptionState.PLAINTEXT:
            return
        if flow.mqtt is not None:
            kind, read = "mqtt", bool(flow.mqtt.username or flow.mqtt.password_sent)
            if not read:
                return
        elif flow.application == "snmp":
            kind, read = "snmp", True
        elif flow.application in TYPED and flow.payload_out and flow.payload_in:
            kind, read = flow.application or "", False
        else:
            return
        flows, packets = self._logins.setdefault((device, kind, flow.destination or "", read), ([], []))
        if len(flows) < CHOSEN:
            flows.append(flow.id)
            packets.append(flow.first_packet)

    def listeners(self) -> tuple[Listener, ...]:
        """Gives the services that answered, sorted."""
        return tuple(
            Listener(
                device,
                protocol,
                port,
                answered=True,
                outside=row.outside,
                content=row.content,
                asked=row.asked,
                applications=tuple(sorted(row.applications)),
                states=tuple(sorted(row.states)),
                peers=tuple(row.peers),
                flows=tuple(row.flows),
                packets=tuple(sorted(set(row.packets))),
                starts=tuple(row.starts),
            )
            for (device, protocol, port), row in sorted(self._services.items())
        )

    def logins(self) -> tuple[Login, ...]:
        """Gives the log-ins, sorted; several of one kind to one destination are one."""
        return tuple(
            Login(device, kind, where, read, "", tuple(flows), tuple(sorted(set(packets))))
            for (device, kind, where, read), (flows, packets) in sorted(self._logins.items())
        )

    def most_contacts(self, device: str) -> tuple[int, int]:
        """Gives the most inside hosts, and the most of their ports, that a device contacted in ten minutes."""
        rows = sorted(self._contacts.get(device, ()))
        return _most(rows, lambda row: row[1]), _most(rows, lambda row: row[1:3])

    def contact_packets(self, device: str) -> tuple[int, ...]:
        """Gives the first packets of the first conversations that a device began inside."""
        return tuple(sorted(row[3] for row in self._contacts.get(device, ())[:CHOSEN]))

    def most_tries(self, device: str) -> int:
        """Gives the most conversations that a device began in a minute by the clock."""
        return max(self.tries.get(device, Counter()).values(), default=0)


def _serves(flow: Flow) -> bool:
    """Says whether the server's end is a service that answered, and no client's port of a conversation begun unseen."""
    if flow.application in DISCOVERY:
        return False
    begun = flow.protocol == "tcp" and flow.rtt_min_ns is not None
    if begun:
        return True
    return flow.payload_in > 0 and flow.server.port < EPHEMERAL_PORT and flow.protocol in ("tcp", "udp")


def _most(rows: list[Contact], key: Callable[[Contact], object]) -> int:
    """Gives the most different keys of rows, sorted by time, within `WINDOW_NS` of each other."""
    count: Counter[object] = Counter()
    most = begin = 0
    for row in rows:
        while row[0] - rows[begin][0] > WINDOW_NS:
            gone = key(rows[begin])
            count[gone] -= 1
            if not count[gone]:
                del count[gone]
            begin += 1
        count[key(row)] += 1
        most = max(most, len(count))
    return most


def devices_by_ip(devices: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """Gives the device id of each address."""
    return {ip: ident for ident, ips in devices for ip in ips}
