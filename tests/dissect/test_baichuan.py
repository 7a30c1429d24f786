"""Baichuan: logins of old and new cameras, XML under the fixed XOR, bodies under AES."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import baichuan as module
from iotaudit.dissect.session import Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, gap, play, reading, recognise, server
from tests.dissect.told import fed, oddities, told

OFFER = (  # neolink/EncryptionProtocol02_login.pcapng, packet 2
    "f0debc0a 01000000 91000000 00000001 02dd 1466"  # login, 145 bytes, channel 0, cipher 2, class
    "2312442636490e9a6d5e552434545ace311d1e6b3f071b907b44522c674b2dab590004697a5646f5234f532f235772c3"
    "5a435f3923190c9670431c3d3f1b0b96704301696b4749dd2127003f23191dc172490977751d018f7a1336773406169c"
    "7a137d096f2b4bcd5a6e0b7e6d5e4eca5c1f00643406169c7a133677752c169c6d544c3f330616c115111329350d01c1"
    "15"
)
KEEP = "f0debc0a 66000000 00000000 00000006 0000 1464 00000000"  # the same, packet 5
CLOSED = "f0debc0a 66000000 10000000 00000006 c800 0000 00000000 a62f81c354192d6827d4aa8f6abc6fbe"
XML = (
    b'<?xml version="1.0" encoding="UTF-8" ?>\n<body>\n<LoginUser version="1.1">\n'
    b"<userName>moppel</userName>\n</LoginUser></body>"
)


def message(body: bytes, *, kind: int = 1, channel: int = 0, status: int = 0, shape: int = 0x6614) -> bytes:
    return (
        module.MAGIC
        + kind.to_bytes(4, "little")
        + len(body).to_bytes(4, "little")
        + channel.to_bytes(4, "little")
        + status.to_bytes(2, "little")
        + shape.to_bytes(2, "little")
        + body
    )


def hidden(text: bytes, channel: int) -> bytes:
    key = module.XOR_KEY
    return bytes(byte ^ key[(channel + at) % len(key)] ^ channel for at, byte in enumerate(text))


def test_pass_the_offer_of_aes_makes_the_flow_encrypted() -> None:
    assert recognise(module, OFFER) is Likeness.CERTAIN
    assert play(module, server(OFFER), device(KEEP), server(CLOSED)) == []  # its XML holds a nonce alone
    encryption = reading(module, server(OFFER), server(CLOSED)).encryption
    assert (encryption.state, encryption.cipher) == (EncryptionState.ENCRYPTED, "AES-128-CFB")


def test_xml_under_the_xor_is_given_by_its_elements_once() -> None:
    for channel in (0, 3, 250):
        login = message(hidden(XML, channel), channel=channel)
        assert told(play(module, device(login + login))) == [("baichuan.userName", b"moppel")]
        assert reading(module, device(login)).encryption.state is EncryptionState.PLAINTEXT


def test_the_login_of_old_cameras_tells_the_hashes() -> None:
    user, password = b"21232F297A57A5A743894A0E4A801FC\0", b"D41D8CD98F00B204E9800998ECF8427\0"
    login = message(user + password + bytes(1772), shape=module.LEGACY)
    assert told(play(module, device(login))) == [
        ("baichuan.username", user[:-1]),
        ("baichuan.password", password[:-1]),
    ]


def test_inconclusive_closed_bodies_without_a_login_are_opaque() -> None:
    assert reading(module, server(CLOSED)).encryption.state is EncryptionState.OPAQUE
    assert recognise(module, OFFER[:26]) is Likeness.MORE


def test_reading_goes_on_behind_a_gap() -> None:
    login = message(hidden(XML, 0))
    assert len(told(fed(module, device(CLOSED), gap(5000, outbound=True), device(login)))) == 1


def test_fail_other_magic_classes_and_lengths_are_none() -> None:
    assert recognise(module, OFFER.replace("f0debc0a", "f0debc0b")) is Likeness.NO
    assert recognise(module, OFFER.replace("1466", "1467")) is Likeness.NO
    assert recognise(module, OFFER.replace("91000000", "910000ff")) is Likeness.NO
    found = play(module, device(KEEP), device(b"no message at all, of thirty.."))
    assert oddities(found) == ["baichuan: no message begins"]


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_any_bytes_are_taken_without_a_fault(data: bytes) -> None:
    play(module, device(message(data)), server(module.MAGIC + data))
    play(module, device(message(b"<?xml" + data, shape=0x6414)))
    play(module, device(message(data, shape=module.LEGACY)))
