"""From packet tables to flows and segments: one `Assembler` sees the blocks of all inputs, one after the other.

All rows of a block are numbered and summed as columns; only rows with payload that is still wanted are looked at one by
one, in runs of `RUN` between which what is not wanted any more is left out anew. Most of these are plain: a whole
datagram, or the bytes that are next in their stream.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from iotaudit.assemble.fragments import Counted, Datagram, Fragment, Fragments
from iotaudit.assemble.handshake import FIN, SYN
from iotaudit.assemble.hosts import HOST_LIMIT, Hosts
from iotaudit.assemble.numbering import BY_ID_ALONE, FLOW_LIMIT, TCP, Numbered, Numbering
from iotaudit.assemble.shapes import FlowShapes
from iotaudit.assemble.streams import KEEP_ALIVE, Bounds, Piece, Stream
from iotaudit.assemble.wanted import UNWANTED, Wanted
from iotaudit.model.accelerator import Accelerator
from iotaudit.model.flows import Column, Endpoint, FlowTable, HostSeen
from iotaudit.model.lanes import ALL_LANES, lane_of
from iotaudit.model.packets import input_of, ip_text
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import PacketTable, Segment
from iotaudit.model.shapes import Shapes
from iotaudit.model.want import ALL, NOTHING, Wants

RUN = 512
UDP = 17
UDP_HEADER_LEN = 8
MODULUS = 1 << 32
FIRST_FRAGMENT = 1


class _Row(NamedTuple):
    """What is needed of one row; `at` is the row, `cell` twice the flow number plus the side."""

    at: int
    cell: int
    outbound: bool
    is_plain: bool
    is_tcp: bool
    seq: int
    number: int
    time_ns: int
    payload_at: int
    payload_len: int


class Assembler:
    """Numbers flows, adds them up and gives the payload of the directions that are wanted (at first: all).

    Flows, hosts and fragments do not depend on what is wanted. A TCP flow ends when nothing that is wanted of it can
    come any more (`take_ended`); what comes late is looked at only for whether it is a copy. `streams` are the tallies
    of what is wrong with single streams, by lane; flows of other lanes are not wanted. Without it, all are, and
    `problems` takes everything. `shaped`: the rhythm of the flows is kept, too (`shapes`).
    """

    def __init__(
        self,
        problems: ProblemTally,
        *,
        flow_limit: int = FLOW_LIMIT,
        host_limit: int = HOST_LIMIT,
        accelerator: Accelerator | None = None,
        streams: Mapping[int, ProblemTally] | None = None,
        shaped: bool = True,
    ) -> None:
        self._problems = problems
        self._shapes = FlowShapes() if shaped else None
        self._numbering = Numbering(flow_limit, accelerator)
        self._hosts = Hosts(problems, host_limit, accelerator)
        self._fragments = Fragments(problems)
        tallies = dict.fromkeys(ALL_LANES, problems) if streams is None else streams
        self._bounds = {lane: Bounds(tally) for lane, tally in tallies.items()}
        self._streams: dict[int, Stream] = {}
        self._offsets: dict[int, int] = {}
        self._moved: set[int] = set()
        self._ended: list[int] = []
        self._wanted = Wanted(tallies)

    def feed(self, table: PacketTable) -> Iterator[Segment]:
        """Takes one block and gives segments in packet order, per direction in stream order.

        The block is counted when the first segment is asked for; ask for all of them before the next block.
        """
        if not len(table.number):
            return
        numbered = self._numbering.number(table)
        self._wanted.extend(self._numbering.rows.count)
        self._hosts.add(table, numbered)
        if self._shapes:
            self._shapes.add(table, numbered.flow, numbered.side)
        self._report_lost(table, numbered)
        yield from self._segments(table, numbered)
        self._end_whole(table, numbered)

    def take_ended(self) -> list[int]:
        """Gives the TCP flows that ended since the last call: of what was wanted of them, every byte was given."""
        ended, self._ended = self._ended, []
        return ended

    def arp(self, number: Column, mac: Column, ip: Column) -> None:
        """Takes the senders of ARP packets: packet ids (int64), link and IPv4 addresses (unsigned)."""
        self._hosts.arp(number, mac, ip)

    def want(self, number: int, wants: Wants) -> None:
        """Takes note of what is wanted of a flow from the next packet on.

        Of TCP that is all of a direction or nothing. Nothing is final.
        """
        rows, wanted = self._numbering.rows, self._wanted
        is_tcp = rows.protocol.item(number) == TCP
        client = rows.client.item(number)
        for side, want in ((client, wants[0]), (1 - client, wants[1])):
            cell = 2 * number + side
            if wanted.codes[cell] == UNWANTED:
                continue
            if want != NOTHING:
                wanted.set(cell, ALL if is_tcp else want)
                continue
            wanted.set(cell, NOTHING)
            self._offsets.pop(cell, None)
            stream = self._streams.pop(cell, None)
            if stream is not None:
                stream.drop()
            if is_tcp and wanted.codes[cell ^ 1] != UNWANTED:
                self._moved.add(number)

    def endpoints(self, number: int) -> tuple[int, Endpoint, Endpoint]:
        """Gives IP protocol number, client and server of a flow."""
        rows = self._numbering.rows
        version, client = rows.ip_version.item(number), rows.client.item(number)
        cells = zip(rows.ip_hi[number].tolist(), rows.ip_lo[number].tolist(), rows.port[number].tolist(), strict=True)
        ends = [Endpoint(ip_text(version, hi, lo), port) for hi, lo, port in cells]
        return rows.protocol.item(number), ends[client], ends[1 - client]

    def flush(self) -> Iterator[Segment]:
        """Takes the end of all input and gives what was held back."""
        self._numbering.forget_keys()
        for datagram in self._fragments.flush():
            yield from self._joined(datagram)
        self._report_acknowledged()
        self._open_lost_streams()
        for cell in sorted(self._streams):
            yield from self._finish(cell)

    def table(self) -> FlowTable:
        """Gives the flows so far; row i is flow number i."""
        return self._numbering.rows.table()

    def shapes(self) -> Shapes:
        """Gives the rhythm of the flows so far: of none where it is not kept."""
        rows = self._numbering.rows
        return (self._shapes or FlowShapes()).shapes(rows.client[: rows.count])

    def hosts(self) -> tuple[HostSeen, ...]:
        """Gives the senders so far, with the link addresses that they were seen behind."""
        return self._hosts.seen()

    def _report_lost(self, table: PacketTable, numbered: Numbered) -> None:
        lost = np.flatnonzero((numbered.flow < 0) & (numbered.cell >= 0))
        if lost.size:
            packet = int(table.number[lost[0]])
            self._problems.add(
                Problem("flow_table_full", input_of(packet), packet, None, "", len(lost), loses_payload=True)
            )

    def _segments(self, table: PacketTable, numbered: Numbered) -> Iterator[Segment]:
        """Gives the segments of a block: of plain rows right here, of others by `_take`."""
        rows, cells, outbound, is_special, is_plain = self._chosen(table, numbered)
        wanted, streams, offsets = self._wanted, self._streams, self._offsets
        codes, wants = wanted.codes, wanted.wants
        octets = memoryview(table.buffer)
        syns = set(numbered.syns.tolist())
        for begin in range(0, len(rows), RUN):
            run = slice(begin, begin + RUN)
            kept = is_special[run] | wanted.rows(table, rows[run], cells[run])
            columns = (column[run][kept] for column in (rows, cells, outbound, is_plain))
            for row in _rows(table, *columns):
                at, cell, out, plain, is_tcp, seq, number, time_ns, payload_at, payload_len = row
                if not plain:
                    yield from self._take(table, numbered, _Row(*row), new_syn=at in syns)
                    continue
                code = codes[cell]
                if code and not wants[code][octets[payload_at]]:
                    continue
                data = octets[payload_at : payload_at + payload_len].tobytes()
                if not is_tcp:
                    offset = offsets.get(cell, 0)
                    offsets[cell] = offset + payload_len
                    yield Segment(cell >> 1, out, number, time_ns, offset, data)
                    continue
                stream = streams.get(cell)
                if stream is None:
                    if self._numbering.rows.ended.item(cell >> 1):
                        self._look_late(cell, seq, number, data, payload_len)
                        continue
                    stream = self._open_stream(cell, seq)
                if stream.next == seq and not stream.held:
                    yield stream.append(number, time_ns, data, out)
                else:
                    yield from self._while_wanted(
                        cell, stream.take(seq, Piece(0, number, time_ns, data, 0), outbound=out)
                    )

    def _chosen(
        self, table: PacketTable, numbered: Numbered
    ) -> tuple[Column, Column, Column, Column, Column]:
        """Gives the rows that may be looked at, their cells, whether they go to the server, and two kinds of them.

        Special ones are looked at whether or not they are wanted. Plain ones have payload, all of it captured, and nothing
        that makes them more than a datagram or a piece of a stream.
        """
        flow = numbered.flow
        special = (table.frag == FIRST_FRAGMENT) & BY_ID_ALONE[table.protocol] & (flow >= 0)
        special[numbered.later] = True
        special[list(numbered.ends)] = True
        chosen = (table.payload_len > 0) & (flow >= 0) & (table.frag <= FIRST_FRAGMENT)
        chosen[numbered.syns] = True
        cell = flow * 2
        cell += numbered.side
        chosen &= np.frombuffer(self._wanted.codes, np.uint8)[cell] != UNWANTED
        chosen |= special
        rows = np.flatnonzero(chosen)
        flow, is_special = flow[rows], special[rows]
        plain = ~is_special
        plain &= (table.payload_captured[rows] >= table.payload_len[rows]) & (table.payload_len[rows] > 0)
        plain &= ((table.tcp_flags[rows] & SYN) == 0) | (table.protocol[rows] != TCP)
        if numbered.syns.size:
            plain &= ~np.isin(rows, numbered.syns)
        if numbered.turns:
            plain &= ~np.isin(flow, list(numbered.turns))
        outbound = numbered.side[rows] == self._numbering.rows.client[flow]
        return rows, cell[rows], outbound, is_special, plain

    def _take(self, table: PacketTable, numbered: Numbered, row: _Row, *, new_syn: bool) -> Iterator[Segment]:
        """Gives what a row brings, whatever is odd about it."""
        if row.at in numbered.ends:
            yield from self._end(numbered.ends[row.at])
        frag = table.frag[row.at]
        if frag and BY_ID_ALONE[table.protocol[row.at]]:
            yield from self._fragment(table, row)
            return
        data = _payload(table, row)
        if self._wanted.rejects(row.cell, data):
            return
        out = row.outbound
        if numbered.turns:
            out ^= sum(turn > row.at for turn in numbered.turns.get(row.cell >> 1, ())) % 2 == 1
        if row.is_tcp:
            yield from self._tcp(row, data, outbound=out, new_syn=new_syn)
        else:
            yield self._whole(row, data, outbound=out)

    def _whole(self, row: _Row, data: bytes, *, outbound: bool) -> Segment:
        offset = self._offsets.get(row.cell, 0)
        self._offsets[row.cell] = offset + row.payload_len
        missing = row.payload_len - len(data)
        return Segment(row.cell >> 1, outbound, row.number, row.time_ns, offset, data, 0, missing)

    def _tcp(self, row: _Row, data: bytes, *, outbound: bool, new_syn: bool) -> Iterator[Segment]:
        cell, seq = row.cell, row.seq
        stream = self._streams.get(cell)
        rows = self._numbering.rows
        if stream is None and rows.ended[cell >> 1]:
            self._look_late(cell, seq, row.number, data, row.payload_len)
            return
        if new_syn and rows.base[cell >> 1, cell & 1] != seq:
            rows.base[cell >> 1, cell & 1] = seq
            if stream is not None:
                stream.restart(seq)
        if not row.payload_len:
            return
        piece = Piece(0, row.number, row.time_ns, data, row.payload_len - len(data))
        stream = stream or self._open_stream(cell, seq)
        yield from self._while_wanted(cell, stream.take(seq, piece, outbound=outbound))

    def _open_stream(self, cell: int, seq: int) -> Stream:
        base = int(self._numbering.rows.base[cell >> 1, cell & 1])
        stream = Stream(cell >> 1, seq if base < 0 else base, self._bounds[lane_of(cell >> 1)])
        self._streams[cell] = stream
        return stream

    def _fragment(self, table: PacketTable, row: _Row) -> Iterator[Segment]:
        at, cell = row.at, row.cell
        first = bool(table.frag[at] == FIRST_FRAGMENT)
        version = int(table.ip_version[at])
        ends = (int(table.src_hi[at]), int(table.src_lo[at]), int(table.dst_hi[at]), int(table.dst_lo[at]))
        key = (version, *ends, int(table.protocol[at]) if version == 4 else 0, int(table.frag_id[at]))
        fragment = Fragment(
            first=first,
            more=bool(table.frag_more[at]),
            at=_header_len(table, row) if first else int(table.frag_at[at]),
            payload_len=row.payload_len,
            data=_payload(table, row),
            packet=row.number,
            time_ns=row.time_ns,
            wire_len=int(table.wire_len[at]),
            seq=row.seq,
        )
        for found in self._fragments.take(key, fragment, (cell >> 1, cell & 1) if first else None):
            if isinstance(found, Counted):
                self._numbering.rows.add_fragment(found.flow, found.side, found.fragment)
            else:
                yield from self._joined(found)

    def _joined(self, datagram: Datagram) -> Iterator[Segment]:
        """Gives a datagram that came in fragments: one segment, or a piece of its stream."""
        cell = 2 * datagram.flow + datagram.side
        if self._wanted.rejects(cell, datagram.data):
            return
        rows = self._numbering.rows
        outbound = bool(rows.client[datagram.flow] == datagram.side)
        packet, time_ns, data, missing = datagram.packet, datagram.time_ns, datagram.data, datagram.missing_len
        if rows.protocol[datagram.flow] == TCP:
            if rows.ended[datagram.flow]:
                self._look_late(cell, datagram.seq, packet, data, len(data) + missing)
                return
            stream = self._streams.get(cell) or self._open_stream(cell, datagram.seq)
            # what is missing shows as a hole once something follows it
            piece = Piece(0, packet, time_ns, data, 0)
            yield from self._while_wanted(cell, stream.take(datagram.seq, piece, outbound=outbound))
            return
        offset = self._offsets.get(cell, 0)
        self._offsets[cell] = offset + len(data) + missing
        yield Segment(datagram.flow, outbound, packet, time_ns, offset, data, 0, missing)

    def _end(self, number: int) -> Iterator[Segment]:
        """Ends the streams of a flow whose ports are used anew."""
        for cell in (2 * number, 2 * number + 1):
            yield from self._finish(cell)

    def _finish(self, cell: int) -> Iterator[Segment]:
        """Gives the rest of a stream, where there is one, and forgets it."""
        stream = self._streams.get(cell)
        if stream is None:
            return
        rows = self._numbering.rows
        number, side = cell >> 1, cell & 1
        acknowledged = int(rows.ack[number, 1 - side])
        if acknowledged >= 0 and rows.fin[number, side]:
            acknowledged = (acknowledged - 1) % MODULUS
        place = int(rows.first_packet[number]), int(rows.first_ns[number])
        outbound = bool(rows.client[number] == side)
        yield from self._while_wanted(cell, stream.finish(acknowledged, place, outbound=outbound))
        stream.drop()
        self._streams.pop(cell, None)

    def _end_whole(self, table: PacketTable, numbered: Numbered) -> None:
        """Ends the flows of which no more bytes can come: of each direction that is wanted all were given, up to its FIN.

        Only flows that this block, or the closing of a direction, may have brought to their end are looked at.
        """
        rows = self._numbering.rows
        moved = (table.payload_len > 0) | ((table.tcp_flags & FIN) != 0)
        moved &= (table.protocol == TCP) & (numbered.flow >= 0)
        at = np.flatnonzero(moved)
        flow = numbered.flow[at]
        self._moved.update(flow[(rows.end[flow, numbered.side[at]] >= 0) & ~rows.ended[flow]].tolist())
        for number in self._whole_ones(sorted(self._moved)):
            rows.ended[number] = True
            self._ended.append(number)
            for cell in (2 * number, 2 * number + 1):
                stream = self._streams.pop(cell, None)
                if stream is not None:
                    stream.drop()
        self._moved.clear()

    def _whole_ones(self, numbers: list[int]) -> Iterator[int]:
        """Gives those of some flows that have a direction that is wanted, and each such was given from its SYN to its FIN.

        Without the SYN a late byte may be older than the first one seen, and so be no copy.
        """
        rows, codes = self._numbering.rows, self._wanted.codes
        columns = (column[numbers].tolist() for column in (rows.base, rows.end, rows.ended))
        for number, bases, ends, ended in zip(numbers, *columns, strict=True):
            sides = [side for side in (0, 1) if codes[2 * number + side] != UNWANTED]
            if sides and not ended and all(self._is_whole(2 * number + k, bases[k], ends[k]) for k in sides):
                yield number

    def _is_whole(self, cell: int, base: int, end: int) -> bool:
        """Says whether a direction was given from its first byte to its last."""
        if base < 0 or end < 0:
            return False
        stream = self._streams.get(cell)
        return base == end if stream is None else stream.is_whole(end)

    def _look_late(self, cell: int, seq: int, packet: int, data: bytes, length: int) -> None:
        """Looks at bytes of a flow that has ended: what is no copy of its bytes is reported as not read."""
        rows = self._numbering.rows
        base, end = int(rows.base[cell >> 1, cell & 1]), int(rows.end[cell >> 1, cell & 1])
        is_copy = (seq - base) % MODULUS + length <= (end - base) % MODULUS
        if length and not is_copy and not (data == KEEP_ALIVE and seq == end):
            self._report_unread(cell, packet, "bytes after the end")

    def _report_acknowledged(self) -> None:
        """Reports the bytes that were acknowledged of flows that had ended before them."""
        rows = self._numbering.rows
        count = rows.count
        beyond = (rows.ack[:count, ::-1] - rows.end[:count]) % MODULUS
        lost = rows.ended[:count, None] & self._wanted.sides(count) & (rows.ack[:count, ::-1] >= 0)
        lost &= (beyond > 1) & (beyond < MODULUS // 4)
        for cell in np.flatnonzero(lost.reshape(-1)).tolist():
            self._report_unread(cell, int(rows.first_packet[cell >> 1]), "the end")

    def _report_unread(self, cell: int, packet: int, detail: str) -> None:
        """Reports bytes of a flow that has ended, which nobody reads any more."""
        tally = self._bounds[lane_of(cell >> 1)].problems
        tally.add(Problem("stream_gap", input_of(packet), packet, None, detail, loses_payload=True))

    def _while_wanted(self, cell: int, segments: Iterator[Segment]) -> Iterator[Segment]:
        """Gives segments until their direction is closed, which may happen between any two of them."""
        for segment in segments:
            if self._wanted.codes[cell] == UNWANTED:
                return
            yield segment

    def _open_lost_streams(self) -> None:
        """Opens the streams of which no byte was recorded, though the other side acknowledged some."""
        rows = self._numbering.rows
        count = rows.count
        base, ack = rows.base[:count], rows.ack[:count, ::-1]
        lost = (base >= 0) & (ack >= 0) & (rows.first_payload[:count] < 0) & self._wanted.sides(count)
        lost &= ((ack - base) % MODULUS > 1 + rows.fin[:count]) & ~rows.ended[:count, None]
        for cell in np.flatnonzero(lost.reshape(-1)).tolist():
            self._open_stream(cell, 0)


def _rows(
    table: PacketTable, rows: Column, cells: Column, outbound: Column, plain: Column
) -> Iterator[tuple[int, int, bool, bool, bool, int, int, int, int, int]]:
    """Gives some rows of a table one by one, as in `_Row`."""
    is_tcp = table.protocol[rows] == TCP
    seq = table.tcp_seq[rows].astype(np.int64)
    seq += is_tcp & ((table.tcp_flags[rows] & SYN) != 0)
    columns = (
        rows,
        cells,
        outbound,
        plain,
        is_tcp,
        seq % MODULUS,
        table.number[rows],
        table.time_ns[rows],
        table.payload_at[rows],
        table.payload_len[rows],
    )
    return zip(*(column.tolist() for column in columns), strict=True)


def _payload(table: PacketTable, row: _Row) -> bytes:
    """Gives a copy of the captured payload of a row."""
    length = min(int(table.payload_captured[row.at]), row.payload_len)
    data: bytes = table.buffer[row.payload_at : row.payload_at + length].tobytes()
    return data


def _header_len(table: PacketTable, row: _Row) -> int:
    """Gives the length of the transport header before a first fragment's payload, 0 where it cannot be told."""
    if not row.is_tcp:
        return UDP_HEADER_LEN if table.protocol[row.at] == UDP else 0
    start = int(table.tcp_seq[row.at]).to_bytes(4, "big")
    for length in range(20, 64, 4):
        header = table.buffer[max(0, row.payload_at - length) : row.payload_at].tobytes()
        if len(header) == length and header[4:8] == start and header[12] >> 4 == length // 4:
            return length
    return 0
