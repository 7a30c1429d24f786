"""What the hellos and the certificate of one TLS, DTLS or QUIC handshake told, in whatever wrapping they came.

Source: RFC 8446 section 4 (handshake messages), RFC 5246 section 7.4.
"""

import re
from dataclasses import replace

from iotaudit.codec.guard import Fault
from iotaudit.dissect.certificate import certificates_of, read_chain
from iotaudit.dissect.cursor import ShortError
from iotaudit.dissect.session import Reading
from iotaudit.dissect.tls_ciphers import does_not_encrypt, suite_name
from iotaudit.dissect.tls_hello import (
    RANDOM_END,
    ClientHello,
    ServerHello,
    client_hello,
    encrypted_alpn,
    ja4,
    server_hello,
    session_id,
    version_name,
)
from iotaudit.dissect.weakness import weak_of
from iotaudit.model.events import Event, NameSeen, Oddity
from iotaudit.model.flows import Certificate, Encryption, EncryptionState, Tls

CLIENT_HELLO = 1
SERVER_HELLO = 2
ENCRYPTED_EXTENSIONS = 8
CERTIFICATE = 11
SERVER_HELLO_DONE = 14
MESSAGE_LEN = 1 << 16
"""Handshake messages beyond this are not gathered."""
TLS13 = frozenset({0x0304, 0xFEFC})
HOST = re.compile(r"(?=.{4,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")


class Handshake:
    """Takes handshake messages and sums them up. `transport` is "t", "q" or "d" as in JA4."""

    def __init__(self, flow: int, transport: str, name_source: str) -> None:
        self._flow = flow
        self._transport = transport
        self._name_source = name_source
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self.certificate: Certificate | None = None
        self.client_random = b""
        self.server_random = b""
        self._ja4: str | None = None
        self._session_id = b""
        self._from_client: bool | None = None
        self._retry = False

    def message(
        self, kind: int, body: bytes, place: tuple[int, int], *, outbound: bool
    ) -> tuple[Event, ...]:
        """Takes one whole message (without its header); `place` is packet id and time of its last byte."""
        try:
            if kind == CLIENT_HELLO and self.client is None:
                return self._client(body, place, outbound=outbound)
            if kind == SERVER_HELLO and (self.server is None or self.server.retry):
                self.server = server_hello(body)
                self.server_random = body[2:RANDOM_END]
                self._retry = self._retry or self.server.retry
            elif kind == ENCRYPTED_EXTENSIONS and self.server is not None and outbound is not self._from_client:
                self.server = replace(self.server, alpn=encrypted_alpn(body))
            elif kind == CERTIFICATE and self.certificate is None and outbound is not self._from_client:
                return self._certificate(body, place, outbound=outbound)
        except ShortError:
            return (self.oddity(place, f"handshake message of type {kind}", outbound=outbound),)
        return ()

    def oddity(self, place: tuple[int, int], what: str, *, outbound: bool) -> Oddity:
        """Gives the oddity of a message whose lengths cannot be true."""
        return Oddity(self._flow, *place, outbound, "malformed_message", f"{what}: lengths cannot be true")

    def is_server_done(self) -> bool:
        """Says whether the server's side can tell nothing more in the clear."""
        if self.server is None or self.server.retry:
            return False
        return self.server.version in TLS13 or self.certificate is not None

    def reading(self, protocol: str, *, reason: str, version: str | None = None) -> Reading:
        """Gives the summary; `version` stands where the hellos do not tell one."""
        hello, answer = self.client, self.server
        cipher = None
        state = EncryptionState.ENCRYPTED
        if answer is not None:  # a HelloRetryRequest binds the server to version and suite (RFC 8446 section 4.1.4)
            version = version_name(answer.version)
            cipher = suite_name(answer.cipher)
            if does_not_encrypt(answer.cipher):
                state, reason = EncryptionState.PLAINTEXT, "the chosen cipher suite does not encrypt"
        tls = None
        if hello or answer or self.certificate:
            chosen = (answer.alpn,) if answer and answer.alpn else ()
            tls = Tls(
                sni=hello.sni if hello else None,
                alpn=chosen or (hello.alpn if hello else ()),
                version=version,
                cipher=cipher,
                ja4=self._ja4,
                ech=hello.ech if hello else False,
                certificate=self.certificate,
                retry=self._retry,
                resumed=self._resumed(),
                weak=weak_of(version if answer else None, cipher, self.certificate, self._asked_for()),
            )
        return Reading(Encryption(state, protocol, version, cipher, reason), tls=tls)

    def _asked_for(self) -> str | None:
        """Gives the host that the client asked for, None where an outer hello may hide it."""
        return self.client.sni if self.client and not self.client.ech else None

    def _resumed(self) -> bool | None:
        """Says whether the server took up an earlier session (up to TLS 1.2), or a shared key (TLS 1.3)."""
        answer = self.server
        if answer is None or answer.retry:
            return None
        if answer.version in TLS13:
            return answer.psk
        return bool(answer.session_id) and answer.session_id == self._session_id if self.client else None

    def _client(self, body: bytes, place: tuple[int, int], *, outbound: bool) -> tuple[Event, ...]:
        hello = client_hello(body, datagram=self._transport == "d")
        self.client = hello
        self.client_random = body[2:RANDOM_END]
        self._session_id = session_id(body)
        self._from_client = outbound
        self._ja4 = ja4(hello, self._transport)
        if hello.sni is None:
            return ()
        source = "ech_outer" if hello.ech else self._name_source
        return (NameSeen(self._flow, *place, outbound, hello.sni, source),)

    def _certificate(self, body: bytes, place: tuple[int, int], *, outbound: bool) -> tuple[Event, ...]:
        ders = certificates_of(body, tls13=self.server is not None and self.server.version in TLS13)
        if not ders:
            return ()
        found = read_chain(ders, *place)
        if isinstance(found, Fault):
            detail = f"certificate of {len(ders[0])} bytes: {found.error}"
            return (Oddity(self._flow, *place, outbound, "malformed_message", detail),)
        self.certificate = found
        name = _one_name(found)
        return (NameSeen(self._flow, *place, outbound, name, "certificate"),) if name else ()


def _one_name(certificate: Certificate) -> str | None:
    """Gives the host that the certificate is for, where it is for one alone (a wildcard or a list names none)."""
    names = {name for name in certificate.sans if HOST.match(name)}
    common = (certificate.subject_cn or "").lower().rstrip(".")
    if HOST.match(common) and all("*" not in name for name in certificate.sans):
        same = names - {common, f"www.{common}", common.removeprefix("www.")}
        if not same:
            return common
    if len(certificate.sans) == 1 and names:
        return next(iter(names))
    return None
