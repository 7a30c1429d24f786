"""PPPP (P2P of CS2 Network): how cameras find servers, relays and peers, and the number of the device.

Source: P. Marrapese, "Abusing P2P to Hack 3 Million Cameras" (DEF CON 28, 2020) and his dissector pppp for
Wireshark (names of messages); the project ankerctl (addresses, list of relays). Observed in
`intl-iot/yi_camera_sample.pcap` and `smart-home-firewall/xiaomi-cam_no-firewall_wlan5.0.pcap`, packets 1627
to 1663.
"""

import ipaddress
import re

from iotaudit.dissect.datagrams import Said, Seen
from iotaudit.dissect.frames import content, open_session
from iotaudit.dissect.reader import Budget, Datagrams
from iotaudit.dissect.session import UDP, Context, Head, Likeness, Reading, Session
from iotaudit.model.flows import Encryption, EncryptionState
from iotaudit.model.raw import Segment

ID = "pppp"
PORTS = frozenset({20190, 32100, 32108})
TRANSPORT = frozenset({UDP})
FIRST = frozenset({0xF1})
AWAY = FIRST
SURE: frozenset[int] = frozenset()

HEADER_LEN, DID_LEN, ADDRESS_LEN = 4, 20, 16
DATA, DATA_ACK = 0xD0, 0xD1
DATA_HEADER_LEN = 4
REPORT = 0xF9
NAMES = {
    0x00: "hello",
    0x01: "hello_ack",
    0x02: "hello_to",
    0x03: "hello_to_ack",
    0x08: "query_did",
    0x09: "query_did_ack",
    0x10: "dev_lgn",
    0x11: "dev_lgn_ack",
    0x12: "dev_lgn_crc",
    0x13: "dev_lgn_ack_crc",
    0x14: "dev_lgn_key",
    0x15: "dev_lgn_ack_key",
    0x16: "dev_lgn_dsk",
    0x18: "dev_online_req",
    0x19: "dev_online_req_ack",
    0x20: "p2p_req",
    0x21: "p2p_req_ack",
    0x22: "p2p_req_dsk",
    0x30: "lan_search",
    0x31: "lan_notify",
    0x32: "lan_notify_ack",
    0x40: "punch_to",
    0x41: "punch_pkt",
    0x42: "p2p_rdy",
    0x43: "p2p_rdy_ack",
    0x60: "rs_lgn",
    0x61: "rs_lgn_ack",
    0x62: "rs_lgn1",
    0x63: "rs_lgn1_ack",
    0x67: "list_req1",
    0x68: "list_req",
    0x69: "list_req_ack",
    0x6A: "list_req_dsk",
    0x70: "rly_hello",
    0x71: "rly_hello_ack",
    0x72: "rly_port",
    0x73: "rly_port_ack",
    0x74: "rly_port_key",
    0x75: "rly_port_ack_key",
    0x78: "rly_byte_count",
    0x80: "rly_req",
    0x81: "rly_req_ack",
    0x82: "rly_to",
    0x83: "rly_pkt",
    0x84: "rly_rdy",
    0x85: "rly_to_ack",
    0x87: "rly_server_req",
    0x90: "sdev_run",
    0x91: "sdev_lgn",
    0xA0: "sdev_report",
    DATA: "drw",
    DATA_ACK: "drw_ack",
    0xE0: "alive",
    0xE1: "alive_ack",
    0xF0: "close",
    0xF8: "mgm_dump_login_did",
    REPORT: "report_session_rdy",
}
EMPTY = frozenset({0x00, 0x30, 0x68, 0x70, 0x71, 0xE0, 0xE1, 0xF0})
"""Messages that may be a header alone."""
DID = re.compile(rb"([A-Z0-9]{2,8})\0*\Z")
AFTER_DID = frozenset({0x10, 0x12, 0x14, 0x20})
"""Messages in which an address follows the number of the device, or the version behind it."""
VERSION_LEN = 4
ADDRESSES = frozenset({0x01, 0x40, 0x82})
"""Messages that begin with an address."""
LIST, LIST_PLACE = 0x69, 4
LISTED = 16
TEXT = re.compile(rb"[ -~]{8,512}")
COMMAND = re.compile(rb"\{\s*\"[ -~]{4}|GET /[ -~]{4}")
COMMAND_PLACE = 32
"""Bytes in which the text of a command has to begin."""


def recognise(head: Head) -> Likeness:
    """Fits the magic, a known message, and the length of the datagram."""
    data = head.data
    if len(data) < HEADER_LEN or data[0] not in FIRST or data[1] not in NAMES:
        return Likeness.NO
    length = int.from_bytes(data[2:4]) + HEADER_LEN
    if length == len(data):
        return Likeness.LIKELY if length > HEADER_LEN or data[1] in EMPTY else Likeness.WEAK
    return Likeness.WEAK if length > len(data) else Likeness.NO


def open(context: Context) -> Session:  # noqa: A001 - the room's word
    """Opens a session."""
    return open_session(context, ID, _Reader())


class _Reader(Datagrams):
    """Reads numbers, addresses and texts, each once."""

    __slots__ = ("_budget", "_closed", "_data", "_said")

    def __init__(self) -> None:
        self._budget = Budget()
        self._said = Said()
        self._data = 0
        self._closed = 0

    def wants(self, *, outbound: bool) -> bool:
        """True for the first messages."""
        return self._budget.is_left(outbound=outbound)

    def read(self, message: Segment, found: Seen) -> str | None:
        """Reads one message."""
        data = message.data
        if len(data) < HEADER_LEN or data[0] not in FIRST:
            return "not a message"
        self._budget.spend(outbound=message.outbound)
        kind, length = data[1], int.from_bytes(data[2:4])
        body = data[HEADER_LEN : HEADER_LEN + length]
        if kind == DATA:
            self._drw(message, found, body[DATA_HEADER_LEN:])
        else:
            self._control(message, found, kind, body)
        return "length of a message is not that of its datagram" if len(data) != HEADER_LEN + length else None

    def reading(self) -> Reading:
        """Gives opaque once data could not be read."""
        if self._closed:
            reason = "PPPP messages in the clear, the data in them unread"
            return Reading(Encryption(EncryptionState.OPAQUE, ID, None, None, reason))
        reason = "PPPP messages in the clear" + (", commands among them" if self._data else "")
        return Reading(Encryption(EncryptionState.PLAINTEXT, ID, None, None, reason))

    def _control(self, message: Segment, found: Seen, kind: int, body: bytes) -> None:
        name = NAMES.get(kind)
        if name is None or kind == REPORT:
            return
        number = _did(body[:DID_LEN])
        places: list[int] = []
        if number:
            self._tell(message, found, "pppp.did", "did", number)
            if kind in AFTER_DID:
                places = [DID_LEN, DID_LEN + VERSION_LEN]
        elif kind in ADDRESSES:
            places = [0]
        elif kind == LIST:
            places = [
                LIST_PLACE + ADDRESS_LEN * index for index in range(min(body[0] if body else 0, LISTED))
            ]
        for place in places:
            address = _address(body[place : place + ADDRESS_LEN])
            if address:
                self._tell(message, found, f"pppp.{name}.address", "address", address)
        if number and kind in AFTER_DID:
            text = TEXT.search(body, DID_LEN)
            if text:
                self._tell(message, found, f"pppp.{name}.text", "text", text[0])

    def _drw(self, message: Segment, found: Seen, body: bytes) -> None:
        """Gives the text of a command; other data stay closed."""
        begin = COMMAND.search(body, 0, COMMAND_PLACE)
        if begin is None:
            self._closed += 1
            return
        self._data += 1
        text = body[begin.start() :].rstrip(b"\0")
        media = "application/json" if text.startswith(b"{") else ""
        if self._said.is_new(text):
            found.append(
                content(message, "pppp.command", text, media_type=media, truncated=message.truncated_len > 0)
            )

    def _tell(self, message: Segment, found: Seen, where: str, key: str, data: bytes) -> None:
        if self._said.is_new(where, data):
            found.append(content(message, where, data, key=key))


def _did(raw: bytes) -> bytes:
    """Gives the number of a device as it is printed: letters, number, letters; "" where there is none."""
    if len(raw) < DID_LEN:
        return b""
    prefix, check = DID.match(raw[:8]), DID.match(raw[12:20])
    if not prefix or not check:
        return b""
    return b"%b-%06d-%b" % (prefix[1], int.from_bytes(raw[8:12]), check[1])


def _address(raw: bytes) -> bytes:
    """Gives address and port as text, "" where there are none; most libraries write them backwards."""
    if len(raw) < ADDRESS_LEN or any(raw[8:]):
        return b""
    if raw[:2] == b"\0\2":
        port, address = int.from_bytes(raw[2:4], "little"), raw[7:3:-1]
    elif raw[:2] == b"\2\0":
        port, address = int.from_bytes(raw[2:4]), raw[4:8]
    else:
        return b""
    return f"{ipaddress.IPv4Address(address)}:{port}".encode("ascii") if any(address) else b""
