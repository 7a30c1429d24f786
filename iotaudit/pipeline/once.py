"""Counts once what packets and a proxy's log both show: the packets' figures, the log's contents."""

from collections.abc import Mapping
from dataclasses import dataclass

from iotaudit.assemble.conversation import Conversation
from iotaudit.assemble.twins import Twins, find_twins
from iotaudit.detect import FlowRef
from iotaudit.dissect.weblog import taken_over
from iotaudit.model.events import DnsAnswer, DnsQuery, Event
from iotaudit.model.flows import NO_SUMMARY, FlowSummary, FlowTable
from iotaudit.model.problems import Problem
from iotaudit.pipeline.flow_list import Rows
from iotaudit.pipeline.reading import Reading

OVERHEAD = 2
OVERHEAD_LEN = 16 << 10
"""A log accounts for payload up to so many times the size that it states, and so many bytes more: TLS with its certificates, an
HTTP/2 frame around each piece, and what a proxy asks for first."""


@dataclass(frozen=True, slots=True)
class Once:
    """What was taken together. `numbers` has, by the number of a log's conversation, that of the packets' which stands for it."""

    numbers: Mapping[int, int]
    problems: tuple[Problem, ...]
    read_twice: frozenset[int]
    """Numbers of conversations of logs whose DNS messages the packets show as well."""

    def events(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """Gives the events without those that the packets show as well."""
        if not self.read_twice:
            return events
        return tuple(e for e in events if not (isinstance(e, DnsQuery | DnsAnswer) and e.flow in self.read_twice))

    def refs(self, refs: dict[int, FlowRef]) -> dict[int, FlowRef]:
        """Gives what became of the flows, by the number of either twin."""
        return refs | {log: refs[packets] for log, packets in self.numbers.items() if packets in refs}


def count_once(reading: Reading) -> tuple[Rows, Once]:
    """Gives the conversations of a reading, twins as one; their summaries become one, too."""
    table = reading.assembler.table()
    logged = reading.weblog.logged()
    twins = find_twins(table, logged, reading.summaries)
    numbers = {twin.logged: twin.packets for twin in twins.sure}
    rows = Rows(table, [log.row for log in logged if log.row.number not in numbers], twins.sure)
    read_twice = _join_summaries(reading.summaries, table, twins, {log.row.number: log.row for log in logged})
    return rows, Once(numbers, twins.problems, read_twice)


def _join_summaries(
    summaries: dict[int, FlowSummary], table: FlowTable, twins: Twins, logged: Mapping[int, Conversation]
) -> frozenset[int]:
    read_twice = set()
    for twin in twins.sure:
        packets = summaries.get(twin.packets, NO_SUMMARY)
        if packets.application == "dns":
            read_twice.add(twin.logged)
        log = logged[twin.logged]
        told = all(
            int(seen) <= OVERHEAD * stated + OVERHEAD_LEN
            for seen, stated in (
                (table.payload_out[twin.packets], log.payload_out),
                (table.payload_in[twin.packets], log.payload_in),
            )
        )
        summaries[twin.packets] = taken_over(packets, summaries.pop(twin.logged, NO_SUMMARY), told=told)
    return frozenset(read_twice)
