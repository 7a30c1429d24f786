"""Real DTLS conversations without a network: two ends of OpenSSL in memory (pyOpenSSL), datagrams and key log.

pyOpenSSL comes with mitmproxy; who uses `talk` skips where it is absent.
"""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.quic_talk import DatagramTalk
from tests.tls_talk import _credentials

PACKET_LEN = 1200


def talk(
    *says: tuple[bool, bytes], ciphers: bytes = b"ECDHE-ECDSA-AES128-GCM-SHA256", use_rsa: bool = False
) -> DatagramTalk:
    """Gives a conversation in DTLS 1.2 in which client (True) and server (False) send these datagrams."""
    from OpenSSL import SSL

    log: list[bytes] = []
    datagrams: list[tuple[bool, bytes]] = []
    certificate, key = _credentials(use_rsa)
    ends: dict[bool, Any] = {}
    for client in (True, False):
        context = SSL.Context(SSL.DTLS_METHOD)
        context.set_cipher_list(ciphers + b":@SECLEVEL=0")
        context.set_options(SSL.OP_NO_QUERY_MTU)
        context.set_keylog_callback(lambda _, line: log.append(line))
        if not client:
            context.use_certificate(x509.load_pem_x509_certificate(certificate))
            context.use_privatekey(load_pem_private_key(key, None))  # type: ignore[arg-type]
        ends[client] = SSL.Connection(context, None)
        ends[client].set_ciphertext_mtu(PACKET_LEN)
    ends[True].set_connect_state()
    ends[False].set_accept_state()

    def carry() -> None:
        for outbound in (True, False):
            while True:
                try:
                    data = ends[outbound].bio_read(PACKET_LEN)
                except SSL.WantReadError:
                    break
                datagrams.append((outbound, data))
                ends[not outbound].bio_write(data)
                _drive(ends[not outbound])

    _drive(ends[True])
    for _ in range(6):
        carry()
    for outbound, text in says:
        ends[outbound].send(text)
        carry()
    return DatagramTalk(tuple(datagrams), b"\n".join(dict.fromkeys(log)))


def _drive(end: Any) -> None:
    from OpenSSL import SSL

    try:
        end.do_handshake()
        end.recv(1 << 16)
    except SSL.WantReadError:
        return
