"""From content to exposures: acceptance 8, merging, direction, own values, bounds; nothing raw in what comes out."""

import base64
import gzip
import hashlib
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.detect import DETECTORS, Detector, FlowRef, known_values
from iotaudit.model.data_types import KnownValue
from iotaudit.model.exposures import Channel, Confidence
from iotaudit.model.raw import Content
from iotaudit.packs.knowledge import load_knowledge

SERIAL = "RX7-0042-118"
MAC = KnownValue("device.mac", "mac", "a4:5e:60:01:02:03", "frame")
TYPES = load_knowledge([]).data_types


def nested(serial: str) -> bytes:
    inner = gzip.compress(json.dumps({"dev": {"x": f"unit {serial} ok"}}).encode())
    return json.dumps({"v": 1, "blob": base64.b64encode(inner).decode()}).encode()


def test_every_detector_has_an_id_of_the_vocabulary() -> None:
    ids = [d.ID for d in DETECTORS]
    assert set(ids) <= {row.id for row in TYPES}
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert all(len(d.reasoning) > 30 for d in DETECTORS)


def test_order_of_detectors_never_decides(
    monkeypatch: pytest.MonkeyPatch, write: Any, lab: Any
) -> None:
    body = {
        "mac": "a4:5e:60:01:02:03",
        "token": "q7Zt0Yv3KpXw9LmB2cRf",
        "user": "e@werk.example.de",
        "sn": "AB12CD34",
    }
    before = lab.detect(write(body)).exposures
    shuffled = list(DETECTORS)
    random.Random(7).shuffle(shuffled)  # noqa: S311
    monkeypatch.setattr("iotaudit.detect.DETECTORS", tuple(shuffled))
    assert lab.detect(write(body)).exposures == before


def test_acceptance_8_known_serial_in_gzip_in_base64_in_json(lab: Any, write: Any) -> None:
    one = write(nested(SERIAL), "mqtt.payload", "robots/state", packet=4711)
    (found,) = lab.detect(one, known=(("serial", None, SERIAL),)).exposures
    assert (found.data_type, found.confidence) == ("device.serial", Confidence.PROVEN)
    assert found.decoding == ("json:$.blob", "base64", "gzip", "json:$.dev.x")
    assert (found.where, found.packets, found.count) == ("mqtt.payload", (4711,), 1)
    assert found.channel is Channel.PLAINTEXT
    assert SERIAL not in repr(found)


def test_acceptance_8_random_text_of_the_same_shape_is_nothing(lab: Any, write: Any) -> None:
    one = write(nested("QK3-9951-204"), "mqtt.payload", "robots/state")
    assert lab.detect(one, known=(("serial", None, SERIAL),)).exposures == ()


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256"])
@pytest.mark.parametrize("form", ["hex", "HEX", "base64", "salted"])
def test_digest_of_a_known_value_is_proven(lab: Any, write: Any, name: str, form: str) -> None:
    text = SERIAL + "pepper" if form == "salted" else SERIAL
    digest = hashlib.new(name, text.encode())
    spelt = {
        "HEX": digest.hexdigest().upper(),
        "base64": base64.b64encode(digest.digest()).decode(),
    }
    body = {"h": spelt.get(form, digest.hexdigest())}
    (found,) = lab.detect(
        write(body), known=(("serial", None, SERIAL), ("salt", None, "pepper"))
    ).exposures
    assert (found.data_type, found.confidence) == ("device.serial", Confidence.PROVEN)
    assert found.decoding[-1] == (name + "+salt" if form == "salted" else name)
    assert body["h"] not in repr(found)


def test_digest_of_something_else_is_nothing(lab: Any, write: Any) -> None:
    body = {"h": hashlib.sha256(b"else").hexdigest()}
    assert lab.detect(write(body), known=(("serial", None, SERIAL),)).exposures == ()


def test_known_values_in_their_spellings(lab: Any, write: Any) -> None:
    known = (
        ("mac", None, "A4-5E-60-01-02-03"),
        ("email", None, "Erika@werk.example.de"),
        ("gps", None, "51.45561,7.01165"),
        ("phone", None, "+49 201 5550123"),
        ("other", "person.vehicle_plate", "E-AB 1234"),
        ("map_label", None, "K3"),
    )
    body = {
        "a": "x a45e60010203 y", "b": "ERIKA@WERK.EXAMPLE.DE", "p": [51.4556, 7.0117], "c": "02015550123",
        "q": "e-ab 1234", "mapLabel": "k3",
    }  # fmt: skip
    found = lab.detect(write(body), known=known).exposures
    assert {(e.data_type, e.confidence.value) for e in found} == {
        ("device.mac", "proven"), ("person.email", "proven"), ("geo.gps", "proven"), ("person.phone", "proven"),
        ("person.vehicle_plate", "proven"), ("geo.floor_map", "proven"),
    }  # fmt: skip


def test_short_known_value_counts_only_under_its_name(lab: Any, write: Any) -> None:
    known = (("map_label", None, "K3"),)
    assert lab.detect(write({"x": "K3", "text": "K3 K3"}), known=known).exposures == ()


def test_short_word_is_not_found_inside_another(lab: Any, write: Any) -> None:
    known = (("name", None, "Anna"),)
    assert lab.detect(write({"x": "savannah annas"}), known=known).exposures == ()
    assert len(lab.detect(write({"x": "Hallo Anna!"}), known=known).exposures) == 1


def test_own_address_proves_and_is_never_masked(lab: Any, write: Any) -> None:
    one = write({"id": "a45e60010203", "h": hashlib.sha256(b"A4:5E:60:01:02:03").hexdigest()})
    (found,) = lab.detect(one, own=(MAC,)).exposures
    assert (found.data_type, found.confidence, found.count) == ("device.mac", Confidence.PROVEN, 2)
    again = lab.detect(write({"mac": "a4:5e:60:01:02:03"}), own=(MAC,))
    assert again.redactor.text("x a4:5e:60:01:02:03") == "x a4:5e:60:01:02:03"
    assert lab.detect(one).exposures == ()


def test_known_mac_of_the_file_is_masked(lab: Any) -> None:
    redactor = lab.detect(known=(("mac", None, "a4:5e:60:01:02:03"),), own=(MAC,)).redactor
    assert (
        redactor.text("x A4-5E-60-01-02-03")
        == "x A4-\u2022\u2022-\u2022\u2022-\u2022\u2022-\u2022\u2022-03"
    )


def test_only_what_the_device_sent_is_an_exposure(lab: Any, write: Any) -> None:
    body = {"sn": "AB12CD34"}
    serves = FlowRef("f1", "dst1", local=True, device_is_client=False)
    other = FlowRef("f1", None, local=False, device_is_client=True)
    assert lab.detect(write(body, outbound=False)).exposures == ()
    assert lab.detect(write(body), ref=serves).exposures == ()
    assert len(lab.detect(write(body, outbound=False), ref=serves).exposures) == 1
    assert lab.detect(write(body), ref=other).exposures == ()


def test_a_value_that_both_numbers_of_one_conversation_show_counts_once() -> None:
    detector = Detector(TYPES, ())
    for flow, packet, channel in ((0, 5, "plaintext"), (0, 6, "plaintext"), (7, 9, "plaintext"), (7, 9, "decrypted")):
        detector.feed(Content(flow, packet, 0, True, "http.body", channel, b'{"sn": "AB12CD34"}'))
    detector.feed(Content(7, 11, 0, True, "http.body", "plaintext", b'{"sn": "ZZ99YY88"}'))
    ref = FlowRef("f1", "dst1", local=False, device_is_client=True)
    found = detector.finish((), {0: ref, 7: ref}, {7: 0}).exposures
    assert [(e.channel.value, e.count, e.packets, e.flows) for e in found] == [
        ("plaintext", 2, (5, 6, 9), ("f1",)),
        ("decrypted", 1, (9,), ("f1",)),
        ("plaintext", 1, (11,), ("f1",)),
    ]


def test_equal_values_merge_and_share_a_group_over_destinations() -> None:
    detector = Detector(TYPES, ())
    for flow, packet in ((0, 5), (1, 9), (0, 12), (2, 3)):
        detector.feed(
            Content(flow, packet, 0, True, "http.body", "plaintext", b'{"sn": "AB12CD34"}')
        )
    detector.feed(Content(2, 20, 0, True, "http.body", "decrypted", b'{"sn": "ZZ99YY88"}'))
    refs = {
        n: FlowRef(f"f{n}", f"dst{1 + n // 2}", local=False, device_is_client=True)
        for n in range(3)
    }
    found = detector.finish((), refs).exposures
    assert [(e.id, e.destination, e.count, e.packets, e.flows, e.value_group) for e in found] == [
        ("exp1", "dst2", 1, (3,), ("f2",), "v1"),
        ("exp2", "dst1", 3, (5, 9, 12), ("f0", "f1"), "v1"),
        ("exp3", "dst2", 1, (20,), ("f2",), "v2"),
    ]
    assert found[2].channel is Channel.DECRYPTED


def test_many_values_share_one_row(lab: Any, write: Any) -> None:
    found = lab.detect(
        *(write({"sn": f"AB12CD{n:04}"}, packet=n + 1) for n in range(150))
    ).exposures
    assert len(found) == 101
    assert sum(e.count for e in found) == 150
    assert len({e.id for e in found}) == 101


def test_bound_of_decoding_loses_payload_only_where_the_device_sent(lab: Any, write: Any) -> None:
    bomb = gzip.compress(bytes(32 << 20))
    (sent,) = lab.detect(write(bomb, packet=9)).problems
    assert (sent.kind, sent.packet, sent.loses_payload) == ("decode_limit", 9, True)
    (got,) = lab.detect(write(bomb, outbound=False)).problems
    assert not got.loses_payload


def test_a_credential_is_not_counted_as_something_else(lab: Any, write: Any) -> None:
    body = {"sessionId": "q7Zt0Yv3KpXw9LmB2cRf", "username": "erika@werk.example.de"}
    found = {e.data_type for e in lab.detect(write(body)).exposures}
    assert found == {"credential.token", "person.email"}


def test_nothing_shows_values_in_its_repr(write: Any) -> None:
    detector = Detector(TYPES, known_values((("serial", None, SERIAL),)))
    detector.feed(write({"sn": "AB12CD34", "x": SERIAL}))
    result = detector.finish((), {0: FlowRef("f1", "dst1", local=False, device_is_client=True)})
    for text in (repr(detector), repr(result), str(result.exposures)):
        assert SERIAL not in text
        assert "AB12CD34" not in text


def test_value_in_a_field_name_is_masked_in_the_path(lab: Any, write: Any) -> None:
    (found,) = lab.detect(write({SERIAL: {"x": 1}}), known=(("serial", None, SERIAL),)).exposures
    assert SERIAL not in "".join(found.decoding)


@given(st.lists(st.binary(max_size=120), max_size=6), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes_never_raise(bodies: list[bytes], outbound: bool) -> None:  # noqa: FBT001
    detector = Detector(
        TYPES, known_values((("serial", None, SERIAL), ("gps", None, "51.4556,7.0116")))
    )
    for number, body in enumerate(bodies):
        detector.feed(
            Content(0, number, 0, outbound, "http.uri", "plaintext", body, key="password")
        )
    refs = {0: FlowRef("f1", "dst1", local=False, device_is_client=True)}
    assert detector.finish((MAC,), refs).redactor.text("") == ""
