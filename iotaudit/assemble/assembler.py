"""From packet tables to flows and segments: one `Assembler` sees the blocks of all inputs, one after the other.

All rows of a block are numbered and summed as columns; only rows with payload of a direction that is still wanted
are looked at one by one, in runs of `RUN` between which closed directions are left out anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from iotaudit.assemble.fragments import Counted, Datagram, Fragment, Fragments
from iotaudit.assemble.handshake import FIN, SYN
from iotaudit.assemble.hosts import HOST_LIMIT, Hosts
from iotaudit.assemble.numbering import BY_ID_ALONE, FLOW_LIMIT, TCP, Numbered, Numbering
from iotaudit.assemble.streams import KEEP_ALIVE, Bounds, Piece, Stream
from iotaudit.model.accelerator import Accelerator
from iotaudit.model.flows import Column, Endpoint, FlowTable, HostSeen
from iotaudit.model.lanes import ALL_LANES, lane_of
from iotaudit.model.packets import input_of, ip_text
from iotaudit.model.problems import Problem, ProblemTally
from iotaudit.model.raw import PacketTable, Segment

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
    protocol: int
    flags: int
    seq: int
    number: int
    time_ns: int
    payload_at: int
    payload_len: int
    captured: int


class Assembler:
    """Numbers flows, adds them up and gives the payload of the directions that are wanted (at first: all).

    Flows, hosts and fragments do not depend on what is wanted. A TCP flow ends when nothing that is wanted of it can
    come any more (`take_ended`); what comes late is looked at only for whether it is a copy. `streams` are the tallies
    of what is wrong with single streams, by lane; flows of other lanes are not wanted. Without it, all are, and
    `problems` takes everything.
    """

    def __init__(
        self,
        problems: ProblemTally,
        *,
        flow_limit: int = FLOW_LIMIT,
        host_limit: int = HOST_LIMIT,
        accelerator: Accelerator | None = None,
        streams: Mapping[int, ProblemTally] | None = None,
    ) -> None:
        self._problems = problems
        self._numbering = Numbering(flow_limit, accelerator)
        self._hosts = Hosts(problems, host_limit, accelerator)
        self._fragments = Fragments(problems)
        tallies = dict.fromkeys(ALL_LANES, problems) if streams is None else streams
        self._bounds = {lane: Bounds(tally) for lane, tally in tallies.items()}
        self._streams: dict[int, Stream] = {}
        self._offsets: dict[int, int] = {}
        self._moved: set[int] = set()
        self._ended: list[int] = []
        self._new = b"".join(bytes(2) if lane in tallies else b"\1\1" for lane in ALL_LANES)
        self._unwanted = bytearray(self._new * 128)

    def feed(self, table: PacketTable) -> Iterator[Segment]:
        """Takes one block and gives segments in packet order, per direction in stream order.

        The block is counted when the first segment is asked for; ask for all of them before the next block.
        """
        if not len(table.number):
            return
        numbered = self._numbering.number(table)
        room = 2 * self._numbering.rows.count
        if room > len(self._unwanted):
            # a new one: an unfinished iteration may still look at the old one
            self._unwanted = self._unwanted + self._new * (max(room, len(self._unwanted)) // len(self._new))
        self._hosts.add(table, numbered)
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

    def close(self, number: int, outbound: bool) -> None:  # noqa: FBT001 - the agreed signature
        """Takes note that this direction of a flow is not wanted any more."""
        cell = 2 * number + self._side(number, outbound=outbound)
        self._unwanted[cell] = 1
        stream = self._streams.pop(cell, None)
        if stream is not None:
            stream.drop()
        self._offsets.pop(cell, None)
        self._moved.add(number)

    def endpoints(self, number: int) -> tuple[int, Endpoint, Endpoint]:
        """Gives IP protocol number, client and server of a flow."""
        rows = self._numbering.rows
        ends = tuple(
            Endpoint(
                ip_text(int(rows.ip_version[number]), int(rows.ip_hi[number, side]), int(rows.ip_lo[number, side])),
                int(rows.port[number, side]),
            )
            for side in (self._side(number, outbound=True), self._side(number, outbound=False))
        )
        return int(rows.protocol[number]), ends[0], ends[1]

    def flush(self) -> Iterator[Segment]:
        """Takes the end of all input and gives what was held back."""
        for datagram in self._fragments.flush():
            yield from self._joined(datagram)
        self._report_acknowledged()
        self._open_lost_streams()
        for cell in sorted(self._streams):
            yield from self._finish(cell)

    def table(self) -> FlowTable:
        """Gives the flows so far; row i is flow number i."""
        return self._numbering.rows.table()

    def hosts(self) -> tuple[HostSeen, ...]:
        """Gives the senders so far, with the link addresses that they were seen behind."""
        return self._hosts.seen()

    def _side(self, number: int, *, outbound: bool) -> int:
        client = int(self._numbering.rows.client[number])
        return client if outbound else 1 - client

    def _report_lost(self, table: PacketTable, numbered: Numbered) -> None:
        lost = np.flatnonzero((numbered.flow < 0) & (numbered.cell >= 0))
        if lost.size:
            packet = int(table.number[lost[0]])
            self._problems.add(
                Problem("flow_table_full", input_of(packet), packet, None, "", len(lost), loses_payload=True)
            )

    def _segments(self, table: PacketTable, numbered: Numbered) -> Iterator[Segment]:
        flow = numbered.flow
        always = (table.frag == FIRST_FRAGMENT) & BY_ID_ALONE[table.protocol] & (flow >= 0)
        always[numbered.later] = True
        always[list(numbered.ends)] = True
        chosen = (table.payload_len > 0) & (flow >= 0) & (table.frag <= FIRST_FRAGMENT)
        chosen |= always
        chosen[numbered.syns] = True
        cell = flow * 2 + numbered.side
        outbound = numbered.side == self._numbering.rows.client[flow]
        unwanted = np.frombuffer(self._unwanted, np.bool_)
        chosen &= always | ~unwanted[cell]
        syns = set(numbered.syns.tolist())
        rows = np.flatnonzero(chosen)
        for begin in range(0, len(rows), RUN):
            run = rows[begin : begin + RUN]
            run = run[always[run] | ~unwanted[cell[run]]]
            for row in _rows(table, run, cell, outbound):
                if always[row.at]:
                    if row.at in numbered.ends:
                        yield from self._end(numbered.ends[row.at])
                    if table.frag[row.at]:
                        yield from self._fragment(table, row)
                        continue
                if self._unwanted[row.cell]:
                    continue
                out = row.outbound
                if numbered.turns:
                    out ^= sum(turn > row.at for turn in numbered.turns.get(row.cell >> 1, ())) % 2 == 1
                if row.protocol == TCP:
                    yield from self._tcp(table, row, outbound=out, new_syn=row.at in syns)
                else:
                    yield self._whole(table, row, outbound=out)

    def _whole(self, table: PacketTable, row: _Row, *, outbound: bool) -> Segment:
        data = _payload(table, row)
        offset = self._offsets.get(row.cell, 0)
        self._offsets[row.cell] = offset + row.payload_len
        missing = row.payload_len - len(data)
        return Segment(row.cell >> 1, outbound, row.number, row.time_ns, offset, data, 0, missing)

    def _tcp(self, table: PacketTable, row: _Row, *, outbound: bool, new_syn: bool) -> Iterable[Segment]:
        seq = (row.seq + 1) % MODULUS if row.flags & SYN else row.seq
        stream = self._streams.get(row.cell)
        rows = self._numbering.rows
        if stream is None and rows.ended[row.cell >> 1]:
            self._look_late(row.cell, seq, row.number, _payload(table, row), row.payload_len)
            return ()
        base = rows.base
        if new_syn and base[row.cell >> 1, row.cell & 1] != seq:
            base[row.cell >> 1, row.cell & 1] = seq
            if stream is not None:
                stream.restart(seq)
        if not row.payload_len:
            return ()
        data = _payload(table, row)
        piece = Piece(0, row.number, row.time_ns, data, row.payload_len - len(data))
        stream = stream or self._open_stream(row.cell, seq)
        if stream.expects(seq) and not piece.cut_len:
            return (stream.append(piece, outbound=outbound),)
        return self._while_wanted(row.cell, stream.take(seq, piece, outbound=outbound))

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
        key = (version, *ends, row.protocol if version == 4 else 0, int(table.frag_id[at]))
        fragment = Fragment(
            first=first,
            more=bool(table.frag_more[at]),
            at=_header_len(table, row) if first else int(table.frag_at[at]),
            payload_len=row.payload_len,
            data=_payload(table, row),
            packet=row.number,
            time_ns=row.time_ns,
            wire_len=int(table.wire_len[at]),
            seq=(row.seq + 1) % MODULUS if row.flags & SYN else row.seq,
        )
        for found in self._fragments.take(key, fragment, (cell >> 1, cell & 1) if first else None):
            if isinstance(found, Counted):
                self._numbering.rows.add_fragment(found.flow, found.side, found.fragment)
            else:
                yield from self._joined(found)

    def _joined(self, datagram: Datagram) -> Iterator[Segment]:
        """Gives a datagram that came in fragments: one segment, or a piece of its stream."""
        cell = 2 * datagram.flow + datagram.side
        if self._unwanted[cell]:
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
        for number in sorted(self._moved):
            if self._is_whole(number):
                rows.ended[number] = True
                self._ended.append(number)
                for cell in (2 * number, 2 * number + 1):
                    stream = self._streams.pop(cell, None)
                    if stream is not None:
                        stream.drop()
        self._moved.clear()

    def _is_whole(self, number: int) -> bool:
        """Says whether a flow has a direction that is wanted, and each such was given from its SYN to its FIN.

        Without the SYN a late byte may be older than the first one seen, and so be no copy.
        """
        rows = self._numbering.rows
        wanted = [side for side in (0, 1) if not self._unwanted[2 * number + side]]
        for side in wanted:
            base, end = int(rows.base[number, side]), int(rows.end[number, side])
            if base < 0 or end < 0:
                return False
            stream = self._streams.get(2 * number + side)
            if not (base == end if stream is None else stream.is_whole(end)):
                return False
        return bool(wanted) and not rows.ended[number]

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
        unwanted = np.frombuffer(self._unwanted, np.bool_)[: 2 * count].reshape(-1, 2)
        beyond = (rows.ack[:count, ::-1] - rows.end[:count]) % MODULUS
        lost = rows.ended[:count, None] & ~unwanted & (rows.ack[:count, ::-1] >= 0)
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
            if self._unwanted[cell]:
                return
            yield segment

    def _open_lost_streams(self) -> None:
        """Opens the streams of which no byte was recorded, though the other side acknowledged some."""
        rows = self._numbering.rows
        count = rows.count
        base, ack = rows.base[:count], rows.ack[:count, ::-1]
        unwanted = np.frombuffer(self._unwanted, np.bool_)[: 2 * count].reshape(-1, 2)
        lost = (base >= 0) & (ack >= 0) & (rows.first_payload[:count] < 0) & ~unwanted
        lost &= ((ack - base) % MODULUS > 1 + rows.fin[:count]) & ~rows.ended[:count, None]
        for cell in np.flatnonzero(lost.reshape(-1)).tolist():
            self._open_stream(cell, 0)


def _rows(table: PacketTable, run: Column, cell: Column, outbound: Column) -> Iterator[_Row]:
    """Gives some rows of a table one by one."""
    columns = (
        run,
        cell[run],
        outbound[run],
        table.protocol[run],
        table.tcp_flags[run],
        table.tcp_seq[run],
        table.number[run],
        table.time_ns[run],
        table.payload_at[run],
        table.payload_len[run],
        table.payload_captured[run],
    )
    return map(_Row, *(column.tolist() for column in columns))


def _payload(table: PacketTable, row: _Row) -> bytes:
    """Gives a copy of the captured payload of a row."""
    data: bytes = table.buffer[row.payload_at : row.payload_at + min(row.captured, row.payload_len)].tobytes()
    return data


def _header_len(table: PacketTable, row: _Row) -> int:
    """Gives the length of the transport header before a first fragment's payload, 0 where it cannot be told."""
    if row.protocol == UDP:
        return UDP_HEADER_LEN
    if row.protocol != TCP:
        return 0
    start = row.seq.to_bytes(4, "big")
    for length in range(20, 64, 4):
        header = table.buffer[max(0, row.payload_at - length) : row.payload_at].tobytes()
        if len(header) == length and header[4:8] == start and header[12] >> 4 == length // 4:
            return length
    return 0
