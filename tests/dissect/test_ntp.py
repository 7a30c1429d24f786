"""NTP: counts on its port alone."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import ntp as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.session import UDP, Head, Likeness
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Segment
from tests.dissect.play import DEVICE, device, play, reading, recognise

REQUEST = "23 00 06 ec" + "00" * 44  # version 4, client; poll, precision


def application(port: int) -> str | None:
    flow = open_flow(1, UDP, DEVICE, Endpoint("192.0.2.1", port))
    flow.feed(Segment(1, True, 1, 1, 0, bytes.fromhex(REQUEST)))
    flow.close()
    return flow.summary().application


def test_pass_on_its_port_it_is_told() -> None:
    assert recognise(module, REQUEST) is Likeness.WEAK
    assert application(123) == "ntp"


def test_inconclusive_on_another_port_the_same_bytes_tell_nothing() -> None:
    assert application(4000) is None


def test_the_version_is_told_and_it_is_plaintext() -> None:
    encryption = reading(module, device(REQUEST)).encryption
    assert (encryption.state, encryption.version) == (EncryptionState.PLAINTEXT, "4")


def test_fail_other_lengths_versions_and_strata_are_none() -> None:
    assert recognise(module, REQUEST + "00") is Likeness.NO
    assert recognise(module, "3b" + REQUEST[2:]) is Likeness.NO
    assert recognise(module, "23 20" + REQUEST[5:]) is Likeness.NO
    assert recognise(module, REQUEST + "00" * 20) is Likeness.WEAK


@settings(max_examples=100)
@given(st.binary(max_size=100))
def test_any_datagram_is_taken_without_a_fault(data: bytes) -> None:
    assert module.recognise(Head(data, UDP)) in (Likeness.NO, Likeness.WEAK)
    assert play(module, device(data)) == []


def test_fail_random_bytes_are_hardly_ever_taken_for_it() -> None:
    dice = random.Random(7)  # noqa: S311 - bytes to try, not secrets
    taken = sum(module.recognise(Head(dice.randbytes(dice.randrange(12, 400)), UDP)) > Likeness.NO for _ in range(2_000))
    assert taken <= 60
