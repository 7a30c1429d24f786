"""Which source addresses were seen behind which link address."""

import numpy as np

from iotaudit.assemble.keys import group
from iotaudit.assemble.numbering import Numbered
from iotaudit.model.accelerator import Accelerator, HostCounts
from iotaudit.model.flows import Column, HostSeen
from iotaudit.model.packets import input_of, ip_text
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import PacketTable

HOST_LIMIT = 1 << 18
"""Pairs that are kept, some 250 bytes each: every address of the internet that answers is one, at the gateway."""


class Hosts:
    """Counts (link address, IP address) pairs; bounded."""

    __slots__ = ("_accelerator", "_limit", "_problems", "_seen")

    def __init__(
        self, problems: ProblemTally, limit: int = HOST_LIMIT, accelerator: Accelerator | None = None
    ) -> None:
        self._seen: dict[tuple[str, int, int, int, int], list[int]] = {}
        self._problems = problems
        self._limit = limit
        self._accelerator = accelerator

    def add(self, table: PacketTable, numbered: Numbered) -> None:
        """Counts the senders of a block.

        The sides of its flows are counted first, each under the link address of its first packet; only packets
        from another link address are looked at one by one.
        """
        cells = int(numbered.cell.max()) + 1
        count = _count if self._accelerator is None else self._accelerator.count_hosts
        counts = count(numbered.cell, _has_own_link(table), table.src_mac, cells)
        heads = np.flatnonzero(counts.first >= 0)
        self._merge(table, counts.first[heads], counts.packets[heads])
        self._merge(table, counts.others, np.ones(len(counts.others), np.int64))

    def arp(self, number: Column, mac: Column, ip: Column) -> None:
        """Counts the senders of ARP packets (ip: IPv4 as a number; 0, "no address yet", is left out)."""
        for packet, link, address in zip(number.tolist(), mac.tolist(), ip.tolist(), strict=True):
            if address:
                self._count(("arp", link, 4, 0, address), 1, packet)

    def seen(self) -> tuple[HostSeen, ...]:
        """Gives the pairs in order of their first packet."""
        found = [
            HostSeen(mac, ip_text(version, hi, lo), packets, first, source)
            for (source, mac, version, hi, lo), (packets, first) in self._seen.items()
        ]
        return tuple(sorted(found, key=lambda host: (host.first_packet, host.source, host.mac, host.ip)))

    def _merge(self, table: PacketTable, rows: Column, counts: Column) -> None:
        if not len(rows):
            return
        columns = (
            table.src_mac[rows].astype(np.uint64, copy=False),
            table.src_lo[rows].astype(np.uint64, copy=False),
            table.src_hi[rows].astype(np.uint64, copy=False),
            table.ip_version[rows].astype(np.uint64),
        )
        order, starts = group(columns)
        sums = np.add.reduceat(counts[order], starts)
        packets = np.minimum.reduceat(table.number[rows][order], starts)
        first = np.argsort(packets, kind="stable")
        heads = order[starts][first]
        mac, lo, hi, version = (column[heads].tolist() for column in columns)
        cells = zip(mac, version, hi, lo, sums[first].tolist(), packets[first].tolist(), strict=True)
        for *key, count, packet in cells:
            self._count(("frame", *key), count, packet)

    def _count(self, key: tuple[str, int, int, int, int], packets: int, first: int) -> None:
        old = self._seen.get(key)
        if old is not None:
            old[0] += packets
            old[1] = min(old[1], first)
        elif len(self._seen) < self._limit:
            self._seen[key] = [packets, first]
        else:
            self._problems.add(
                Problem("flow_table_full", input_of(first), first, None, "senders", packets, loses_payload=True)
            )


def _count(cell: Column, own: Column, source: Column, cells: int) -> HostCounts:
    """Counts the senders of cells; what `Accelerator.count_hosts` gives, too."""
    first = np.full(cells, -1)
    rows = np.flatnonzero((cell >= 0) & own)
    first[cell[rows[::-1]]] = rows[::-1]  # of equal cells the last written, so the earliest row, stays
    usual = np.zeros(len(cell), bool)
    usual[rows] = source[rows] == source[first[cell[rows]]]
    return HostCounts(first, np.bincount(cell[usual], minlength=cells), np.flatnonzero(own & ~usual))


def _has_own_link(table: PacketTable) -> Column:
    """Gives which rows name a sender on the link: outermost packets, and those in a tunnelled Ethernet frame.

    What a router hands through an IP tunnel has no link address here; its row repeats that of the outer packet.
    """
    outer = table.layer == 0
    if outer.all():
        return outer
    at = np.maximum.accumulate(np.where(outer, np.arange(len(outer)), 0))
    return outer | (table.src_mac != table.src_mac[at])
