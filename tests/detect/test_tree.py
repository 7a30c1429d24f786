"""The decode tree: steps, paths, bounds."""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.budget import Budget
from iotaudit.detect import DETECTORS
from iotaudit.detect.index import Asked, Index
from iotaudit.detect.known import Known, Present, find_places, find_present, known_values
from iotaudit.detect.node import Node
from iotaudit.detect.tree import DEPTH, Tree
from iotaudit.model.raw import Content
from tests.detect.labelled.wraps import (
    as_binary_plist,
    as_bson,
    as_cbor,
    as_csv,
    as_json,
    as_msgpack,
    as_parts,
    as_plist,
    as_protobuf,
    as_thrift,
    as_xml,
    to_base58,
    to_deflate,
    to_jwt,
    to_lz4,
    wrapped,
)

SERIAL = "RX7-0042-118"
KNOWN = Known(known_values([("serial", None, SERIAL), ("gps", None, "51.4556,7.0116")]))
INDEX = Index(DETECTORS, KNOWN)
WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "base64": base64.b64encode,
    "hex": lambda data: data.hex().encode(),
    "base32": base64.b32encode,
    "base58": to_base58,
    "deflate": to_deflate,
    "lz4": to_lz4,
    "xor": lambda data: bytes(byte ^ 0xA7 for byte in data),
    "utf16": lambda data: data.decode().encode("utf-16-le"),
    "url": lambda data: b"".join(b"%%%02x" % c for c in data),
}


Sight = tuple[Node, Asked, Present]


def sights(content: Content, budget: Budget | None = None) -> list[Sight]:
    found: list[Sight] = []
    Tree(content, INDEX, lambda node, asked, present: found.append((node, asked, present)), budget).walk()
    return found


def paths(data: bytes, where: str = "http.body", **more: Any) -> list[tuple[str, ...]]:
    shown = sights(Content(0, 1, 0, True, where, "plaintext", data, **more))
    return list(
        dict.fromkeys(
            node.path for node, _, present in shown for _ in find_present(node, present)
        )
    )


@pytest.mark.parametrize("name", sorted(WRAPS))
def test_each_step_is_undone_and_named(name: str) -> None:
    plain = f"the serial of this robot is {SERIAL} for ever".encode()
    assert paths(WRAPS[name](plain)) == [(name,)]


def test_steps_nest_and_the_way_through_json_is_told() -> None:
    inner = gzip.compress(json.dumps({"dev": {"list": [1, {"id": SERIAL}]}}).encode())
    outer = {"a": {"data": base64.urlsafe_b64encode(inner).decode().rstrip("=")}}
    assert paths(json.dumps(outer).encode()) == [
        ("json:$.a.data", "base64", "gzip", "json:$.dev.list[1].id")
    ]


def test_json_in_a_string_escapes_and_odd_names() -> None:
    body = json.dumps({"odd key!": json.dumps({"u": SERIAL})}).encode()
    assert paths(body) == [("json:$['odd key!']", "json:$.u")]
    assert paths(b'{"x": "RX7\\u002d0042-118"}') == [("json:$.x",)]


def test_names_of_fields_are_searched_too() -> None:
    assert paths(json.dumps({SERIAL: 1}).encode()) == [(f"json:$.{SERIAL}",)]


def test_lines_forms_parts_and_declared_codings() -> None:
    line = json.dumps({"id": SERIAL})
    assert paths(f'{{"a": 1}}\n{line}\n'.encode()) == [("json:$2.id",)]
    assert paths(f"a=1&id={SERIAL}".encode()) == [("form:id",)]
    part = f'--b\r\nContent-Disposition: form-data; name="meta"\r\n\r\n{line}\r\n--b--\r\n'.encode()
    assert paths(part, media_type="multipart/form-data; boundary=b") == [
        ("multipart:meta", "json:$.id")
    ]
    assert paths(gzip.compress(line.encode()), encoding="gzip") == [("gzip", "json:$.id")]
    raw = zlib.compressobj(wbits=-15)
    assert paths(raw.compress(line.encode()) + raw.flush(), encoding="deflate") == [
        ("deflate", "json:$.id")
    ]


def test_declared_codings_are_undone_last_one_first() -> None:
    line = json.dumps({"id": SERIAL}).encode()
    assert paths(brotli.compress(line), encoding="br") == [("br", "json:$.id")]
    assert paths(brotli.compress(gzip.compress(line)), encoding="gzip, br") == [("br", "gzip", "json:$.id")]
    assert paths(gzip.compress(zlib.compress(line)), encoding="deflate,X-GZIP") == [("x-gzip", "deflate", "json:$.id")]


def test_strings_in_binary_and_gzip_behind_a_header() -> None:
    assert paths(bytes(range(200, 256)) + SERIAL.encode() + b"\xff\xfe\xfd") == [()]
    packed = b"\xde\xad\x00\x01\x02\x03\xff\xfe" + gzip.compress(f"id is {SERIAL}!".encode())
    assert paths(packed) == [("gzip",)]


def test_known_position_is_found_at_other_precision() -> None:
    def found(body: object) -> int:
        data = json.dumps(body).encode()
        shown = sights(Content(0, 1, 0, True, "http.body", "plaintext", data))
        return sum(1 for node, _, present in shown for _ in find_places(node.text, present))

    assert found({"a": 51.455612, "b": 7.011699})
    assert found({"a": "51.455", "b": "7.012"})
    assert not found({"a": 51.45, "b": 7.01})
    assert not found({"a": 151.4556, "b": 7.0116})


def test_undeclared_words_are_not_decoded_into_noise() -> None:
    body = b'{"a": "internationalisation", "b": "x^Oabcdefgh"}'
    assert sights(Content(0, 1, 0, True, "http.body", "plaintext", body)) == []


@pytest.mark.parametrize(
    "pack", [gzip.compress, zlib.compress, zstandard.ZstdCompressor().compress]
)
def test_bomb_is_cut_and_noted(pack: Callable[[bytes], bytes]) -> None:
    budget = Budget()
    bomb = Content(0, 1, 0, True, "http.body", "plaintext", pack(bytes(64 << 20)))
    assert len(sights(bomb, budget)) < 100
    assert budget.exceeded == "size"
    assert budget.bytes_left >= 0


def test_nest_deeper_than_the_bound_is_noted() -> None:
    data = f"id is {SERIAL}".encode()
    for _ in range(DEPTH + 2):
        data = gzip.compress(data)
    budget = Budget()
    sights(Content(0, 1, 0, True, "http.body", "plaintext", data), budget)
    assert budget.exceeded == "depth"


def test_coding_that_is_not_read_is_noted() -> None:
    budget = Budget()
    sights(Content(0, 1, 0, True, "http.body", "plaintext", b"abcdef", encoding="lz4"), budget)
    assert budget.exceeded == "coding"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.integers(-(2**70), 2**70)
    | st.text(max_size=40),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=12), children, max_size=4)
    ),
    max_leaves=12,
)


@given(
    st.binary(max_size=400)
    | json_values.map(lambda v: json.dumps(v).encode())
    | st.text(max_size=200).map(str.encode),
    st.sampled_from(["http.body", "http.uri", "dns.name", "http.header.cookie", "mqtt.topic"]),
    st.sampled_from(["", "gzip", "deflate", "zstd, gzip", "br", "gzip, br"]),
    st.lists(st.sampled_from(["gzip", "zlib", "zstd", "base64", "hex"]), max_size=3),
)
@settings(max_examples=250, deadline=None)
def test_any_bytes_give_nodes_and_never_an_exception(
    data: bytes, where: str, encoding: str, wraps: list[str]
) -> None:
    for name in wraps:
        data = WRAPS[name](data)
    content = Content(0, 1, 0, True, where, "plaintext", data, key="password", encoding=encoding)
    for node, finders, present in sights(content):
        hits = [hit for finder in finders for hit in finder.find(node, KNOWN)]
        hits += find_present(node, present)
        assert all(
            hit.sample not in repr(hit) or not hit.sample for hit in hits if len(hit.sample) > 5
        )
        assert "text" not in repr(node) or node.text not in repr(node) or len(node.text) < 6


def test_a_name_that_was_met_before_changes_nothing() -> None:
    index = Index(DETECTORS, Known(()))
    body = Content(0, 1, 0, True, "http.body", "plaintext", b'{"zzq": "sn=1&a=2"}')
    for _ in range(2):
        shown: list[str] = []
        Tree(body, index, lambda node, _asked, _present, shown=shown: shown.append(node.key)).walk()  # type: ignore[misc]
        assert shown == ["sn"]


@pytest.mark.parametrize(
    ("write", "path"),
    [
        (as_cbor, ("cbor:$.report.id",)),
        (wrapped(as_json, "gzip", "cbor-bytes"), ("cbor:$.payload", "gzip", "json:$.id")),
        (as_msgpack, ("msgpack:$.report.id",)),
        (as_bson, ("bson:$.report.id",)),
        (as_protobuf, ("protobuf:$.4.1", "json:$.id")),
        (as_thrift, ("thrift:$.2", "json:$.id")),
        (as_plist, ("plist:$.report.id",)),
        (as_binary_plist, ("plist:$.report.id",)),
        (as_xml, ("xml:$.report.id",)),
        (as_csv, ("csv:$[0].id",)),
        (as_parts, ("multipart:id",)),
    ],
)
def test_each_format_shows_the_way_to_its_field(write: Callable[[dict[str, str]], bytes], path: tuple[str, ...]) -> None:
    assert paths(write({"id": SERIAL, "state": "idle in the hall"}))[0] == path


def test_parts_of_a_token_are_walked() -> None:
    token = to_jwt(json.dumps({"sub": SERIAL}).encode()).decode()
    assert paths(json.dumps({"auth": token}).encode()) == [("json:$.auth", "jwt:claims", "json:$.sub")]


def test_lists_that_begin_with_a_number_are_walked() -> None:
    shown = sights(Content(0, 1, 0, True, "http.body", "plaintext", b'{"a": [1, {"password": "planted-one"}]}'))
    assert [node.key for node, asked, _ in shown if asked] == ["password"]


def test_known_position_is_found_in_a_sentence_of_a_receiver() -> None:
    body = "GPGLL,5127.336,N,00700.696,E,123519,A"
    check = 0
    for char in body:
        check ^= ord(char)
    data = json.dumps({"raw": f"${body}*{check:02X}"}).encode()
    shown = sights(Content(0, 1, 0, True, "http.body", "plaintext", data))
    hits = [node.path for node, _, present in shown for _ in find_places(node.text, present)]
    assert hits == [("json:$.raw", "nmea")]


def test_bytes_of_digests_and_addresses_in_records_are_shown_as_digits() -> None:
    digest = hashlib.sha256(SERIAL.encode()).digest()
    data = b"\xa2\x63mac\x46\x02\x64\x75\x73\x02\x21\x68checksum\x58\x20" + digest
    shown = sights(Content(0, 1, 0, True, "http.body", "plaintext", data, media_type="application/cbor"))
    assert [(node.key, node.text) for node, asked, _ in shown if asked and node.text] == [
        ("mac", "026475730221"),
        ("checksum", digest.hex()),
    ]


def test_entities_and_trees_without_end_are_bounded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]><a>' + b"&b;" * 1000 + b"</a>"
    budget = Budget()
    assert len(sights(Content(0, 1, 0, True, "http.body", "plaintext", bomb), budget)) < 100
    nest = b"\x81" * 100_000
    sights(Content(0, 1, 0, True, "http.body", "plaintext", nest, media_type="application/cbor"), budget)
    assert budget.bytes_left >= 0


def test_what_a_protocol_tells_is_shown_whole() -> None:
    for where, name in (
        ("tutk.uid", "device.uuid"),
        ("miio.token", "credential.token"),
        ("syslog.message", "device.logs"),
        ("rtmp.video", "media.video"),
        ("rtmp.audio", "media.audio"),
    ):
        shown = sights(Content(0, 1, 0, True, where, "plaintext", b"ABCDEF0123456789XYZW"))
        assert name in [finder.ID for _, asked, _ in shown[:1] for finder in asked]


@pytest.mark.parametrize("name", ["base64", "hex"])
@pytest.mark.parametrize(("where", "form"), [("http.uri", b"/p/%b/x?y=1"), ("mqtt.topic", b"dev/%b/up")])
def test_a_level_of_a_path_or_topic_is_undone_by_itself(where: str, form: bytes, name: str) -> None:
    word = WRAPS[name](SERIAL.encode()).rstrip(b"=")
    assert (name,) in paths(form % word, where)
    assert paths(form % WRAPS[name](b"RX7-0042-119").rstrip(b"="), where) == []
