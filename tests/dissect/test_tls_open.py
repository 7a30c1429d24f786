"""TLS opened with a key log: real conversations of OpenSSL, whole, cut, with holes, and with keys that do not fit."""

import random
import struct
from ssl import TLSVersion

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.keylog import KeyLog
from iotaudit.codec.tls_keys import expand_label, next_secret, opener_13, prf, suite_of
from iotaudit.dissect import open_flow
from iotaudit.dissect.session import TCP
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState, Endpoint, FlowSummary
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE
from tests.tls_talk import HOST, Talk, talk

GET = b"GET /up?serial=DW-0042&room=kitchen HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\n\r\n"
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
POST = b"POST /map HTTP/1.1\r\nHost: " + HOST.encode() + b"\r\nContent-Type: text/plain\r\nContent-Length: 4000\r\n\r\n"
MQTT = bytes.fromhex(
    "10 0f 0004 4d515454 04 02 003c 0003 643432"  # CONNECT, MQTT 3.1.1, client id d42
    "30 08 0003 612f62 6d6170"  # PUBLISH a/b: map
)
SUITES = (
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "AES128-CCM",
    "AES256-CCM8",
    "AES128-SHA",
    "ECDHE-RSA-AES256-SHA384",
)
Seen = tuple[list[Event | Content], FlowSummary]
Piece = tuple[bool, bytes, int]


def keys_of(text: bytes) -> KeyLog:
    keys = KeyLog()
    keys.add(text)
    return keys


def pieces_of(conversation: Talk) -> list[Piece]:
    return [(outbound, data, 0) for outbound, data in conversation.flights]


def read(pieces: list[Piece], keylog: bytes, cut: int = 0, port: int = 443) -> Seen:
    """Gives what a flow of these pieces (direction, bytes, missing bytes) tells; all of a piece is one packet's."""
    flow = open_flow(1, TCP, DEVICE, Endpoint("192.0.2.1", port), keys_of(keylog))
    found: list[Event | Content] = []
    for packet, (outbound, data, gap_len) in enumerate(pieces, start=1):
        if gap_len:
            found += flow.feed(Segment(1, outbound, packet, packet, 0, b"", gap_len))
            continue
        step = cut or len(data)
        for at in range(0, len(data), step):
            found += flow.feed(Segment(1, outbound, packet, packet, 0, data[at : at + step]))
    found += flow.close()
    return found, flow.summary()


def oddities(seen: Seen) -> list[tuple[str, str]]:
    return [(item.kind, item.detail) for item in seen[0] if isinstance(item, Oddity)]


def without(pieces: list[Piece], *, outbound: bool, start: int, length: int) -> list[Piece]:
    """Gives the pieces with a hole of so many bytes in one direction."""
    found: list[Piece] = []
    at = 0
    for out, data, _ in pieces:
        if out is not outbound:
            found.append((out, data, 0))
            continue
        low, high = max(start - at, 0), min(start + length - at, len(data))
        at += len(data)
        if low >= high:
            found.append((out, data, 0))
            continue
        parts = [(out, data[:low], 0), (out, b"", high - low), (out, data[high:], 0)]
        found += [part for part in parts if part[1] or part[2]]
    return found


def length_of(conversation: Talk, *, outbound: bool) -> int:
    return sum(len(data) for out, data in conversation.flights if out is outbound)


@pytest.mark.parametrize("cipher", SUITES)
def test_pass_tls_12_shows_the_requests_inside(cipher: str) -> None:
    conversation = talk((True, GET), (False, OK), (True, GET), version=TLSVersion.TLSv1_2, ciphers=cipher)
    seen = read(pieces_of(conversation), conversation.keylog)
    summary = seen[1]
    assert summary.application == "http"
    assert [(row.host, row.status) for row in summary.http] == [(HOST, 204), (HOST, None)]
    assert (summary.encryption.state, summary.encryption.protocol) == (EncryptionState.ENCRYPTED, "tls")
    assert (summary.encryption.version, summary.encryption.opened) == ("TLSv1.2", True)
    assert {item.channel for item in seen[0] if isinstance(item, Content)} == {"decrypted"}
    assert oddities(seen) == []


@pytest.mark.parametrize("version", [TLSVersion.TLSv1, TLSVersion.TLSv1_1])
def test_pass_older_versions_are_opened(version: TLSVersion) -> None:
    conversation = talk((True, GET), (False, OK), version=version, ciphers="AES128-SHA")
    summary = read(pieces_of(conversation), conversation.keylog)[1]
    assert [(row.host, row.status) for row in summary.http] == [(HOST, 204)]


def test_pass_tls_13_shows_the_requests_and_the_certificate_inside() -> None:
    conversation = talk((True, GET), (False, OK))
    seen = read(pieces_of(conversation), conversation.keylog)
    summary = seen[1]
    assert [(row.host, row.status) for row in summary.http] == [(HOST, 204)]
    assert (summary.encryption.version, summary.encryption.opened) == ("TLSv1.3", True)
    assert summary.tls is not None
    assert summary.tls.certificate is not None
    assert summary.tls.certificate.subject_cn == HOST
    assert {(name.name, name.source) for name in summary.names} == {
        (HOST, "sni"),
        (HOST, "certificate"),
        (HOST, "http_host"),
    }
    assert oddities(seen) == []


@pytest.mark.parametrize("version", [TLSVersion.TLSv1_2, TLSVersion.TLSv1_3])
def test_pass_a_resumed_session_is_opened(version: TLSVersion) -> None:
    conversation = talk((True, GET), (False, OK), version=version, resume=True)
    summary = read(pieces_of(conversation), conversation.keylog)[1]
    assert [(row.host, row.status) for row in summary.http] == [(HOST, 204)]


def test_pass_mqtt_over_tls_is_mqtt() -> None:
    conversation = talk((True, MQTT))
    summary = read(pieces_of(conversation), conversation.keylog, port=8883)[1]
    assert summary.application == "mqtt"
    assert summary.mqtt is not None
    assert (summary.mqtt.client_id, summary.mqtt.topics) == ("d42", ("a/b",))


@pytest.mark.parametrize("version", [TLSVersion.TLSv1_2, TLSVersion.TLSv1_3])
def test_the_cut_changes_nothing(version: TLSVersion) -> None:
    conversation = talk((True, GET), (False, OK), (True, GET), version=version)
    whole = read(pieces_of(conversation), conversation.keylog)
    for cut in (1, 2, 5, 700):
        assert read(pieces_of(conversation), conversation.keylog, cut) == whole


def test_without_keys_of_the_session_all_stays_as_it_was() -> None:
    conversation = talk((True, GET), (False, OK))
    other = talk((True, GET)).keylog
    closed = read(pieces_of(conversation), b"")
    assert closed[1].application == "tls"
    assert not closed[1].encryption.opened
    assert closed[1].http == ()
    assert oddities(closed) == []
    assert read(pieces_of(conversation), other) == closed


@pytest.mark.parametrize("version", [TLSVersion.TLSv1_2, TLSVersion.TLSv1_3])
def test_fail_keys_that_do_not_fit_are_told_once_for_each_direction(version: TLSVersion) -> None:
    conversation = talk((True, GET), (False, OK), version=version)
    wrong = b"\n".join(line.rpartition(b" ")[0] + b" " + b"5a" * 48 for line in conversation.keylog.splitlines())
    seen = read(pieces_of(conversation), wrong)
    assert seen[1].application == "tls"
    assert not seen[1].encryption.opened
    assert oddities(seen) == [("decryption_failed", "TLS: a record does not open with the key")] * 2


def test_fail_keys_of_another_version_are_told() -> None:
    conversation = talk((True, GET), version=TLSVersion.TLSv1_2)
    other = conversation.keylog.replace(b"CLIENT_RANDOM", b"EXPORTER_SECRET")
    assert oddities(read(pieces_of(conversation), other)) == [
        ("decryption_failed", "TLS: the key log has no master secret of this session")
    ] * 2


def test_fail_a_changed_record_stops_its_direction_and_is_a_loss() -> None:
    conversation = talk((True, GET), (False, OK), (True, GET))
    pieces = pieces_of(conversation)
    last = max(number for number, (outbound, _, _) in enumerate(pieces) if outbound)
    pieces[last] = (True, pieces[last][1][:-1] + bytes([pieces[last][1][-1] ^ 1]), 0)
    seen = read(pieces, conversation.keylog)
    assert len(seen[1].http) == 1
    assert oddities(seen) == [("decryption_stopped", "TLS: a record does not open with the key")]


def test_a_direction_that_failed_is_a_loss_where_the_other_opened() -> None:
    conversation = talk((True, GET), (False, OK))
    lines = conversation.keylog.splitlines()
    server = b"\n".join(line for line in lines if line.startswith(b"SERVER"))
    seen = read(pieces_of(conversation), server)
    assert sorted(kind for kind, _ in oddities(seen)) == ["decryption_failed", "decryption_stopped"]


def test_traffic_secrets_alone_open_what_follows_the_handshake() -> None:
    conversation = talk((True, GET), (False, OK))
    late = b"\n".join(line for line in conversation.keylog.splitlines() if b"_TRAFFIC_SECRET_0" in line)
    seen = read(pieces_of(conversation), late)
    assert [(row.host, row.status) for row in seen[1].http] == [(HOST, 204)]
    assert seen[1].tls is not None
    assert seen[1].tls.certificate is None
    assert oddities(seen) == []


@pytest.mark.parametrize(
    ("version", "cipher"),
    [
        (TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256"),
        (TLSVersion.TLSv1_2, "ECDHE-RSA-CHACHA20-POLY1305"),
        (TLSVersion.TLSv1_2, "AES128-CCM8"),
        (TLSVersion.TLSv1_3, ""),
    ],
)
def test_inconclusive_a_hole_inside_one_record_is_a_hole_inside(version: TLSVersion, cipher: str) -> None:
    head = POST
    conversation = talk((True, head), (True, b"x" * 4000), (True, GET), version=version, ciphers=cipher)
    pieces = pieces_of(conversation)
    end = length_of(conversation, outbound=True)
    last = len(pieces[-1][1])
    holed = without(pieces, outbound=True, start=end - last - 2000, length=1000)
    seen = read(holed, conversation.keylog)
    assert [row.method for row in seen[1].http] == ["POST", "GET"]  # the body's length was counted over exactly
    assert not any(kind.startswith("decryption") for kind, _ in oddities(seen))


def test_a_hole_in_the_clear_certificate_leaves_the_rest() -> None:
    conversation = talk((True, GET), (False, OK), version=TLSVersion.TLSv1_2)
    # the server's hello is a record of about 100 bytes, the certificate's is the next, of about 800
    seen = read(without(pieces_of(conversation), outbound=False, start=300, length=40), conversation.keylog)
    assert [(row.host, row.status) for row in seen[1].http] == [(HOST, 204)]
    assert seen[1].tls is not None
    assert seen[1].tls.certificate is None
    assert oddities(seen) == []


def test_a_hole_in_the_encrypted_certificate_leaves_the_rest() -> None:
    conversation = talk((True, GET), (False, OK))
    seen = read(without(pieces_of(conversation), outbound=False, start=400, length=40), conversation.keylog)
    assert [(row.host, row.status) for row in seen[1].http] == [(HOST, 204)]
    assert seen[1].tls is not None
    assert seen[1].tls.certificate is None
    assert oddities(seen) == []


def test_the_protocol_that_the_server_chose_inside_is_told() -> None:
    conversation = talk((True, GET), alpn=("x-vendor", "http/1.1"))
    summaries = [read(pieces_of(conversation), text)[1].tls for text in (conversation.keylog, b"")]
    assert [tls.alpn for tls in summaries if tls] == [("x-vendor",), ("x-vendor", "http/1.1")]


def test_a_hole_in_a_cbc_record_ends_the_direction() -> None:
    conversation = talk((True, GET), (True, b"x" * 900), version=TLSVersion.TLSv1_2, ciphers="AES128-SHA")
    pieces = pieces_of(conversation)
    holed = without(pieces, outbound=True, start=length_of(conversation, outbound=True) - 300, length=10)
    seen = read(holed, conversation.keylog)
    assert oddities(seen) == [("decryption_stopped", "TLS: bytes are missing from the capture")]


def test_a_hole_over_records_ends_the_direction() -> None:
    conversation = talk((True, GET), (True, GET), (True, GET))
    pieces = pieces_of(conversation)
    end = length_of(conversation, outbound=True)
    seen = read(without(pieces, outbound=True, start=end - len(pieces[-1][1]) - 30, length=60), conversation.keylog)
    assert oddities(seen) == [("decryption_stopped", "TLS: bytes are missing from the capture")]


def test_a_lost_server_hello_is_told() -> None:
    conversation = talk((True, GET), version=TLSVersion.TLSv1_2)
    seen = read(without(pieces_of(conversation), outbound=False, start=0, length=1 << 20), conversation.keylog)
    assert ("decryption_failed", "TLS: the server's hello is missing") in oddities(seen)


def sealed(kind: int, data: bytes, secret: bytes, number: int, suite_name: str) -> bytes:
    """Gives a TLS 1.3 record, sealed by what the cryptography library has for sealing."""
    suite = suite_of(suite_name)
    assert suite
    key = expand_label(secret, b"key", suite.key_len, suite.hash)
    iv = int.from_bytes(expand_label(secret, b"iv", 12, suite.hash))
    aead = ChaCha20Poly1305(key) if suite.mode == "chacha" else AESGCM(key)
    inner = data + bytes([kind]) + bytes(3)
    header = struct.pack(">BHH", 23, 0x0303, len(inner) + 16)
    return header + aead.encrypt((iv ^ number).to_bytes(12), inner, header)


def secret_of(conversation: Talk, label: bytes) -> bytes:
    row = next(line.split() for line in conversation.keylog.splitlines() if line.startswith(label))
    return bytes.fromhex(row[2].decode())


def test_a_key_update_changes_the_keys_of_its_direction() -> None:
    conversation = talk((True, GET))
    secret = secret_of(conversation, b"CLIENT_TRAFFIC_SECRET_0")
    suite = suite_of(conversation.cipher)
    assert suite
    newer = next_secret(secret, suite.hash)
    more = sealed(22, bytes.fromhex("18 000001 00"), secret, 1, conversation.cipher)  # KeyUpdate, none asked for
    more += sealed(23, GET, newer, 0, conversation.cipher)
    more += sealed(21, bytes.fromhex("02 2e"), newer, 1, conversation.cipher)  # fatal, certificate_unknown
    seen = read([*pieces_of(conversation), (True, more, 0)], conversation.keylog)
    assert len(seen[1].http) == 2
    assert "alert inside: certificate_unknown" in (seen[1].encryption.reason or "")
    assert oddities(seen) == []


def sealed_12(kind: int, data: bytes, keys: tuple[bytes, bytes], number: int) -> bytes:
    """Gives a record of TLS 1.2 with AES-128-GCM."""
    explicit = number.to_bytes(8)
    body = AESGCM(keys[0]).encrypt(keys[1] + explicit, data, struct.pack(">QBHH", number, kind, 0x0303, len(data)))
    return struct.pack(">BHH", kind, 0x0303, len(body) + 8) + explicit + body


def keys_12(master: bytes, client: bytes, server: bytes) -> dict[bool, tuple[bytes, bytes]]:
    """Gives key and implicit nonce of client (True) and server."""
    block = prf(master, b"key expansion", server + client, 40, 0x0303, "sha256")
    return {True: (block[:16], block[32:36]), False: (block[16:32], block[36:40])}


def test_a_renegotiation_changes_the_keys_of_both_directions() -> None:
    conversation = talk(
        (True, GET), (False, OK), version=TLSVersion.TLSv1_2, ciphers="ECDHE-RSA-AES128-GCM-SHA256"
    )
    flights = {out: b"".join(data for side, data in conversation.flights if side is out) for out in (True, False)}
    # a record's header is 5 bytes, a message's 4, then two of version and 32 random ones
    randoms = {out: data[11:43] for out, data in flights.items()}
    hellos = {out: data[5 : 9 + int.from_bytes(data[6:9])] for out, data in flights.items()}
    fresh = {True: b"\x31" * 32, False: b"\x32" * 32}
    new = {out: text.replace(randoms[out], fresh[out]) for out, text in hellos.items()}
    master = b"\x33" * 48
    old = keys_12(secret_of(conversation, b"CLIENT_RANDOM"), randoms[True], randoms[False])
    now = keys_12(master, fresh[True], fresh[False])
    more = [
        (True, sealed_12(22, new[True], old[True], 2), 0),
        (False, sealed_12(22, new[False], old[False], 2) + sealed_12(20, b"\1", old[False], 3), 0),
        (True, sealed_12(20, b"\1", old[True], 3) + sealed_12(23, GET, now[True], 0), 0),
        (False, sealed_12(23, OK, now[False], 0), 0),
    ]
    line = b"CLIENT_RANDOM " + fresh[True].hex().encode() + b" " + master.hex().encode() + b"\n"
    seen = read([*pieces_of(conversation), *more], conversation.keylog + line)
    assert [row.status for row in seen[1].http] == [204, 204]
    assert oddities(seen) == []
    seen = read([*pieces_of(conversation), *more], conversation.keylog)
    assert [row.status for row in seen[1].http] == [204]
    assert [kind for kind, _ in oddities(seen)] == ["decryption_stopped"] * 2


def early_talk(conversation: Talk, said: bytes, *, keylog: bool) -> Seen:
    """Gives a resumed conversation whose client sends early data; the secret of that is made up."""
    secret = bytes(range(48))[: len(secret_of(conversation, b"CLIENT_TRAFFIC_SECRET_0"))]
    pieces = pieces_of(conversation)
    out, hello, _ = pieces[0]
    body = hello[9:]
    # the extensions are last in a hello: early_data is put before them by lengthening all three lengths
    at = 34 + 1 + body[34]
    at += 2 + int.from_bytes(body[at : at + 2])
    at += 1 + body[at]
    length = int.from_bytes(body[at : at + 2])
    body = body[:at] + struct.pack(">H", length + 4) + bytes.fromhex("002a 0000") + body[at + 2 :]
    message = b"\1" + len(body).to_bytes(3) + body
    flight = b"\x16\3\1" + struct.pack(">H", len(message)) + message
    flight += sealed(23, said, secret, 0, conversation.cipher)
    pieces[0] = (out, flight, 0)
    client_random = conversation.keylog.splitlines()[-1].split()[1]
    line = b"CLIENT_EARLY_TRAFFIC_SECRET " + client_random + b" " + secret.hex().encode() + b"\n"
    return read(pieces, conversation.keylog + (line if keylog else b""))


def test_early_data_is_opened_with_its_own_secret() -> None:
    conversation = talk((True, GET), (False, OK))
    seen = early_talk(conversation, GET, keylog=True)
    assert seen[1].http[0].packet == 1
    assert len(seen[1].http) == 2
    assert oddities(seen) == []


def test_early_data_without_its_secret_is_a_loss() -> None:
    seen = early_talk(talk((True, GET), (False, OK)), GET, keylog=False)
    assert len(seen[1].http) == 1
    assert [kind for kind, _ in oddities(seen)] == ["decryption_stopped"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 30))
def test_hostile_bytes_never_stop_the_reader(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a cut, not a secret
    conversation = TALKS[seed % len(TALKS)]
    pieces: list[Piece] = []
    for outbound, data, _ in pieces_of(conversation):
        spoiled = bytearray(data)
        for _ in range(dice.randint(0, 3)):
            spoiled[dice.randrange(len(spoiled))] ^= 1 << dice.randrange(8)
        pieces.append((outbound, bytes(spoiled), 0))
        if dice.random() < 0.2:
            pieces.append((outbound, b"", dice.randint(1, 3000)))
    seen = read(pieces, conversation.keylog, cut=dice.choice((0, 0, 7, 100)))
    assert not any(kind == "dissector_fault" for kind, _ in oddities(seen))


TALKS = (
    talk((True, GET), (False, OK), (True, GET)),
    talk((True, GET), (False, OK), (True, GET), version=TLSVersion.TLSv1_2),
    talk((True, GET), (False, OK), version=TLSVersion.TLSv1_2, ciphers="AES128-SHA"),
)


def test_the_opener_of_a_test_s_record_is_that_of_the_product() -> None:
    suite = suite_of("TLS_AES_128_GCM_SHA256")
    assert suite
    record = sealed(23, b"said", bytes(32), 7, "TLS_AES_128_GCM_SHA256")
    assert opener_13(suite, bytes(32)).open(23, 0x0303, 7, record[5:]) == (23, b"said")
