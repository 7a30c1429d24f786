"""NTLM: names in its three messages."""

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.dissect import ntlm


def _rows(start: int, *texts: bytes) -> tuple[bytes, bytes]:
    """Gives the fields (length, room, offset) that point at texts, and the texts."""
    fields = b""
    for data in texts:
        size = len(data).to_bytes(2, "little")
        fields += size + size + start.to_bytes(4, "little")
        start += len(data)
    return fields, b"".join(texts)


def challenge(*pairs: tuple[int, str]) -> bytes:
    """Gives a challenge whose target information has these names."""
    info = b"".join(
        kind.to_bytes(2, "little") + (2 * len(name)).to_bytes(2, "little") + name.encode("utf-16-le")
        for kind, name in pairs
    )
    fields, _ = _rows(48, info + bytes(4))
    return (
        ntlm.SIGNATURE
        + bytes.fromhex("02000000 0000000030000000 01020000")
        + bytes(16)
        + fields
        + info
        + bytes(4)
    )


def authenticate(domain: str, user: str, workstation: str, *, wide: bool = True) -> bytes:
    """Gives the message that answers a challenge."""
    code = "utf-16-le" if wide else "ascii"
    answers = (bytes(24), bytes(24), *(name.encode(code) for name in (domain, user, workstation)))
    fields, texts = _rows(64, *answers)
    key, _ = _rows(64, b"")
    flags = (1 if wide else 2).to_bytes(4, "little")
    return ntlm.SIGNATURE + b"\3\0\0\0" + fields + key + flags + texts


def test_user_domain_and_workstation_of_an_answer() -> None:
    wanted = (("domain", b"PLANT"), ("username", "jür".encode()), ("workstation", b"CAM-1"))
    assert ntlm.read(b"wrapped" + authenticate("PLANT", "jür", "CAM-1")) == wanted
    assert ntlm.read(authenticate("D", "user", "", wide=False)) == (("domain", b"D"), ("username", b"user"))


def test_a_challenge_names_the_server() -> None:
    assert ntlm.read(challenge((1, "NAS-7"), (3, "nas-7.plant.test"), (7, "ignored!"))) == (
        ("computer", b"NAS-7"),
        ("dns_computer", b"nas-7.plant.test"),
    )


def test_a_first_message_may_name_a_workstation() -> None:
    fields, texts = _rows(32, b"PLANT", b"CAM-1")
    assert ntlm.read(ntlm.SIGNATURE + b"\1\0\0\0" + bytes(4) + fields + texts) == (
        ("domain", b"PLANT"),
        ("workstation", b"CAM-1"),
    )


def test_other_bytes_show_nothing() -> None:
    assert ntlm.read(b"") == ()
    assert ntlm.read(ntlm.SIGNATURE + b"\x09\0\0\0") == ()


@given(st.binary(max_size=80), st.integers(1, 3))
def test_any_bytes_are_taken(data: bytes, kind: int) -> None:
    ntlm.read(ntlm.SIGNATURE + bytes((kind, 0, 0, 0)) + data)
