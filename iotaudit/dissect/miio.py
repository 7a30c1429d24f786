"""miIO of Xiaomi devices on UDP: device ids, the token where old firmware tells it; bodies stay closed.

Source: the project python-miio and the protocol description of OpenMiHome ("mihome-binary-protocol"): header
of 32 bytes, hello of all ones, body in AES-128-CBC under a key made of the token. Observed in
`smart-home-firewall/xiaomi-cam_no-firewall_wlan5.0.pcap`, packets 519 and 523.
"""

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import content, open_session
from iotaudit.dissect.reader import Budget, Datagrams
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "miio"
PORTS = frozenset({8053, 54321})
TRANSPORT = frozenset({UDP})
FIRST = frozenset({0x21})
AWAY = FIRST
SURE = FIRST

MAGIC = b"\x21\x31"
HEADER_LEN = 32
NONE_32, NONE_128 = b"\xff" * 4, (b"\xff" * 16, bytes(16))
"""How a device id and a token that are not told are written."""


def recognise(head: Head) -> Likeness:
    """Fits the magic with the length of the datagram."""
    data = head.data
    if len(data) < HEADER_LEN or not data.startswith(MAGIC):
        return Likeness.NO
    length = int.from_bytes(data[2:4])
    if length == len(data):
        return Likeness.CERTAIN
    return Likeness.WEAK if length > len(data) else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader())


class _Reader(Datagrams):
    """Reads the headers of one flow."""

    __slots__ = ("_budget", "_closed", "_said")

    def __init__(self) -> None:
        self._budget = Budget()
        self._said = Said()
        self._closed = 0

    def wants(self, *, outbound: bool) -> bool:
        """True for the first messages."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message: its header is in the clear."""
        data = message.data
        if len(data) < HEADER_LEN or not data.startswith(MAGIC):
            return "not a message"
        self._budget.spend(outbound=message.outbound)
        length = int.from_bytes(data[2:4])
        self._closed += length > HEADER_LEN
        upper, device, check = data[4:8], data[8:12], data[16:HEADER_LEN]
        if device != NONE_32:
            number = str(int.from_bytes(device if upper == NONE_32 else upper + device)).encode("ascii")
            self._tell(message, found, "miio.device_id", "did", number)
            if length == HEADER_LEN and check not in NONE_128:
                self._tell(message, found, "miio.token", "token", check.hex().encode("ascii"))
        return None if len(data) == length else "length of a message is not that of its datagram"

    def reading(self) -> Reading:
        """Gives encrypted once a body was seen."""
        if self._closed:
            reason = "miIO: headers in the clear, bodies encrypted with a key made of the device's token"
            return Reading(Encryption(EncryptionState.ENCRYPTED, ID, None, "AES-128-CBC", reason))
        return Reading(
            Encryption(EncryptionState.PLAINTEXT, ID, None, None, "miIO greetings in the clear, no body")
        )

    def _tell(self, message: Segment, found: Seen, where: str, key: str, data: bytes) -> None:
        if self._said.is_new(where, data):
            found.append(content(message, where, data, key=key))
