"""Flows of no known protocol: text is handed on, the rest sampled; never is one called encrypted."""

import gzip
import random
import zlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect.session import TCP, Context
from iotaudit.dissect.unknown import SAMPLE_LEN, TEXT_LEN, UnknownSession
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, SERVER

NOISE = random.Random(5).randbytes(600)  # noqa: S311 - a sample, not a secret


def session_after(*pieces: tuple[bool, bytes]) -> tuple[UnknownSession, list[Event | Content]]:
    session = UnknownSession(Context(1, TCP, DEVICE, SERVER))
    found: list[Event | Content] = []
    for packet, (outbound, data) in enumerate(pieces, start=1):
        found += session.feed(Segment(1, outbound, packet, packet, 0, data))
    found += session.close()
    return session, found


def test_pass_text_is_handed_on_by_turns() -> None:
    session, found = session_after((True, b"login bob\r\n"), (False, b"welcome\r\n"), (True, b"quit now\r\n"))
    assert [(c.where, c.outbound, c.data) for c in found if isinstance(c, Content)] == [
        ("text", True, b"login bob\r\n"),
        ("text", False, b"welcome\r\n"),
        ("text", True, b"quit now\r\n"),
    ]
    assert session.reading().encryption.state is EncryptionState.PLAINTEXT


def test_inconclusive_even_bytes_are_opaque_and_not_handed_on() -> None:
    data = random.Random(3).randbytes(2 * SAMPLE_LEN)  # noqa: S311 - a sample, not a secret
    session, found = session_after((True, data))
    assert found == []
    assert session.reading().encryption.state is EncryptionState.OPAQUE
    assert not session.wants(outbound=True)
    assert session.wants(outbound=False)


def test_binary_is_opaque_and_sampled_once() -> None:
    data = bytes(range(7)) * 2000
    session, found = session_after((True, data))
    assert [(c.where, len(c.data)) for c in found if isinstance(c, Content)] == [("binary", SAMPLE_LEN)]
    assert session.reading().encryption.state is EncryptionState.OPAQUE


def test_the_start_of_compressed_bytes_is_handed_on_though_they_are_even() -> None:
    packed = gzip.compress(NOISE * 20, mtime=0, compresslevel=0)
    session, found = session_after((True, packed[:300]), (True, packed[300:]))
    assert [(c.where, c.data) for c in found if isinstance(c, Content)] == [("binary", packed[:SAMPLE_LEN])]
    assert session.reading().encryption.state is EncryptionState.OPAQUE
    assert not session.wants(outbound=True)


def test_text_beside_binary_is_opaque() -> None:
    session, _ = session_after((True, b"hello there"), (False, b"\0\1\2\3\4\5\6\7"))
    assert session.reading().encryption.state is EncryptionState.OPAQUE


def test_text_beyond_the_bound_is_not_read_and_that_is_said() -> None:
    session, found = session_after(*[(True, b"line of a log\n" * 5000)] * 8)
    given_len = sum(len(c.data) for c in found if isinstance(c, Content))
    assert TEXT_LEN <= given_len <= 2 * TEXT_LEN
    assert [o.kind for o in found if isinstance(o, Oddity)] == ["event_limit"]
    assert not session.wants(outbound=True)


@pytest.mark.parametrize(
    ("data", "state", "words"),
    [
        (b"state=on;level=12\r\n" * 20, EncryptionState.PLAINTEXT, "printable text of an unknown protocol"),
        (bytes(range(40)) * 20, EncryptionState.OPAQUE, "binary of an unknown protocol"),
        (b"\1\2\3\4", EncryptionState.OPAQUE, "too short to tell more"),
        (gzip.compress(b"level=12;" * 50, mtime=0), EncryptionState.OPAQUE, "begins like gzip"),
        (b"\0" + zlib.compress(NOISE)[2:], EncryptionState.OPAQUE, "encrypted or compressed, nothing proves which"),
        (NOISE, EncryptionState.OPAQUE, "encrypted or compressed, nothing proves which"),
    ],
    ids=["text", "binary", "short", "compressed", "compressed without magic", "even"],
)
def test_the_reason_says_what_the_bytes_look_like(data: bytes, state: EncryptionState, words: str) -> None:
    session, _ = session_after((True, data))
    encryption = session.reading().encryption
    assert encryption.state is state
    assert words in (encryption.reason or "")
    assert (encryption.protocol, encryption.cipher) == (None, None)


def test_ciphertext_without_its_handshake_is_not_called_encrypted() -> None:
    sealed = AESGCM(bytes(16)).encrypt(bytes(12), b"level=12;" * 200, None)
    session, _ = session_after((True, sealed), (False, b"ok, go on\r\n"))
    encryption = session.reading().encryption
    assert encryption.state is EncryptionState.OPAQUE
    assert "nothing proves which" in (encryption.reason or "")
    assert "printable text" in (encryption.reason or "")


def test_fail_no_payload_has_no_state() -> None:
    session, found = session_after()
    assert found == []
    assert session.reading().encryption.state is EncryptionState.NONE


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=600)), max_size=8))
def test_any_bytes_are_bounded_and_never_called_encrypted(pieces: list[tuple[bool, bytes]]) -> None:
    session, found = session_after(*pieces)
    assert session.reading().encryption.state is not EncryptionState.ENCRYPTED
    # a sample may hold what was handed on as text before the direction turned out to be binary
    total = sum(len(data) for _, data in pieces)
    assert sum(len(c.data) for c in found if isinstance(c, Content)) <= 2 * total
