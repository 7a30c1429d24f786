"""What SYN, FIN and RST tell: a new conversation on used ports, the client, the round trip, where a stream begins.

Only the rows with one of these flags are looked at, as columns sorted by conversation and packet.

Source: RFC 9293 sections 3.4 and 3.5 (numbers and handshake), RFC 6298 section 2 (a SYN is sent again after one
second at the earliest).
"""

from dataclasses import dataclass

import numpy as np

from iotaudit.assemble.keys import by_group
from iotaudit.assemble.table import BY_ANSWER, BY_SYN, FlowRows
from iotaudit.model.flows import Column
from iotaudit.model.raw import PacketTable

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
MASK = 0xFFFFFFFF
SAME_SYN_NS = 100_000_000
"""Copies of a SYN that are closer are one SYN, recorded twice; a host waits longer before it repeats one."""


@dataclass(frozen=True, slots=True)
class Control:
    """Rows with SYN, FIN or RST, sorted by `group` and row; seq, ack, end and time are int64.

    `end` is the number behind the payload, that of a FIN; -1 in a fragment, which does not tell it.
    """

    row: Column
    group: Column
    side: Column
    flags: Column
    seq: Column
    ack: Column
    end: Column
    time_ns: Column

    def is_syn(self) -> Column:
        """Gives which rows ask for a connection."""
        return (self.flags & (SYN | ACK | RST)) == SYN

    def is_answer(self) -> Column:
        """Gives which rows are SYN+ACK."""
        return (self.flags & (SYN | ACK | RST)) == (SYN | ACK)

    def is_closing(self) -> Column:
        """Gives which rows end a connection."""
        return (self.flags & (FIN | RST)) != 0

    def by(self, groups: Column) -> "Control":
        """Gives the rows sorted by other groups (non-negative; rows with -1 are left out)."""
        which = np.flatnonzero(groups >= 0)
        which = which[by_group(groups[which], self.row[which])]
        return Control(
            self.row[which],
            groups[which],
            self.side[which],
            self.flags[which],
            self.seq[which],
            self.ack[which],
            self.end[which],
            self.time_ns[which],
        )


def control_rows(table: PacketTable, rows: Column, group_of: Column, side: Column) -> Control:
    """Gives the control rows of a block; `group_of` and `side` have one cell for each row of the table."""
    groups = group_of[rows]
    order = by_group(groups, rows)
    rows = rows[order]
    seq, flags = table.tcp_seq[rows].astype(np.int64), table.tcp_flags[rows]
    end = (seq + table.payload_len[rows] + ((flags & SYN) != 0)) & MASK
    return Control(
        rows,
        groups[order],
        side[rows],
        flags,
        seq,
        table.tcp_ack[rows].astype(np.int64),
        np.where(table.frag[rows] == 0, end, -1),
        table.time_ns[rows],
    )


def find_restarts(control: Control, last_seq: Column, closed: Column) -> Column:
    """Gives which control rows begin a new conversation: a SYN after FIN or RST that is not a repeated one.

    Args:
        control: rows grouped by the conversation's key.
        last_seq: for each group the number of its last pure SYN in earlier blocks, -1 none.
        closed: for each group whether FIN or RST was seen since then.
    """
    restarts = np.zeros(len(control.row), bool)
    at = _new_syns(control, last_seq)
    if not at.size:
        return restarts
    group = control.group[at]
    first = _first(group)
    before = np.concatenate(([0], np.cumsum(control.is_closing())))
    since = np.where(first, np.searchsorted(control.group, group), np.roll(at, 1))
    ended = (before[at] > before[since]) | (first & closed[group])
    restarts[at[ended]] = True
    return restarts


def note_control(rows: FlowRows, control: Control) -> None:
    """Notes round trips and what later blocks must know; `control` is grouped by flow number."""
    flows = control.group
    numbers, start = np.unique(flows, return_index=True)
    end = np.append(start[1:], len(flows))
    before = np.concatenate(([0], np.cumsum(control.is_closing())))
    syns = _new_syns(control, rows.syn_seq)
    newest = np.full(rows.count, -1)
    newest[flows[syns]] = syns
    last_new = newest[numbers]
    closings = before[end] - before[np.where(last_new < 0, start, last_new)]
    rows.closed[numbers] = (closings > 0) | ((last_new < 0) & rows.closed[numbers])
    fins = np.flatnonzero(control.flags & FIN)
    rows.fin[flows[fins], control.side[fins]] = True
    fins = fins[(control.end[fins] >= 0) & ~rows.ended[flows[fins]]]
    rows.end[flows[fins], control.side[fins]] = control.end[fins]  # the last one is written last and stays
    _note_syns(rows, control)


def _note_syns(rows: FlowRows, control: Control) -> None:
    asks = control.is_syn()
    both = np.flatnonzero(asks | control.is_answer())
    if not both.size:
        return
    flows = control.group[both]
    asks = asks[both]
    seq, side, time_ns = control.seq[both], control.side[both], control.time_ns[both]

    # copies of one SYN are a run that begins at its first copy, which may be in an earlier block
    asked = np.flatnonzero(asks)
    begun = np.full(len(both), -1, np.int64)
    if asked.size:
        first = _first(flows[asked])
        previous = np.where(first, rows.syn_seq[flows[asked]], np.roll(seq[asked], 1))
        repeats = seq[asked] == previous
        begins = np.where(first & repeats, rows.syn_ns[flows[asked]], time_ns[asked])
        run = np.maximum.accumulate(np.where(first | ~repeats, np.arange(len(asked)), 0))
        begun[asked] = begins[run]

    answers = np.flatnonzero(~asks)
    first = _first(flows)[answers]
    before = answers - 1
    known = flows[answers]
    usable = np.where(first, rows.syn_open[known], asks[before])
    asked_seq = np.where(first, rows.syn_seq[known], seq[before])
    asked_ns = np.where(first, rows.syn_ns[known], begun[before])
    asked_last = np.where(first, rows.syn_last_ns[known], time_ns[before])
    asked_side = np.where(first, rows.syn_side[known], side[before])
    trip = time_ns[answers] - asked_ns
    usable &= (control.ack[both][answers] == (asked_seq + 1 & MASK)) & (asked_side != side[answers])
    usable &= (asked_ns >= 0) & (trip > 0) & (asked_last - asked_ns < SAME_SYN_NS)
    for flow, ns in zip(known[usable].tolist(), trip[usable].tolist(), strict=True):
        old = int(rows.rtt_ns[flow])
        rows.rtt_ns[flow] = ns if old < 0 else min(old, ns)

    last = np.flatnonzero(np.append(_first(flows)[1:], True))
    rows.syn_open[flows[last]] = asks[last]
    rows.syn_seq[flows[asked]] = seq[asked]
    rows.syn_ns[flows[asked]] = begun[asked]
    rows.syn_last_ns[flows[asked]] = time_ns[asked]
    rows.syn_side[flows[asked]] = side[asked]


def decide_clients(rows: FlowRows, control: Control) -> dict[int, list[int]]:
    """Sets the client of each flow from its first SYN, else its first SYN+ACK.

    Returns:
        For flows whose client changed, the rows at which it did: what came before went the other way round.
    """
    turns: dict[int, list[int]] = {}
    asked = np.full(rows.count, np.iinfo(np.int64).max)
    syn = np.flatnonzero(control.is_syn())
    syn = syn[_first(control.group[syn])]
    asked[control.group[syn]] = control.row[syn]
    answer = np.flatnonzero(control.is_answer())
    answer = answer[_first(control.group[answer])]
    answer = answer[control.row[answer] < asked[control.group[answer]]]
    for found, rank in ((answer, BY_ANSWER), (syn, BY_SYN)):
        at = found[rows.client_rank[control.group[found]] < rank]
        flows, side = control.group[at], control.side[at]
        client = side if rank == BY_SYN else 1 - side
        turned = rows.client[flows] != client
        for flow, row in zip(flows[turned].tolist(), control.row[at[turned]].tolist(), strict=True):
            turns.setdefault(flow, []).append(row)
        rows.client[flows] = client
        rows.client_rank[flows] = rank
    return turns


def set_bases(rows: FlowRows, control: Control, first_payload: Column) -> Column:
    """Sets where streams begin, from SYN and SYN+ACK rows that no payload of their side comes before.

    Args:
        rows: the flow rows; `first_payload` in them is that of earlier blocks.
        control: rows grouped by flow number.
        first_payload: (count, 2), the row of a side's first payload in this block, beyond the last row where none.

    Returns:
        The rows of the SYNs of sides of which one begins elsewhere than known: a stream may start again there.
    """
    syn = np.flatnonzero(control.is_syn() | control.is_answer())
    answer = np.flatnonzero(control.is_answer())
    flows = np.concatenate((control.group[syn], control.group[answer]))
    sides = np.concatenate((control.side[syn], 1 - control.side[answer]))
    begins = np.concatenate((control.seq[syn] + 1 & MASK, control.ack[answer]))
    at = np.concatenate((control.row[syn], control.row[answer]))
    early = (at <= first_payload[flows, sides]) & (rows.first_payload[flows, sides] < 0)
    early &= rows.base[flows, sides] < 0
    order = np.flatnonzero(early)
    order = order[np.argsort(-at[order], kind="stable")]  # the earliest is written last and stays
    rows.base[flows[order], sides[order]] = begins[order]
    own = slice(0, len(syn))
    cells = flows[own] * 2 + sides[own]
    odd = begins[own] != rows.base[flows[own], sides[own]]
    return control.row[syn[np.isin(cells, cells[odd])]]


def _new_syns(control: Control, last_seq: Column) -> Column:
    """Gives where the pure SYNs are that do not repeat the one before; `last_seq` is by group."""
    at = np.flatnonzero(control.is_syn())
    if not at.size:
        return at
    group, seq = control.group[at], control.seq[at]
    previous = np.where(_first(group), last_seq[group], np.roll(seq, 1))
    return at[seq != previous]


def _first(group: Column) -> Column:
    """Gives which rows are the first of their group (groups are contiguous)."""
    first = np.ones(len(group), bool)
    first[1:] = group[1:] != group[:-1]
    return first
