"""SMB 1, 2 and 3: dialects, sign-on, shares and files, sealed messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import smb as module
from iotaudit.dissect.session import Likeness
from iotaudit.model.events import Event, HostNamed, Oddity
from iotaudit.model.flows import EncryptionState
from iotaudit.model.raw import Content
from tests.dissect.play import SERVER, device, play, reading, recognise, server
from tests.dissect.test_ntlm import authenticate, challenge


def little(value: int, size: int = 2) -> bytes:
    """Gives a number, least byte first."""
    return value.to_bytes(size, "little")


def framed(*messages: bytes) -> bytes:
    """Gives messages behind the header of the session service."""
    body = b"".join(messages)
    return b"\0" + len(body).to_bytes(3) + body


def smb2(command: int, body: bytes, *, answer: bool = False, behind: int = 0) -> bytes:
    """Gives a message of SMB 2."""
    head = b"\xfeSMB" + little(64) + bytes(2) + bytes(4) + little(command) + little(1)
    return head + little(int(answer), 4) + little(behind, 4) + bytes(40) + body


def smb1(command: int, words: bytes, data: bytes, *, answer: bool = False, wide: bool = True) -> bytes:
    """Gives a message of SMB 1."""
    head = b"\xffSMB" + bytes((command,)) + bytes(4) + bytes((0x80 if answer else 0,))
    head += little(0x8000 if wide else 0) + bytes(20)
    return head + bytes((len(words) // 2,)) + words + little(len(data)) + data


def named(offset: int, body: bytes, at: int, name: str) -> bytes:
    """Gives a body of SMB 2 with the place and length of a name filled in at `at`, and the name behind it."""
    wide = name.encode("utf-16-le")
    return body[:at] + little(offset) + little(len(wide)) + body[at + 4 :] + wide


def create(name: str) -> bytes:
    """Gives the opening of a file."""
    return smb2(5, named(64 + 56, little(57) + bytes(54), 44, name))


NEGOTIATED = framed(smb2(0, little(65) + little(1) + little(0x0311) + bytes(58), answer=True))
TOKEN = challenge((1, "NAS-7"), (3, "nas-7.plant.test"))
CHALLENGED = framed(smb2(1, little(9) + little(0) + little(72) + little(len(TOKEN)) + TOKEN, answer=True))
ANSWER = authenticate("PLANT", "cam", "CAM-1")
SIGNED_ON = framed(smb2(1, little(25) + bytes(10) + little(88) + little(len(ANSWER)) + bytes(8) + ANSWER))
TREE = framed(smb2(3, named(72, little(9) + bytes(6), 4, "\\\\nas-7\\videos")))
SEALED = framed(b"\xfdSMB" + bytes(48) + bytes(range(64)))


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_names_of_sign_on_share_and_file_are_told() -> None:
    pieces = (
        server(NEGOTIATED),
        server(CHALLENGED),
        device(SIGNED_ON),
        device(TREE),
        device(framed(create("2026\\front-door.mp4"))),
    )
    found = play(module, *pieces)
    assert told(found) == [
        ("smb.server_dns_computer", "server_dns_computer", b"nas-7.plant.test"),
        ("smb.domain", "domain", b"PLANT"),
        ("smb.username", "username", b"cam"),
        ("smb.workstation", "workstation", b"CAM-1"),
        ("smb.tree", "tree", b"\\\\nas-7\\videos"),
        ("smb.file", "file", b"2026\\front-door.mp4"),
    ]
    hosts = [(h.ip, h.name, h.source) for h in found if isinstance(h, HostNamed)]
    assert hosts == [(SERVER.ip, "nas-7", "netbios")]
    encryption = reading(module, *pieces).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.PLAINTEXT, "3.1.1")


def test_files_that_are_only_used_in_sealed_messages_are_encrypted() -> None:
    pieces = (server(NEGOTIATED), device(SIGNED_ON), device(SEALED), server(SEALED))
    assert reading(module, *pieces).encryption.state is EncryptionState.ENCRYPTED
    clear = device(framed(create("a")))
    assert reading(module, *pieces, clear).encryption.state is EncryptionState.PLAINTEXT


def test_compound_messages_are_read_one_by_one() -> None:
    first = create("a.txt") + bytes(6)
    first = first[:20] + little(len(first), 4) + first[24:]
    assert told(play(module, device(framed(first, create("b.txt"))))) == [
        ("smb.file", "file", b"a.txt"),
        ("smb.file", "file", b"b.txt"),
    ]


def test_version_1_tells_a_password_in_the_clear_share_and_file() -> None:
    setup = bytes(14) + little(9) + little(0) + bytes(8)
    texts = b"open-sesa" + "cam\0PLANT\0".encode("utf-16-le")
    tree = bytes(6) + little(1)
    pieces = (
        device(framed(smb1(0x73, setup, texts))),
        device(framed(smb1(0x75, tree, b"\0" + "\\\\NAS\\c\0".encode("utf-16-le") + b"?????\0"))),
        device(framed(smb1(0xA2, bytes(48), b"\0" + "log.txt\0".encode("utf-16-le")))),
    )
    assert told(play(module, *pieces)) == [
        ("smb.password", "password", b"open-sesa"),
        ("smb.username", "username", b"cam"),
        ("smb.domain", "domain", b"PLANT"),
        ("smb.tree", "tree", b"\\\\NAS\\c"),
        ("smb.file", "file", b"log.txt"),
    ]


def test_version_1_with_a_token_tells_its_names() -> None:
    words = bytes(14) + little(len(ANSWER)) + bytes(8)
    found = play(module, device(framed(smb1(0x73, words, ANSWER))))
    assert ("smb.username", "username", b"cam") in told(found)


def test_a_session_request_names_both_ends() -> None:
    def encoded(name: bytes) -> bytes:
        return (
            b"\x20"
            + b"".join(bytes((65 + (b >> 4), 65 + (b & 15))) for b in name.ljust(15) + b"\x20")
            + b"\0"
        )

    request = b"\x81\0\0\x44" + encoded(b"NAS-7") + encoded(b"CAM-1")
    assert recognise(module, request) is Likeness.CERTAIN
    assert told(play(module, device(request), server("82000000"))) == [
        ("smb.called", "called", b"NAS-7"),
        ("smb.calling", "calling", b"CAM-1"),
    ]


def test_fail_a_frame_without_magic_is_an_oddity() -> None:
    found = play(module, device(TREE), device(framed(b"\xfaSMB" + bytes(60))))
    assert [item.detail for item in found if isinstance(item, Oddity)] == ["smb: no message of SMB"]


def test_inconclusive_a_cut_message_gives_no_oddity() -> None:
    data = framed(create("front-door.mp4"))
    found = play(module, device(data[:-10]))
    assert told(found) == [("smb.file", "file", b"front-doo")]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (NEGOTIATED, Likeness.CERTAIN),
        (SEALED, Likeness.CERTAIN),
        (b"\0\0\0\x54\xfeSM", Likeness.MORE),
        (b"\0\0\0\x54\xfeSMC", Likeness.NO),
        (b"\x81\0\0\x44\x21", Likeness.NO),
        (b"\x82\0\0\0", Likeness.NO),
    ],
)
def test_recognition(data: bytes, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=60), st.integers(0, 140), st.sampled_from([SIGNED_ON, TREE, CHALLENGED, NEGOTIATED])
)
def test_any_bytes_give_events_in_every_cut(data: bytes, at: int, known: bytes) -> None:
    play(module, device(known[:at] + data), server(data))
    play(
        module, device(framed((known[4:at] + data + known[at:])[:200])), server(framed(b"\xffSMB\x73" + data))
    )
