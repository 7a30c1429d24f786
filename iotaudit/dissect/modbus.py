"""Modbus TCP: which functions are called on which unit, what a device calls itself, and its registers.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3 (header); MODBUS Application
Protocol Specification V1.1b3 sections 4 to 7 (functions, sizes, exceptions), 6.21 (device identification).
"""

from typing import NamedTuple

from iotaudit.dissect import frames
from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.session import TCP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "modbus"
PORTS = frozenset({502})
TRANSPORT = frozenset({TCP})
FIRST = frozenset(range(256))
AWAY: frozenset[int] = frozenset()
SURE: frozenset[int] = frozenset()

HEADER_LEN = 7
LEAST_LEN, MOST_LEN = 2, 254
"""Bytes that the header may announce: the unit, a function, up to 252 bytes of data."""
ERROR = 0x80
FUNCTIONS = {
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write single coil",
    6: "write single register",
    7: "read exception status",
    8: "diagnostics",
    11: "get event counter",
    12: "get event log",
    15: "write coils",
    16: "write registers",
    17: "report server id",
    20: "read file",
    21: "write file",
    22: "mask write register",
    23: "read and write registers",
    24: "read queue",
    43: "encapsulated interface",
}
SERVER_ID, WRITE_MANY, READ_WRITE, ENCAPSULATED, IDENTIFICATION = 17, 16, 23, 43, 14
REGISTERS = frozenset({3, 4, READ_WRITE})
OBJECTS = {
    0: "VendorName",
    1: "ProductCode",
    2: "MajorMinorRevision",
    3: "VendorUrl",
    4: "ProductName",
    5: "ModelName",
    6: "UserApplicationName",
}
PENDING, KEPT = 256, 64


def recognise(head: Head) -> Likeness:
    """Fits zero protocol number and length; others have such bytes too, so it counts on the port alone."""
    data = head.data
    if any(data[2:4]):
        return Likeness.NO
    if len(data) >= 6 and not LEAST_LEN <= int.from_bytes(data[4:6]) <= MOST_LEN:
        return Likeness.NO
    if len(data) <= HEADER_LEN:
        return Likeness.MORE
    function, length = data[HEADER_LEN], int.from_bytes(data[4:6])
    if function & ~ERROR not in FUNCTIONS or (function & ERROR and length != 3):
        return Likeness.NO
    return Likeness.WEAK


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return frames.FrameSession(context, ID, _Reader())


class _Ask(NamedTuple):
    """A read that waits for its answer."""

    function: int
    address: int


class _Reader:
    def __init__(self) -> None:
        self._said = Said()
        self._asked: dict[tuple[bool, int, int], _Ask] = {}
        self._called: dict[tuple[int, int], None] = {}

    def measure(self, head: bytes, *, outbound: bool) -> int:
        """Gives the length that the header says."""
        del outbound
        if any(head[2:4]):
            return frames.NONE
        if len(head) < HEADER_LEN - 1:
            return frames.MORE
        length = int.from_bytes(head[4:6])
        return HEADER_LEN - 1 + length if LEAST_LEN <= length <= MOST_LEN else frames.NONE

    def resumes(self, data: bytes) -> bool:
        """Says whether a message begins here."""
        return recognise(Head(data, TCP)) >= Likeness.WEAK

    def end(self, found: Seen) -> None:
        """Adds nothing: each message stands for itself."""

    def wants(self, *, outbound: bool) -> bool:
        """True always: registers may hold texts."""
        del outbound
        return True

    def reading(self) -> Reading:
        """Gives plaintext with the functions that were called, and the units."""
        functions = ", ".join(
            f"{number} ({FUNCTIONS[number]})" for number in sorted({function for _, function in self._called})
        )
        units = ", ".join(map(str, sorted({unit for unit, _ in self._called})))
        told = f": functions {functions} on unit {units}" if self._called else ""
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, f"Modbus in the clear{told}"))

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message."""
        data = message.data
        if len(data) <= HEADER_LEN:
            return "no function"
        number, unit, function = int.from_bytes(data[:2]), data[6], data[HEADER_LEN]
        body = data[HEADER_LEN + 1 :]
        asked = self._asked.pop((not message.outbound, number, unit), None)
        if function & ~ERROR not in FUNCTIONS:
            return None  # a function of the vendor's own
        if len(self._called) < KEPT:
            self._called[unit, function & ~ERROR] = None
        if function & ERROR:
            return None
        if asked and asked.function == function:
            if function == ENCAPSULATED and body[:1] == bytes((IDENTIFICATION,)):
                return self._identification(message, body, found)
            return self._answer(message, asked, body, found)
        return self._request(message, (message.outbound, number, unit), function, body, found)

    def _request(
        self, message: Segment, key: tuple[bool, int, int], function: int, body: bytes, found: Seen
    ) -> str | None:
        """Notes what is asked for; gives the registers that are written."""
        if len(self._asked) < PENDING:
            self._asked[key] = _Ask(function, int.from_bytes(body[:2]))
        at = {WRITE_MANY: 4, READ_WRITE: 8}.get(function)
        if at is None or len(body) <= at:
            return None
        address = int.from_bytes(body[at - 4 : at - 2])
        self._registers(message, function, address, body[at + 1 : at + 1 + body[at]], found)
        return None

    def _answer(self, message: Segment, asked: _Ask, body: bytes, found: Seen) -> str | None:
        """Gives the registers that were read, or the id of the server."""
        if asked.function not in REGISTERS | {SERVER_ID}:
            return None
        if not body or len(body) < 1 + body[0]:
            return "an answer shorter than it says"
        value = body[1 : 1 + body[0]]
        if asked.function == SERVER_ID:
            if value and self._said.is_new("id", value):
                found.append(frames.content(message, "modbus.server_id", value, key="server_id"))
            return None
        self._registers(message, asked.function, asked.address, value, found)
        return None

    def _registers(self, message: Segment, function: int, address: int, value: bytes, found: Seen) -> None:
        """Gives registers, the same ones once."""
        key = f"{FUNCTIONS[function]} {address}"
        if value and self._said.is_new(key, value):
            found.append(frames.content(message, "modbus.registers", value, key=key))

    def _identification(self, message: Segment, body: bytes, found: Seen) -> str | None:
        """Gives the objects by which a device names itself."""
        if len(body) < 6:
            return "an identification that is cut"
        at = 6
        for _ in range(body[5]):
            if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
                return "an identification that is cut"
            value = body[at + 2 : at + 2 + body[at + 1]]
            key = OBJECTS.get(body[at], f"object {body[at]}")
            if value and self._said.is_new(key, value):
                found.append(frames.content(message, "modbus.identification", value, key=key))
            at += 2 + body[at + 1]
        return None
