"""Real QUIC conversations without a network: two ends of aioquic in memory, their datagrams and their key log.

aioquic comes with mitmproxy; who uses `talk` skips where it is absent. `frozen` gives conversations that were kept.
"""

import io
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.tls_talk import HOST, _credentials

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = Path(__file__).with_name("dissect") / "datagram_talks.txt"


@dataclass(frozen=True, slots=True)
class DatagramTalk:
    """What crossed the line, `(outbound, datagram)` in order, and the lines of the key log."""

    datagrams: tuple[tuple[bool, bytes], ...]
    keylog: bytes


class Ends:
    """Client and server; `carry` brings everything that they have to say to the other end, and notes it."""

    def __init__(
        self, alpn: str, versions: tuple[int, ...], suites: tuple[int, ...], original: int, ticket: Any = None
    ) -> None:
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.connection import QuicConnection
        from aioquic.tls import CipherSuite

        self.log = io.StringIO()
        self.datagrams: list[tuple[bool, bytes]] = []
        self.tickets: list[Any] = [ticket] if ticket else []
        self.now = 0.0
        common: dict[str, Any] = {"alpn_protocols": [alpn], "max_datagram_frame_size": 1200}
        if versions:
            common["supported_versions"] = list(versions)
        if suites:
            common["cipher_suites"] = [CipherSuite(suite) for suite in suites]
        ours = QuicConfiguration(
            is_client=True,
            server_name=HOST,
            verify_mode=ssl.CERT_NONE,
            secrets_log_file=self.log,
            session_ticket=ticket,
            original_version=original or None,
            **common,
        )
        certificate, key = _credentials(False)
        theirs = QuicConfiguration(
            is_client=False,
            certificate=x509.load_pem_x509_certificate(certificate),
            private_key=load_pem_private_key(key, None),
            **common,
        )
        self.client = QuicConnection(configuration=ours, session_ticket_handler=self.tickets.append)
        self.server = QuicConnection(
            configuration=theirs,
            original_destination_connection_id=self.client.original_destination_connection_id,
            session_ticket_handler=self.tickets.append,
            session_ticket_fetcher=lambda label: next((t for t in self.tickets if t.ticket == label), None),
        )
        self.client.connect(("192.0.2.1", 443), self.now)
        self.heard: dict[bool, Callable[[Any], object]] = {}

    def carry(self, rounds: int = 6) -> None:
        """Lets both ends speak until they have nothing to say (or the rounds are over)."""
        ends = {True: self.client, False: self.server}
        for _ in range(rounds):
            for outbound, end in ends.items():
                self.now += 0.01
                for data, _address in end.datagrams_to_send(self.now):
                    self.datagrams.append((outbound, data))
                    ends[not outbound].receive_datagram(data, ("192.0.2.9", 5000), self.now)
                self._events(not outbound, ends[not outbound])

    def _events(self, client: bool, end: Any) -> None:  # noqa: FBT001 - private
        while event := end.next_event():
            if client in self.heard:
                self.heard[client](event)

    def talk(self) -> DatagramTalk:
        """Gives what was noted."""
        return DatagramTalk(tuple(self.datagrams), self.log.getvalue().encode())


def ends(
    alpn: str = "h3",
    versions: tuple[int, ...] = (),
    suites: tuple[int, ...] = (),
    *,
    resume: bool = False,
    original: int = 0,
) -> Ends:
    """Gives two ends whose client has begun, in version `original` (0: its first).

    `resume`: with a ticket of a conversation before.
    """
    original = original or (versions[0] if versions else 0)
    first = Ends(alpn, versions, suites, original)
    if not resume:
        return first
    first.carry()
    client_ticket = next(ticket for ticket in first.tickets if ticket.server_name == HOST)
    second = Ends(alpn, versions, suites, original, client_ticket)
    second.tickets += first.tickets
    return second


def http3(
    requests: tuple[tuple[str, bytes], ...],
    versions: tuple[int, ...] = (),
    suites: tuple[int, ...] = (),
    *,
    resume: bool = False,
    key_update: bool = False,
    original: int = 0,
) -> DatagramTalk:
    """Gives a conversation in which the client posts these bodies to these paths, and the server answers each."""
    from aioquic.h3.connection import H3Connection
    from aioquic.h3.events import DataReceived

    pair = ends("h3", versions, suites, resume=resume, original=original)
    if not resume:
        pair.carry(2)
    client = H3Connection(pair.client)
    server: list[Any] = []

    def asked(event: Any) -> None:
        if not server:
            server.append(H3Connection(pair.server))
        for told in server[0].handle_event(event):
            if isinstance(told, DataReceived) and told.stream_ended:
                fields = [
                    (b":status", b"200"),
                    (b"set-cookie", b"session=0815"),
                    (b"content-type", b"text/plain"),
                ]
                server[0].send_headers(told.stream_id, fields)
                server[0].send_data(told.stream_id, b"stored " + told.data[:8], True)

    pair.heard = {False: asked, True: client.handle_event}
    for count, (path, body) in enumerate(requests):
        if key_update and count:
            (pair.client if count % 2 else pair.server).request_key_update()
            pair.carry(2)
        stream = pair.client.get_next_available_stream_id()
        fields = [
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":authority", HOST.encode()),
            (b":path", path.encode()),
            (b"user-agent", b"camera/1.0"),
            (b"x-device-id", b"cam-0042-77"),
            (b"content-type", b"application/json"),
        ]
        client.send_headers(stream, fields)
        client.send_data(stream, body, True)
        pair.carry(4)
    return pair.talk()


def frozen(name: str) -> DatagramTalk:
    """Gives a conversation that was kept in hexadecimal."""
    datagrams: list[tuple[bool, bytes]] = []
    keylog: list[bytes] = []
    for line in KEPT.read_text("ascii").splitlines():
        title, kind, text = line.split(" ", 2)
        if title != name:
            continue
        if kind == "key":
            keylog.append(text.encode())
        else:
            datagrams.append((kind == "out", bytes.fromhex(text)))
    return DatagramTalk(tuple(datagrams), b"\n".join(keylog))
