"""A capture that comes packet by packet through a pipe is read like a file."""

import os
import struct
import threading
from dataclasses import replace

from iotaudit import pipeline
from tests.acceptance.conftest import ROOT

CAPTURE = ROOT / "captures/camera-clear.pcap"
AS_OF = "2026-11-24"


def test_pass_a_writer_that_flushes_each_packet_gives_the_same_audit() -> None:
    data = CAPTURE.read_bytes()
    out, into = os.pipe()

    def send() -> None:
        with os.fdopen(into, "wb", buffering=0) as pipe:
            pipe.write(data[:24])
            at = 24
            while at < len(data):
                (size,) = struct.unpack_from("<I", data, at + 8)
                pipe.write(data[at : at + 7])  # a header in two pieces
                pipe.write(data[at + 7 : at + 16 + size])
                at += 16 + size

    writer = threading.Thread(target=send)
    writer.start()
    with os.fdopen(out, "rb", buffering=0) as pipe:
        piped = pipeline.audit("-", as_of=AS_OF, stdin=pipe)
    writer.join()
    filed = pipeline.audit(CAPTURE, as_of=AS_OF)
    (facts,) = piped.inputs
    assert facts.name == "stdin"
    assert replace(facts, name=CAPTURE.name) == filed.inputs[0]
    assert piped.flow_rows == filed.flow_rows
    assert piped.verdict == filed.verdict
