"""TCP flows that end before the capture does: when nothing can come any more, nothing of them is kept."""

import runpy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.assemble import Assembler
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.want import ALL, NOTHING

net = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("packets.py"))))
SYN, ANSWER, READY = net.handshake()
ASK = READY._replace(data=b"ask!", flags="PA")
TELL = ANSWER._replace(flags="PA", seq=5001, ack=1005, data=b"told")
LAST = READY._replace(seq=1005, ack=5005, flags="FA", data=b"bye")
ENDED = LAST._replace(data=b"", seq=1008)
BACK = ANSWER._replace(flags="FA", seq=5005, ack=1009)
OVER = ENDED._replace(flags="A", seq=1009, ack=5006)
WHOLE = [SYN, ANSWER, READY, ASK, TELL, LAST, BACK, OVER]


class Run:
    """An assembler fed block by block; `ended` has for each block what ended in it."""

    def __init__(self, *parts: list[Any], unwanted: tuple[bool, ...] = ()) -> None:
        self.tally = ProblemTally()
        self.assembler = Assembler(self.tally)
        self.ended: list[list[int]] = []
        self.data: dict[bool, bytes] = {True: b"", False: b""}
        self.gaps: list[int] = []
        at = 1
        for part in parts:
            self._note(self.assembler.feed(net.build(part, at)), unwanted)
            self.ended.append(self.assembler.take_ended())
            at += len(part)
        self.open = len(self.assembler._streams)
        self._note(self.assembler.flush(), unwanted)

    def _note(self, segments: Any, unwanted: tuple[bool, ...]) -> None:
        for segment in segments:
            self.data[segment.outbound] += segment.data
            if segment.gap_len:
                self.gaps.append(segment.gap_len)
            if unwanted:
                out, back = (NOTHING if outbound in unwanted else ALL for outbound in (True, False))
                self.assembler.want(segment.flow, (out, back))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong."""
        return self.tally.rows()


def test_pass_a_flow_ends_with_both_fins_and_its_streams_are_gone() -> None:
    run = Run(WHOLE[:-2], WHOLE[-2:])
    assert run.ended == [[], [0]]
    assert run.open == 0
    assert run.data == {True: b"ask!bye", False: b"told"}
    assert all((b.held_len, b.kept_len) == (0, 0) for b in run.assembler._bounds.values())
    assert run.assembler.take_ended() == []
    assert run.problems == ()


def test_fail_a_half_closed_flow_stays_open_and_gives_what_follows() -> None:
    more = TELL._replace(seq=5005, data=b" more")
    run = Run(WHOLE[:-2], [more])
    assert run.ended == [[], []]
    assert run.open == 2
    assert run.data[False] == b"told more"


def test_a_direction_that_is_not_wanted_need_not_end() -> None:
    assert Run(WHOLE[:-2], unwanted=(False,)).ended == [[0]]
    assert Run(WHOLE[:-3], unwanted=(False,)).ended == [[]]
    assert Run(WHOLE, unwanted=(True, False)).ended == [[]]  # who wanted nothing is told nothing


def test_the_end_waits_for_bytes_that_are_late() -> None:
    first, rest = LAST._replace(data=b"b", flags="A"), LAST._replace(seq=1006, data=b"ye")
    run = Run([*WHOLE[:5], rest, BACK], [OVER], [first], [OVER])
    assert run.ended == [[], [], [0], []]
    assert run.data[True] == b"ask!bye"
    early = Run([*WHOLE[:5], ENDED, BACK], [LAST._replace(flags="A")])  # the FIN before the last bytes
    assert early.ended == [[], [0]]
    assert early.data[True] == b"ask!bye"


def test_a_flow_without_payload_ends_too() -> None:
    closing = [READY._replace(flags="FA"), ANSWER._replace(flags="FA", seq=5001, ack=1002)]
    assert Run([SYN, ANSWER, READY, *closing]).ended == [[0]]


@pytest.mark.parametrize(
    "packets",
    [
        [READY, ASK, TELL, LAST, BACK, OVER],  # where the streams begin is not known
        [*WHOLE[:5], LAST._replace(flags="R", data=b""), OVER],
        [*WHOLE[:4], LAST, BACK, OVER],  # the answer is missing
        [*WHOLE[:5], LAST._replace(frag=1, frag_id=7, more=True), BACK, OVER],
    ],
)
def test_inconclusive_what_may_still_come_keeps_a_flow_open(packets: list[Any]) -> None:
    assert Run(packets).ended == [[]]


def test_late_copies_change_nothing() -> None:
    whole = Run(WHOLE)
    late = Run(WHOLE, [ASK, TELL, LAST, BACK, LAST._replace(seq=1001, data=b"ask!bye"), ENDED], [BACK])
    assert late.ended == [[0], [], []]
    assert (late.data, late.gaps, late.problems, late.open) == (whole.data, [], (), 0)


@pytest.mark.parametrize("seq", [1009, 1006, 900, 0x80000000])
def test_late_bytes_that_are_no_copies_are_reported_as_not_read(seq: int) -> None:
    run = Run(WHOLE, [ASK._replace(seq=seq, data=b"more than was"), ASK._replace(seq=seq, data=b"more than was")])
    assert run.data[True] == b"ask!bye"
    (problem,) = run.problems
    assert (problem.kind, problem.packet, problem.count, problem.loses_payload) == ("stream_gap", 9, 2, True)


def test_bytes_acknowledged_beyond_the_end_are_reported_as_not_read() -> None:
    run = Run(WHOLE, [BACK._replace(flags="A", seq=5006, ack=1059)])
    (problem,) = run.problems
    assert (problem.kind, problem.detail, problem.loses_payload) == ("stream_gap", "the end", True)


def test_a_probe_behind_the_end_is_no_loss() -> None:
    assert Run(WHOLE, [OVER._replace(seq=1008, data=b"\0")]).problems == ()


def test_an_answer_on_used_ports_does_not_pass_off_its_bytes_as_copies() -> None:
    again = net.handshake(client_isn=70_000, server_isn=90_000)
    run = Run(WHOLE, [again[1], again[2]._replace(data=b"x"), again[1]._replace(flags="A", seq=90_001, data=b"y")])
    assert run.ended == [[0], []]
    assert run.data == {True: b"ask!bye", False: b"told"}
    assert ("stream_gap", "bytes after the end", 2) in [(p.kind, p.detail, p.count) for p in run.problems]
    assert all(p.loses_payload for p in run.problems)


def test_a_new_syn_on_used_ports_is_a_flow_of_its_own_that_ends_too() -> None:
    second = [p._replace(seq=p.seq + 10_000, ack=p.ack and p.ack + 10_000) for p in WHOLE]
    run = Run(WHOLE, second)
    assert run.ended == [[0], [1]]
    assert run.data[True] == b"ask!bye" * 2


@given(st.permutations(WHOLE[3:]), st.sets(st.integers(0, 8), max_size=4), st.lists(st.sampled_from(WHOLE), max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_order_and_cut_gives_the_same_bytes_and_one_end(rest: list[Any], cuts: set[int], copies: list[Any]) -> None:
    packets = [*WHOLE[:3], *rest, *copies]
    places = [0, *sorted(cuts - {0}), len(packets)]
    run = Run(*(packets[a:b] for a, b in pairwise(places)))
    assert run.data == {True: b"ask!bye", False: b"told"}
    assert [number for ended in run.ended for number in ended] == [0]
    assert run.problems == ()
