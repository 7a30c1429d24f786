"""From the rhythm of conversations to what it fits, and to what changed while the steps of a test ran."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise

import numpy as np

from iotaudit.detect.rhythm import CHANGE_LEN, Around, Beat, Line, Talk
from iotaudit.judge.changes import Amount, Span, changes_of
from iotaudit.judge.coverage import why_closed
from iotaudit.model.destinations import Destination, Zone
from iotaudit.model.flows import Column, Flow
from iotaudit.model.problems import Problem
from iotaudit.model.shapes import WIDTHS_S, Shapes, StepChange
from iotaudit.pipeline.flow_list import FlowList

DULL_TAGS = frozenset(("tunnel", "encrypted_dns", "possible_encrypted_dns"))
"""Conversations whose purpose is known, or that carry those of others: their rhythm is their own."""
DULL_PROTOCOLS = frozenset(("ntp", "stun", "ssh", "dns", "mdns", "dhcp", "icmp", "snmp", "bittorrent", "tor"))
LEAST_UP, LEAST_DOWN = 720, 2_000_000
"""Bytes below which no pattern can fit a talk: six small reports, or one download."""

Steps = Sequence[tuple[str, float, float]]


class Rhythm:
    """The bins of the conversations of audited devices with destinations outside, seen from the device, by conversation.

    row: (n,) int64, place in the list of flows · at, up, down, ups, downs, first, is_up: (n,) as `talk.Beat` has them ·
    device, destination: (n,) int64, codes.
    """

    def __init__(self, shapes: Shapes, flows: FlowList, destinations: Iterable[Destination]) -> None:
        self._flows = flows
        self.width_s = shapes.width_s
        self._unkept = shapes.unkept
        cells, ids = flows.cells, flows.destination_ids
        local = {row.id for row in destinations if row.zone is Zone.LOCAL}
        is_outside = np.array([ident is not None and ident not in local for ident in ids], bool)
        row = _places(cells["number"], shapes.flow)
        kept = np.flatnonzero(row >= 0)
        kept = kept[(cells["device"][row[kept]] >= 0) & is_outside[cells["destination"][row[kept]]]]
        kept = kept[np.argsort(row[kept], kind="stable")]
        self.row: Column = row[kept]
        serves = cells["serves"][self.row]
        self.device: Column = cells["device"][self.row]
        self.destination: Column = cells["destination"][self.row]
        self.at: Column = shapes.start_s[kept]
        self.up: Column = np.where(serves, shapes.into[kept], shapes.out[kept])
        self.down: Column = np.where(serves, shapes.out[kept], shapes.into[kept])
        self.ups: Column = np.where(serves, shapes.packets_into[kept], shapes.packets_out[kept])
        self.downs: Column = np.where(serves, shapes.packets_out[kept], shapes.packets_into[kept])
        self.first: Column = shapes.first[kept]
        self.is_up: Column = shapes.begins_out[kept] != serves

    def problems(self) -> Iterator[Problem]:
        """Gives what was not kept, or not as finely."""
        if self.width_s > WIDTHS_S[0]:
            detail = f"payload is known by {self.width_s} s, not by second: short patterns are not looked for"
            yield Problem("rhythm_limit", detail=detail)
        if self._unkept is not None:
            lost = int((self._flows.cells["number"] >= self._unkept).sum())
            yield Problem("rhythm_limit", detail="conversations of which no rhythm was kept", count=max(1, lost))

    def talks(self, steps: Steps, threshold: int) -> Iterator[Talk]:
        """Gives the closed conversations by device and destination, but for those in which no pattern can be."""
        starts = np.flatnonzero(np.diff(self.row, prepend=-1))
        rows = self.row[starts]
        lines: dict[tuple[int, int], list[tuple[Flow, int]]] = defaultdict(list)
        large = np.flatnonzero(self._may_fit(starts))
        wanted = dict(zip(rows[large].tolist(), large.tolist(), strict=True))
        for row, flow in enumerate(self._flows) if wanted else ():
            at = wanted.get(row)
            if at is not None and why_closed(flow):
                lines[int(self.device[starts[at]]), int(self.destination[starts[at]])].append((flow, at))
        ends = np.append(starts[1:], len(self.row)).tolist()
        begins = starts.tolist()
        around = self._around() if lines else {}
        ids = self._flows.destination_ids
        for (device, destination), found in sorted(lines.items()):
            beats = self._beats([(begins[at], ends[at]) for _, at in found])
            yield Talk(
                device=str(device),
                destination=ids[destination] or "",
                width_s=self.width_s,
                lines=tuple(
                    Line(flow.id, flow.protocol, _is_dull(flow), own) for (flow, _), own in zip(found, beats, strict=True)
                ),
                around=around[device],
                steps=tuple(steps),
                threshold=threshold,
            )

    def changes(self, steps: Steps, covered: Sequence[Span]) -> tuple[StepChange, ...]:
        """Gives what changed in the steps, of readable and closed conversations alike."""
        if not steps:
            return ()
        order = np.lexsort((self.at, self.destination))
        columns = (c[order].tolist() for c in (self.destination, self.at + self.width_s, self.up, self.down, self.first))
        found: dict[int, list[Amount]] = defaultdict(list)
        for destination, *amount in zip(*columns, strict=True):
            found[destination].append(Amount(*amount))
        ids = self._flows.destination_ids
        return changes_of(steps, covered, ((ids[code] or "", rows) for code, rows in found.items()))

    def _may_fit(self, starts: Column) -> Column:
        """Says of each conversation whether those of its device and destination together are large enough for a pattern."""
        if not len(starts):
            return np.zeros(0, bool)
        up, down = np.add.reduceat(self.up, starts), np.add.reduceat(self.down, starts)
        codes = len(self._flows.destination_ids)
        talk = self.device[starts].astype(np.int64) * codes + self.destination[starts]
        order = np.argsort(talk, kind="stable")
        heads = np.flatnonzero(np.diff(talk[order], prepend=-1))
        large = np.add.reduceat(up[order], heads) >= LEAST_UP
        large |= np.add.reduceat(down[order], heads) >= LEAST_DOWN
        fits = np.zeros(len(starts), bool)
        fits[order] = np.repeat(large, np.diff(heads, append=len(order)))
        return fits

    def _beats(self, parts: list[tuple[int, int]]) -> list[tuple[Beat, ...]]:
        """Gives the beats of some conversations, each of which has a part of the bins."""
        rows = np.concatenate([np.arange(begin, end) for begin, end in parts])
        columns = (self.at, self.up, self.down, self.ups, self.downs, self.first, self.is_up)
        made = map(Beat._make, zip(*(column[rows].tolist() for column in columns), strict=True))
        return [tuple(islice(made, end - begin)) for begin, end in parts]

    def _around(self) -> Mapping[int, Around]:
        """Gives by device when it began conversations, and when it sent much."""
        begin, end = int(self.at.min()), int(self.at.max()) + self.width_s
        found = {}
        is_fresh = np.diff(self.row, prepend=-1) != 0
        order = np.lexsort((self.at, self.device))
        edges = np.flatnonzero(np.diff(self.device[order], prepend=-1, append=-1)).tolist()
        for first, last in pairwise(edges):
            mine = order[first:last]
            device, at = int(self.device[mine[0]]), self.at[mine]
            fresh = at[is_fresh[mine]]
            heads = np.flatnonzero(np.diff(at, prepend=-1))
            sent = np.add.reduceat(self.up[mine], heads)
            large = np.flatnonzero(sent >= CHANGE_LEN)
            found[device] = Around(
                tuple(sorted(set(fresh.tolist()))), tuple(at[heads[large]].tolist()), begin, end
            )
        return found


def _is_dull(flow: Flow) -> bool:
    return (
        flow.protocol not in ("tcp", "udp")
        or flow.application in DULL_PROTOCOLS
        or not DULL_TAGS.isdisjoint(flow.tags)
    )


def _places(numbers: Column, wanted: Column) -> Column:
    """Gives where in `numbers` each wanted one stands, -1 where it does not."""
    if not len(numbers):
        return np.full(len(wanted), -1)
    order = np.argsort(numbers, kind="stable")
    place = np.minimum(np.searchsorted(numbers[order], wanted), len(numbers) - 1)
    found: Column = np.where(numbers[order[place]] == wanted, order[place], -1)
    return found
