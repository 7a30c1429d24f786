"""IPsec: payloads of IKE in the clear, NAT traversal, ESP (built from the RFCs)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ipsec as module
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState
from tests.dissect.play import device, play, reading, recognise, server
from tests.dissect.told import oddities, told

INITIATOR, NOBODY = "a1b2c3d4e5f60718", "0000000000000000"
INIT = (
    f"{INITIATOR} {NOBODY} 28 20 22 08 00000000 00000040"  # nonce first, version 2, IKE_SA_INIT, 64 bytes
    "2b00 0014 000102030405060708090a0b0c0d0e0f"  # nonce, a vendor id follows
    "0000 0010 6d6f7070656c2d76706e2031"  # "moppel-vpn 1"
)
AGGRESSIVE = (
    f"{INITIATOR} {NOBODY} 05 10 04 00 00000000 00000048"  # identification first, version 1, aggressive
    "0d00 0018 02 11 01f4 6361742e6d6f7070656c2e6578616d70"  # FQDN, UDP port 500
    "0000 0014 afcad71368a1f1c96b8696fc77570100"  # vendor id: dead peer detection
)
SEALED = (
    f"{INITIATOR} 1122334455667788 2e 20 23 08 00000001 00000030 2100 0014 000102030405060708090a0b0c0d0e0f"
)
ESP = "c0ffee01 00000001" + "5a" * 32


def test_pass_vendor_ids_and_identifications_are_given_once() -> None:
    assert recognise(module, INIT) is Likeness.LIKELY
    assert told(play(module, device(INIT), device(INIT))) == [("ipsec.vendor_id", b"moppel-vpn 1")]
    assert told(play(module, device(AGGRESSIVE))) == [
        ("ipsec.identification", b"cat.moppel.examp"),
        ("ipsec.vendor_id", b"afcad71368a1f1c96b8696fc77570100"),
    ]
    encryption = reading(module, device(INIT), server(SEALED)).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.ENCRYPTED, "IKEv2")


def test_behind_nat_ike_is_marked_and_esp_is_counted() -> None:
    assert recognise(module, "00000000" + INIT) is Likeness.LIKELY
    pieces = (device("00000000" + INIT), device(ESP), device("ff"))
    assert oddities(play(module, *pieces)) == []
    assert reading(module, *pieces).encryption.reason == "IKEv2 seen, 1 datagrams of ESP"


def test_an_address_as_identification_is_given_as_text() -> None:
    named = f"{INITIATOR} {NOBODY} 05 10 04 00 00000000 00000028 0000 000c 01 11 01f4 c0000201"
    assert told(play(module, device(named))) == [("ipsec.identification", b"192.0.2.1")]


def test_inconclusive_esp_alone_is_weak_and_opaque() -> None:
    assert recognise(module, ESP) is Likeness.WEAK
    assert reading(module, device(ESP)).encryption.state is EncryptionState.OPAQUE
    cut = bytes.fromhex(INIT)[:50]
    assert recognise(module, cut) is Likeness.WEAK
    assert oddities(play(module, device(cut, truncated_len=14))) == []
    assert oddities(play(module, device(cut))) == ["ipsec: lengths of payloads cannot be true"]


def test_fail_other_versions_exchanges_and_payloads_are_none() -> None:
    for old, new in (("28 20 22", "28 30 22"), ("28 20 22", "28 20 04"), ("28 20 22", "05 20 22")):
        assert recognise(module, INIT.replace(old, new)) is Likeness.NO
    assert recognise(module, "00" * 40) is Likeness.NO


@settings(max_examples=150)
@given(st.binary(max_size=60), st.sampled_from((0x10, 0x20)))
def test_any_datagram_is_taken_without_a_fault(data: bytes, version: int) -> None:
    kinds = {0x10: (13, 4), 0x20: (43, 34)}[version]
    header = bytes.fromhex(INITIATOR) + bytes(8) + bytes((kinds[0], version, kinds[1], 0)) + bytes(4)
    datagram = header + (28 + len(data)).to_bytes(4) + data
    assert module.recognise(Head(datagram, UDP)) is Likeness.LIKELY
    play(module, device(datagram), server(data), device(bytes(4) + data))
