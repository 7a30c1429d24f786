"""Real TLS conversations without a network: two ends of OpenSSL in memory, their bytes and their key log."""

import datetime
import ssl
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

HOST = "cloud.vendor.example"


@dataclass(frozen=True, slots=True)
class Talk:
    """What crossed the line, `(outbound, bytes)` in order, and the lines of the key log."""

    flights: tuple[tuple[bool, bytes], ...]
    keylog: bytes
    cipher: str


def talk(
    *says: tuple[bool, bytes],
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ciphers: str = "",
    alpn: tuple[str, ...] = (),
    use_rsa: bool = True,
    resume: bool = False,
) -> Talk:
    """Gives a whole conversation in which client (True) and server (False) say these bytes; `resume`: its second."""
    with TemporaryDirectory() as folder:
        log = Path(folder, "keys")
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(*_files(Path(folder), use_rsa))
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        for context in (server, client):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is tried here
                context.minimum_version = context.maximum_version = version
            if ciphers:
                context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
            if alpn:
                context.set_alpn_protocols(list(alpn))
        client.keylog_filename = str(log)
        session = _converse(client, server, says, None)[1] if resume else None
        log.write_bytes(b"")
        flights, _, cipher = _converse(client, server, says, session)
        return Talk(flights, log.read_bytes(), cipher)


def _converse(
    client: ssl.SSLContext, server: ssl.SSLContext, says: tuple[tuple[bool, bytes], ...], session: ssl.SSLSession | None
) -> tuple[tuple[tuple[bool, bytes], ...], ssl.SSLSession | None, str]:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = {
        True: client.wrap_bio(down, up, server_hostname=HOST, session=session),
        False: server.wrap_bio(up, down, server_side=True),
    }
    flights: list[tuple[bool, bytes]] = []
    pipes = {True: up, False: down}

    def carry() -> None:
        """Notes what an end wrote; the pipe hands it to the other end unchanged."""
        for outbound, pipe in pipes.items():
            data = pipe.read()
            if data:
                flights.append((outbound, data))
                pipe.write(data)
                _drive(ends[not outbound])

    for _ in range(6):
        _drive(ends[True])
        carry()
    for outbound, text in says:
        ends[outbound].write(text)
        carry()
    cipher = ends[True].cipher()
    return tuple(flights), ends[True].session, cipher[0] if cipher else ""


def _drive(end: ssl.SSLObject) -> None:
    try:
        end.do_handshake()
        end.read(1 << 16)
    except ssl.SSLWantReadError:
        return


@cache
def _credentials(use_rsa: bool) -> tuple[bytes, bytes]:  # noqa: FBT001 - private
    key = rsa.generate_private_key(65537, 2048) if use_rsa else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


def _files(folder: Path, use_rsa: bool) -> tuple[str, str]:  # noqa: FBT001 - private
    paths = folder / "certificate.pem", folder / "key.pem"
    for path, text in zip(paths, _credentials(use_rsa), strict=True):
        path.write_bytes(text)
    return str(paths[0]), str(paths[1])
