"""Recognition: the tables of first bytes leave out nobody whose answer counts, and the best answer wins."""

from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iotaudit.dissect import DISSECTORS
from iotaudit.dissect.recognition import LADDER, Asked, Recogniser
from iotaudit.dissect.session import TCP, UDP, Dissector, Head, Likeness

BINDING_REQUEST = bytes.fromhex(
    "0001 0000"  # binding request without attributes
    "2112a442"  # magic cookie
    "000102030405060708090a0b"  # transaction id
)
QUERY = bytes.fromhex(
    "1234 0100 0001 0000 0000 0000"  # id, a standard query with one question
    "03617069 0676656e646f72 00"  # api.vendor
    "0001 0001"  # A, IN
)


def ids(asked: Asked, data: bytes) -> set[str]:
    """Gives who may be certain of a head."""
    return {module.ID for module, _ in asked.sure[data[0]]}


@pytest.mark.parametrize("module", DISSECTORS, ids=lambda module: module.ID)
@given(st.binary(min_size=1, max_size=80))
@example(BINDING_REQUEST)
@example(QUERY)
@settings(max_examples=50, deadline=None)
def test_what_first_bytes_promise_is_kept(module: Dissector, data: bytes) -> None:
    for protocol in module.TRANSPORT:
        for first in {data[0], *sorted(module.FIRST)[:4], 0x00, 0x16, 0x47, 0x80, 0xC3}:
            head = Head(bytes((first,)) + data[1:], protocol)
            likeness = module.recognise(head)
            if first not in module.FIRST:
                assert likeness is Likeness.NO
            if first not in module.AWAY and protocol != TCP:
                assert likeness <= Likeness.WEAK
            if first not in module.SURE:
                assert likeness < Likeness.CERTAIN


def test_the_promises_nest() -> None:
    for module in DISSECTORS:
        assert module.SURE <= module.AWAY <= module.FIRST <= frozenset(range(256))


@given(st.binary(min_size=1, max_size=64), st.sampled_from([(1, 2), (53, 2), (443, 5353), (123, 67)]))
@example(BINDING_REQUEST, (1, 2))
@example(QUERY, (1, 2))
@example(QUERY, (443, 5353))
@settings(max_examples=150, deadline=None)
def test_the_table_changes_no_answer(data: bytes, ports: tuple[int, int]) -> None:
    everyone = cast("tuple[Dissector, ...]", tuple(_asked_about_all(module) for module in DISSECTORS))
    for protocol in (TCP, UDP):
        head = Head(data, protocol, () if protocol == TCP else (data,))
        quick = Recogniser(DISSECTORS, protocol).asked(*ports)
        slow = Recogniser(everyone, protocol).asked(*ports)
        for final in (True, False):
            one, other = quick.best(head, final=final), slow.best(head, final=final)
            assert (one and (one.module.ID, one[1:])) == (other and (other.module.ID, other[1:]))
        sure, best = quick.certain(head), slow.best(head, final=True)
        best = best if best and best.likeness is Likeness.CERTAIN else None
        assert (sure and (sure.module.ID, sure[1:])) == (best and (best.module.ID, best[1:]))


def _asked_about_all(module: Dissector) -> SimpleNamespace:
    """Gives the dissector without its promises: it is asked about every head."""
    every = frozenset(range(256))
    return SimpleNamespace(
        ID=module.ID,
        PORTS=module.PORTS,
        TRANSPORT=module.TRANSPORT,
        FIRST=every,
        AWAY=every,
        SURE=every,
        recognise=module.recognise,
    )


def test_a_dissector_that_never_counts_away_from_its_port_is_not_asked_there() -> None:
    recogniser = Recogniser(DISSECTORS, UDP)
    clock = Head(bytes((0x23,)) + bytes(47), UDP, (bytes((0x23,)) + bytes(47),))
    near, away = recogniser.asked(4000, 123), recogniser.asked(4000, 9)
    best = near.best(clock, final=True)
    assert best is not None
    assert best.module.ID == "ntp"
    assert away.best(clock, final=True) is None


def test_only_those_who_may_be_certain_are_asked_in_a_running_session() -> None:
    asked = Recogniser(DISSECTORS, UDP).asked(1, 2)
    assert "stun" in ids(asked, BINDING_REQUEST)
    assert "dns" not in ids(asked, BINDING_REQUEST)
    best = asked.certain(Head(BINDING_REQUEST, UDP))
    assert best is not None
    assert (best.module.ID, best.likeness, best.tie) == ("stun", Likeness.CERTAIN, "")


def test_who_begins_with_any_byte_is_looked_for_late_on_its_own_ports_alone() -> None:
    recogniser = Recogniser(DISSECTORS, UDP)
    for port, there in ((138, True), (443, False)):
        asked = recogniser.asked(50000, port)
        assert "netbios" in ids(asked, QUERY)
        assert any(module.ID == "netbios" for module, _ in asked.late[QUERY[0]]) is there


@given(
    st.one_of(st.binary(max_size=64), st.sampled_from([b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", QUERY, b"SSH-2.0-x\r\n"])),
    st.lists(st.integers(1, 64), max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_what_is_remembered_of_heads_changes_no_answer(head: bytes, lengths: list[int]) -> None:
    asked = Recogniser(DISSECTORS, TCP).asked(50000, 443)
    answers = [asked.best(Head(head[:length], TCP), final=False) for length in LADDER if length <= len(head)]
    steps = [step for step, best in enumerate(answers) if best]
    want = (steps[0] + 1, answers[steps[0]]) if steps else (len(answers), None)
    for _ in range(2):
        assert asked.climb(head, 0) == want
    step, best = 0, None
    for length in sorted(lengths):
        if best is None:
            step, best = asked.climb(head[:length], step)
    if best is None:
        step, best = asked.climb(head, step)
    assert (step, best) == want


def test_flows_with_the_same_hints_share_a_table() -> None:
    recogniser = Recogniser(DISSECTORS, UDP)
    assert recogniser.asked(40001, 53) is recogniser.asked(40002, 53)
    assert recogniser.asked(40001, 53) is not recogniser.asked(40001, 9)
