"""Modbus TCP: functions and units, registers, identification."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import modbus as module
from iotaudit.dissect.flow import FlowDissector
from iotaudit.dissect.session import TCP, Context, Likeness
from iotaudit.model.events import Event, Oddity
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import DEVICE, device, gap, play, reading, recognise, server

READ = "0001 0000 0006 0a 03 0064 0004"  # transaction 1, unit 10: read 4 holding registers from 100 on
REGISTERS = "0001 0000 000b 0a 03 08 534e2d3132333435"  # SN-12345
WRITE = "0002 0000 000b 0a 10 0010 0002 04 70617373"  # write 2 registers from 16 on: "pass"
WRITTEN = "0002 0000 0006 0a 10 0010 0002"
ASK_NAME = "0003 0000 0005 ff 2b 0e 01 00"  # read device identification, basic
NAMES = (
    "0003 0000 001c ff 2b 0e 01 01 00 00 02"  # conformity 1, no more follows, 2 objects
    "00 06 56656e646f72"  # VendorName: Vendor
    "01 0a 504c432d37302d41 2f31"  # ProductCode: PLC-70-A/1
)
REFUSED = "0004 0000 0003 0a 83 02"


def told(found: list[Event | Content]) -> list[tuple[str, str, bytes]]:
    return [(c.where, c.key, c.data) for c in found if isinstance(c, Content)]


def test_pass_registers_and_names_are_told_with_functions_and_units() -> None:
    pieces = (
        device(READ),
        server(REGISTERS),
        device(WRITE),
        server(WRITTEN),
        device(ASK_NAME),
        server(NAMES),
        server(REFUSED),
    )
    assert told(play(module, *pieces)) == [
        ("modbus.registers", "read holding registers 100", b"SN-12345"),
        ("modbus.registers", "write registers 16", b"pass"),
        ("modbus.identification", "VendorName", b"Vendor"),
        ("modbus.identification", "ProductCode", b"PLC-70-A/1"),
    ]
    encryption = reading(module, *pieces).encryption
    assert encryption.state is EncryptionState.PLAINTEXT
    assert encryption.reason == (
        "Modbus in the clear: functions 3 (read holding registers), 16 (write registers),"
        " 43 (encapsulated interface) on unit 10, 255"
    )


def test_the_same_registers_are_told_once() -> None:
    assert len(told(play(module, device(READ), server(REGISTERS), device(READ), server(REGISTERS)))) == 1


def test_fail_an_answer_shorter_than_it_says_is_an_oddity() -> None:
    found = play(module, device(READ), server("0001 0000 0005 0a 03 08 534e"))
    assert [item.detail for item in found if isinstance(item, Oddity)] == [
        "modbus: an answer shorter than it says"
    ]


def test_fail_bytes_that_are_no_header_end_the_direction() -> None:
    found = play(module, device(READ), device("0001 0001 0006 0a"), device(READ))
    assert [type(item) for item in found] == [Oddity]


def test_inconclusive_an_answer_without_its_question_tells_nothing() -> None:
    assert play(module, server(REGISTERS)) == []


def test_inconclusive_after_a_gap_inside_of_a_message_the_next_is_read() -> None:
    cut = bytes.fromhex(REGISTERS)
    found = play(
        module, device(READ), server(cut[:12]), gap(len(cut) - 12, outbound=False), device(READ), server(cut)
    )
    assert [c.data for c in found if isinstance(c, Content)] == [b"SN-12345"]


def test_it_counts_on_its_port_alone() -> None:
    for port, application in ((502, "modbus"), (4000, None)):
        flow = FlowDissector(Context(1, TCP, DEVICE, Endpoint("192.0.2.1", port)), (module,))
        flow.feed(Segment(1, True, 1, 1, 0, bytes.fromhex(READ)))
        flow.close()
        assert flow.summary().application == application


@pytest.mark.parametrize(
    ("data", "likeness"),
    [
        (READ, Likeness.WEAK),
        (REFUSED, Likeness.WEAK),
        ("0001 0000", Likeness.MORE),
        ("0001 0001 0006 0a 03", Likeness.NO),
        ("0001 0000 0000 0a 03", Likeness.NO),
        ("0001 0000 0006 0a 63 0000 0001", Likeness.NO),  # no such function
    ],
)
def test_recognition(data: str, likeness: Likeness) -> None:
    assert recognise(module, data) is likeness


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=30), st.sampled_from([1, 3, 16, 17, 20, 23, 43, 0x83]))
def test_any_bytes_give_events_in_every_cut(data: bytes, function: int) -> None:
    message = b"\0\1\0\0" + (len(data) + 2).to_bytes(2) + bytes((7, function)) + data
    play(module, device(message), server(message), device(data), server(data))
