"""SSH: identification, and the end of the key exchange."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ssh as module
from iotaudit.dissect.session import Likeness
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import device, gap, play, reading, recognise, server

BANNER = b"SSH-2.0-dropbear_2019.78\r\n"
KEXINIT = "0000000c 04 14 000000000000 00000000"  # 12 bytes, 4 of padding, type 20
NEWKEYS = "0000000c 0a 15 00000000000000000000"  # type 21


def test_pass_after_new_keys_it_is_encrypted() -> None:
    pieces = (server(BANNER), device(b"SSH-2.0-OpenSSH_9\r\n"), device(KEXINIT), device(NEWKEYS), device(bytes(40)))
    assert [c.data for c in play(module, *pieces) if isinstance(c, Content)] == [
        b"SSH-2.0-dropbear_2019.78",
        b"SSH-2.0-OpenSSH_9",
    ]
    encryption = reading(module, *pieces).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.ENCRYPTED, "2.0")


def test_inconclusive_before_new_keys_nothing_is_proven() -> None:
    assert reading(module, server(BANNER), server(KEXINIT)).encryption.state is EncryptionState.OPAQUE
    gapped = reading(module, server(BANNER), gap(90, outbound=False), server(NEWKEYS))
    assert gapped.encryption.state is EncryptionState.OPAQUE


def test_a_server_may_speak_before_its_identification() -> None:
    found = play(module, server(b"Authorised use only\r\n" + BANNER))
    assert len(found) == 1


def test_fail_a_line_without_end_is_given_up() -> None:
    assert play(module, device(b"SSH-2.0-" + b"x" * 400 + b"\r\n")) == []


def test_recognition_by_the_identification() -> None:
    assert recognise(module, BANNER) is Likeness.CERTAIN
    assert recognise(module, b"SSH-") is Likeness.MORE
    assert recognise(module, b"SSH-3") is Likeness.NO


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_give_the_same_in_every_cut(data: bytes) -> None:
    play(module, device(BANNER + data), server(data))
