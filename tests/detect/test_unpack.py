"""Formats that are told by their whole content: which is tried, and what is left alone."""

import base64
import json
import random

import pytest

from iotaudit.codec.budget import Budget
from iotaudit.detect import unpack
from iotaudit.detect.known import Known, known_values
from tests.detect.labelled.wraps import (
    as_binary_plist,
    as_bson,
    as_cbor,
    as_csv,
    as_msgpack,
    as_plist,
    as_protobuf,
    as_thrift,
    as_xml,
    to_base58,
    to_deflate,
)

RECORD = {"serial": "DW1-0000-0031", "state": "idle in hall 4"}
NOTHING_KNOWN = Known(())
KNOWN = Known(known_values([("serial", None, "DW1-0000-0031")]))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (as_cbor, "cbor"),
        (as_msgpack, "msgpack"),
        (as_bson, "bson"),
        (as_protobuf, "protobuf"),
        (as_thrift, "thrift"),
        (as_binary_plist, "plist"),
    ],
)
def test_each_format_of_bytes_is_told_without_a_type(write: object, name: str) -> None:
    told = unpack.record(write(RECORD))  # type: ignore[operator]
    assert told is not None
    assert told[0] == name


@pytest.mark.parametrize(("write", "name"), [(as_xml, "xml"), (as_plist, "plist"), (as_csv, "csv")])
def test_each_format_of_text_is_told(write: object, name: str) -> None:
    told = unpack.table(write(RECORD))  # type: ignore[operator]
    assert told is not None
    assert told[0] == name
    assert unpack.table(json.dumps(RECORD).encode()) is None


def test_a_declared_type_asks_for_less_and_no_other_type_does() -> None:
    short = bytes.fromhex("0801 10ac02")
    assert unpack.record(short) is None
    assert unpack.declared(short, "application/x-protobuf; v=1") == ("protobuf", {"1": 1, "2": 300})
    assert unpack.declared(short, "application/grpc+proto") == ("protobuf", {"1": 1, "2": 300})
    assert unpack.declared(short, "application/octet-stream") is None
    assert unpack.declared(b"\xff" * 9, "application/cbor") is None


def test_a_word_counts_where_something_is_behind_it() -> None:
    def word(data: bytes, known: Known = NOTHING_KNOWN) -> str:
        opened = unpack.word(data, known, Budget())
        return opened[0] if opened else ""

    noise = random.Random(3).randbytes(40)  # noqa: S311 - inputs, not secrets
    assert word(base64.b64encode(as_cbor(RECORD))) == "base64"
    assert word(as_protobuf(RECORD).hex().encode()) == "hex"
    assert word(base64.b32encode(to_deflate(json.dumps(RECORD).encode()))) == "base32"
    assert word(to_base58(b"a text of some length")) == "base58"
    assert word(base64.b64encode(noise)) == ""
    assert word(base64.b64encode(noise + b"DW1-0000-0031" + noise), KNOWN) == "base64"
    assert word(base64.b64encode(noise + b"DW1-0000-0031" + noise)) == ""


def test_a_known_value_under_a_key_is_opened_and_others_are_not() -> None:
    data = bytes(byte ^ 0x9C for byte in b"\x01\x02 id DW1-0000-0031 \xff\xfe")
    assert unpack.unwrapped(data, KNOWN, Budget()) is not None
    assert unpack.unwrapped(data, NOTHING_KNOWN, Budget()) is None


def test_random_bytes_and_long_ones_are_no_record() -> None:
    dice = random.Random(5)  # noqa: S311 - inputs, not secrets
    assert not any(unpack.record(dice.randbytes(8 + n % 500)) for n in range(3000))
    assert unpack.record(b"\xa1" + bytes(unpack.MOST_LEN)) is None
