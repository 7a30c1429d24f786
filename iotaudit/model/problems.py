"""What could not be read and what was not looked at: facts that weaken a verdict, never exceptions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was looked at and could not be read (or reads oddly), at a place of an input.

    `kind` is kebab-free snake_case and closed (`PROBLEM_KINDS`); `detail` never quotes payload.
    `loses_payload` is true where bytes that a device may have sent were not read: that forbids a verdict "no".
    """

    kind: str
    input: int = 0
    packet: int | None = None
    offset: int | None = None
    detail: str = ""
    count: int = 1
    loses_payload: bool = False


PROBLEM_KINDS: dict[str, str] = {
    # containers
    "not_a_capture": "the file has no known capture format",
    "not_opened": "an input could not be opened, so nothing of it was read",
    "empty_file": "the file has no bytes",
    "truncated_file": "the file ends inside a record",
    "bad_header": "a file or section header is not valid",
    "bad_record": "a record's lengths cannot be true; reading stopped or resynchronised there",
    "resynchronised": "reading went on after a damaged place; the bytes between were not read",
    "unsupported_version": "the format's version is not known",
    "oversized_record": "a record larger than the bound was not read",
    "decompression_failed": "a compressed input could not be decompressed to its end",
    "decompression_bomb": "a compressed input grew beyond the bound and was cut",
    "bad_option": "an option of a block has an impossible length",
    "time_disorder": "time stamps go backwards",
    "clock_jump": "time stamps jump",
    "bad_timestamp": "a time stamp is out of range",
    "unknown_interface": "a packet names an interface that was not described",
    "dropped_packets": "the recorder says that it lost packets",
    "truncated_packets": "packets were cut by the snap length; original lengths were counted",
    "duplicate_frames": "frames were recorded twice (mirror port)",
    "duplicate_input": "the same capture was given twice",
    "not_a_regular_web_log": "an entry of a HAR or flow file could not be read",
    "counted_twice": "conversations that a proxy's log and packets may both show, and that both were counted of",
    "interrupted": "reading was stopped by the user",
    # packets
    "unknown_link_type": "frames of a link type that is not read",
    "malformed_packet": "a header is cut or contradicts itself",
    "encrypted_wifi": "Wi-Fi data frames that are encrypted",
    "wifi_keys_missing": "why frames stayed closed although a Wi-Fi key file was given",
    "unknown_ethertype": "frames of a network protocol that is not read (ARP, EAPOL, LLDP and the like are)",
    "too_deep": "more nested headers than the bound",
    "fragment_unattributed": "fragments whose first part was not seen",
    "fragment_missing": "datagrams of which a fragment is missing from the capture",
    "fragment_overlap": "fragments of one datagram that overlap",
    "flow_table_full": "more conversations than the bound; the rest was summed up, not listed",
    "stream_gap": "bytes of a TCP stream are missing from the capture",
    "stream_conflict": "retransmitted bytes differ from the first copy",
    "stream_buffer_full": "out-of-order bytes beyond the bound were dropped",
    "rhythm_limit": "the rhythm of conversations was kept more coarsely than by second, or not of all",
    "unattributed_bytes": "bytes that belong to no conversation",
    # dissect and detect
    "malformed_message": "a message of a known protocol could not be read",
    "dissector_fault": "a dissector failed on these bytes; the flow was not read further",
    "decryption_failed": "a key log names the session, but its records do not open with it",
    "decryption_stopped": "records or packets opened with a key log up to here; what follows was not read",
    "event_limit": "a flow has more messages than are kept",
    "decode_limit": "a body is deeper, larger or costlier than the bound of decoding",
}


class ProblemTally:
    """Collects problems while a stage runs; equal kinds of one input are one row with a count and the first place.

    Bounded: the number of rows is at most kinds times inputs times distinct details (64 details a kind).
    """

    __slots__ = ("_details", "_rows")

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str, str], Problem] = {}
        self._details: dict[tuple[int, str], int] = {}

    def add(self, problem: Problem) -> None:
        """Adds a problem (its `count` may already be more than one)."""
        if problem.kind not in PROBLEM_KINDS:
            raise KeyError(problem.kind)
        detail = problem.detail
        key = (problem.input, problem.kind, detail)
        if key not in self._rows:
            seen = self._details.get(key[:2], 0)
            if seen >= 64:
                key = (problem.input, problem.kind, "")
            self._details[key[:2]] = seen + 1
        old = self._rows.get(key)
        if old is None:
            self._rows[key] = Problem(
                problem.kind,
                problem.input,
                problem.packet,
                problem.offset,
                key[2],
                problem.count,
                problem.loses_payload,
            )
            return
        packets = [p for p in (old.packet, problem.packet) if p is not None]
        offsets = [o for o in (old.offset, problem.offset) if o is not None]
        self._rows[key] = Problem(
            old.kind,
            old.input,
            min(packets, default=None),
            min(offsets, default=None),
            old.detail,
            old.count + problem.count,
            old.loses_payload or problem.loses_payload,
        )

    def rows(self, input_index: int | None = None) -> tuple[Problem, ...]:
        """Gives the problems of one input (all where None), sorted by kind, packet, offset, detail."""
        picked = [p for p in self._rows.values() if input_index is None or p.input == input_index]
        return tuple(
            sorted(picked, key=lambda p: (p.input, p.kind, p.packet or 0, p.offset or 0, p.detail))
        )
