"""Tuya on the local network: announcements under the published key, commands that stay closed."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import tuya as module
from iotaudit.dissect.session import TCP, UDP, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, gap, play, reading, recognise, server
from tests.dissect.told import fed, oddities, told

ANNOUNCEMENT = (  # ndpi/tuya_lp.pcap, packet 1
    "000055aa 00000000 00000013 000000ac"  # sequence 0, command UDP_NEW, 172 bytes follow
    "00000000"  # return code
    "97b93fee4b69c95feeb3d33bda352952575ce1923665dde45dab61ac9ede04ff65157a7e0aa8cfa824c81516522777a6"
    "3e1ef07d9b779ffaf5f9a747c3f90f64d24e9fdca7a53a8a2ab344b6af3744fe3aca3f69959a0a4302e43bef3ca711a2"
    "b189c2c76abcb78aa7d53131c099586d8ca65040d5f3f92cf2597fefa648d16c2b222b21c0f3073900ab803767826610"
    "01378ecd7f81a8553c8a5f24f1cbb1c5"
    "dc724411 0000aa55"  # CRC, end
)
TEXT = (
    b'{"ip":"192.168.242.181","gwId":"50650122dc4f22bd40a1","active":2,"ability":0,"mode":0,"encrypt":true,'
    b'"productKey":"keyvtdmgqcsh5hug","version":"3.3"}'
)
BEAT = "000055aa 00000002 00000009 00000008 4b6524a4 0000aa55"  # toolsaf/deltaco-setup.pcap, packet 529
STATUS = (  # the same, packet 1791
    "000055aa 00000000 00000008 0000004b 00000000"
    "332e33 000000000000fed300000001"  # version 3.3, and its counters
    "dbcc0f3dd1354248e927e23fedfccc35249071db0b4ee9faeeca4b25769384eba50ddb3676984c6d9f6808d31e001415"
    "e9484600 0000aa55"
)


def clear(text: bytes) -> bytes:
    body = bytes(4) + text + bytes(4)
    return b"\0\0\x55\xaa" + bytes(8) + (len(body) + 4).to_bytes(4) + body + b"\0\0\xaa\x55"


def sealed(text: bytes, *, key: bytes = module.DISCOVERY_KEY) -> bytes:
    header = bytes(2) + bytes(4) + (0x13).to_bytes(4) + (12 + 4 + len(text) + 16).to_bytes(4)
    body = AESGCM(key).encrypt(bytes(12), bytes(4) + text, header)
    return b"\0\0\x66\x99" + header + bytes(12) + body + b"\0\0\x99\x66"


def test_pass_an_announcement_is_opened_with_the_published_key_and_given_once() -> None:
    assert recognise(module, ANNOUNCEMENT, UDP) is Likeness.CERTAIN
    found = play(module, device(ANNOUNCEMENT), device(ANNOUNCEMENT), protocol=UDP)
    assert told(found) == [("tuya.discovery", TEXT)]
    encryption = reading(module, device(ANNOUNCEMENT), protocol=UDP).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.PLAINTEXT, "Tuya 3.3")


def test_announcements_in_the_clear_and_of_version_3_5_are_read() -> None:
    for frame in (clear(TEXT), sealed(TEXT)):
        assert recognise(module, frame, UDP) is Likeness.CERTAIN
        assert told(play(module, device(frame), protocol=UDP)) == [("tuya.discovery", TEXT)]


def test_commands_are_encrypted_and_named() -> None:
    pieces = (device(BEAT), server(STATUS), device(BEAT))
    assert recognise(module, BEAT, TCP) is Likeness.CERTAIN
    assert told(play(module, *pieces)) == []
    encryption = reading(module, *pieces).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.ENCRYPTED, "Tuya 3.3")
    assert encryption.reason == (
        "Tuya frames, bodies encrypted with the key of the device; commands: HEART_BEAT, STATUS"
    )


def test_a_frame_of_another_key_stays_closed() -> None:
    encryption = reading(module, device(sealed(TEXT, key=bytes(16)))).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.ENCRYPTED, "Tuya 3.5")
    assert encryption.cipher == "AES-128-GCM"


def test_inconclusive_beats_alone_prove_no_encryption() -> None:
    assert reading(module, device(BEAT)).encryption.state is EncryptionState.PLAINTEXT
    cut = bytes.fromhex(ANNOUNCEMENT)[:60]
    assert recognise(module, cut, UDP) is Likeness.WEAK
    assert play(module, device(cut, truncated_len=120), protocol=UDP) == []
    assert recognise(module, BEAT[:20], TCP) is Likeness.MORE


def test_reading_goes_on_behind_a_gap() -> None:
    text = b'{"gwId":"0123456789","version":"3.1"}'
    pieces = (device(BEAT), gap(400, outbound=True), device(clear(text)))
    assert told(fed(module, *pieces)) == [("tuya.message", text)]


def test_fail_other_ends_lengths_and_commands_are_none() -> None:
    whole = bytes.fromhex(ANNOUNCEMENT)
    assert recognise(module, whole[:-1] + b"\x56", UDP) is Likeness.NO
    assert recognise(module, whole[:8] + b"\1" + whole[9:], UDP) is Likeness.NO
    assert recognise(module, b"\0\0\x55\xab" + whole[4:], TCP) is Likeness.NO
    assert oddities(play(module, device(b"no frame at all"), protocol=UDP)) == ["tuya: not a frame"]


@settings(max_examples=100)
@given(st.binary(max_size=80), st.sampled_from((b"", b"\0\0\x55\xaa", b"\0\0\x66\x99")))
def test_any_bytes_are_taken_without_a_fault(data: bytes, magic: bytes) -> None:
    play(module, device(magic + data), protocol=UDP)
    play(module, device(BEAT), device(magic + data))
    play(module, device(clear(data)), protocol=UDP)
