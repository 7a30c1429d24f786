"""Captures that are whole, cut and damaged: always a result in the schema's form, and a word of the loss."""

import io
import json
import struct
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

from iotaudit import pipeline, report
from iotaudit.cli.audit import READ_FAULTS, exit_code
from iotaudit.model.result import Audit
from tests.acceptance.conftest import ROOT, SHIPPED, shared_captures

SCHEMA = json.loads((ROOT / "docs/schema/audit.schema.json").read_text("utf-8"))
SHARED = shared_captures(25, 20_000)
CAPTURES = (*SHIPPED, *SHARED)
CUTS = 20
MUTATIONS = 20
pytestmark = pytest.mark.usefixtures("knowledge_once")
each = pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)


def audited(data: bytes) -> tuple[Audit, Any, int]:
    """Gives an audit, its document (read back as strictly as a saved one) and the exit code that it has."""
    result = pipeline.audit("-", stdin=io.BytesIO(data), as_of="2026-11-24")
    rendered = report.render(report.document(result), "json")
    document = report.load(rendered if isinstance(rendered, bytes) else rendered.encode())
    return result, document, exit_code(result, "none", fail_on_undetermined=False)


def faults(result: Audit) -> set[str]:
    return {p.kind for facts in result.inputs for p in facts.problems} & READ_FAULTS


def ends(data: bytes) -> frozenset[int]:
    """Gives the offsets at which a record of a pcap or a block of a pcapng file ends; none of others."""
    found = []
    magic = data[:4]
    if magic in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d"):
        order, at = "<" if magic[0] in (0xD4, 0x4D) else ">", 24
        while at + 16 <= len(data):
            found.append(at)
            at += 16 + int(struct.unpack_from(order + "I", data, at + 8)[0])
    elif magic == b"\n\r\r\n" and len(data) >= 28:
        order, at = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">", 0
        while at + 12 <= len(data):
            if data[at : at + 4] == b"\n\r\r\n":
                order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            at += max(int(struct.unpack_from(order + "I", data, at + 4)[0]), 12)
            found.append(at)
    return frozenset((*found, len(data)))


@each
def test_a_whole_capture_gives_a_document_of_the_schema(path: Path) -> None:
    result, document, code = audited(path.read_bytes())
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert code == (3 if faults(result) else 0)


@each
def test_a_capture_cut_anywhere_is_read_up_to_there_and_the_cut_is_told(path: Path) -> None:
    data = path.read_bytes()
    whole, _, _ = audited(data)
    boundaries = ends(data)
    random = seeded(path.name)
    for at in sorted(random.sample(range(1, len(data)), min(CUTS, len(data) - 1))):
        result, document, code = audited(data[:at])
        assert code == (3 if faults(result) else 0), at
        assert result.inputs[0].packets <= whole.inputs[0].packets, at
        if len(boundaries) > 1 and not faults(whole) and at not in boundaries:
            assert faults(result), at
            assert document["verdict"]["data_leaves_eu"] != "no", at


@each
def test_a_damaged_capture_gives_a_result_and_never_an_exception(path: Path) -> None:
    data = path.read_bytes()
    random = seeded(path.name[::-1])
    for _ in range(MUTATIONS):
        result, _, code = audited(damaged(data, random))
        assert code == (3 if faults(result) else 0)


def seeded(text: str) -> Random:
    return Random(text)  # noqa: S311 - the same cuts and faults each time are wanted


def damaged(data: bytes, random: Random) -> bytes:
    """Gives the bytes with bits turned, stretches swapped, or words like a length changed."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 2, 6, 20))):
        at, other = sorted((random.randrange(len(data)), random.randrange(len(data))))
        size = min(random.randrange(1, 120), other - at)
        match random.randrange(4):
            case 0:
                changed[at] ^= 1 << random.randrange(8)
            case 1 if size:
                changed[at : at + size], changed[other : other + size] = (
                    changed[other : other + size],
                    changed[at : at + size],
                )
            case 2 if at + 4 <= len(changed):
                word = random.choice((0, 1, 4, 12, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, random.getrandbits(32)))
                struct.pack_into(random.choice(("<I", ">I")), changed, at, word)
            case _ if at + 2 <= len(changed):
                struct.pack_into(
                    ">H", changed, at, random.choice((0, 1, 0x7FFF, 0xFFFF, random.getrandbits(16)))
                )
    return bytes(changed)


def test_the_sample_spans_the_formats() -> None:
    if not SHARED:
        pytest.skip("the shared captures are not there")
    heads = {path.read_bytes()[:4] for path in CAPTURES}
    assert {b"\xd4\xc3\xb2\xa1", b"\n\r\r\n"} <= heads
    assert len(SHARED) == 25
