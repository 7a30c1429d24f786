"""The redactor: in place, stable, idempotent; registrable domains and addresses stay."""

import base64
from dataclasses import fields, is_dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.detect import Detector, FlowRef, known_values
from iotaudit.detect.redact import TEXTS, Redactor
from iotaudit.model.destinations import (
    Destination,
    Evidence,
    Location,
    Operator,
    Owner,
    Party,
    Status,
    Zone,
)
from iotaudit.model.devices import Device, DeviceEvidence
from iotaudit.model.events import DnsAnswer
from iotaudit.model.flows import (
    Certificate,
    Direction,
    Encryption,
    Endpoint,
    Flow,
    FlowName,
    HttpExchange,
    Mqtt,
    Tls,
)
from iotaudit.model.raw import Content
from iotaudit.packs.knowledge import load_knowledge

TYPES = load_knowledge([]).data_types
VALUE = "RX7-0042-118"
SIMPLE = Redactor(
    {VALUE: "plain", "hunter22": "secret", "erika@werk.example.de": "email", "Anna": "plain"}
)


def flow(host: str, uri: str = "/", agent: str = "x", topic: str = "t", client: str = "c") -> Flow:
    end = Endpoint("192.0.2.7", 443)
    certificate = Certificate(host, f"Org {agent}", "CA", (host, "*." + host), 0, 1, False, 3)
    return Flow(
        "f1", 0, "dev1", Direction.OUTBOUND, "tcp", end, end, "http", 1, 1, 1, 1, 1, 1, 0, 1, 1, None,
        (FlowName(host, "sni", 3),), Encryption(),
        Tls(host, ("h2",), "1.3", None, None, False, certificate),
        (HttpExchange("GET", host, uri, agent, 200, 4),), Mqtt(client, client, True, (topic,), "5.0"),
    )  # fmt: skip


def destination(name: str, registrable: str) -> Destination:
    found = Location(
        "DE", Status.CLAIMED, (Evidence("region_name", "region", "DE", f"{name} says eu"),)
    )
    return Destination(
        "dst1", name, ("192.0.2.7",), registrable, Party.UNKNOWN, Operator(), found, Zone.EU, "met", (), 1, 1, 1,
        ("f1",), (), notes=(f"asked for {name}",),
    )  # fmt: skip


def strings(value: object) -> list[str]:
    """Gives every text in nested dataclasses and tuples."""
    if isinstance(value, str):
        return [str(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return [text for one in fields(value) for text in strings(getattr(value, one.name))]
    if isinstance(value, tuple):
        return [text for item in value for text in strings(item)]
    return []


def test_values_are_masked_in_place_in_any_case() -> None:
    assert (
        SIMPLE.text(f"dev/{VALUE.lower()}/up")
        == "dev/rx\u2022-\u2022\u2022\u2022\u2022-\u202218/up"
    )
    assert SIMPLE.text("hello hunter22!") == "hello \u2022\u2022\u2022!"
    assert SIMPLE.text("nothing here") == "nothing here"


def test_short_values_are_masked_as_words_only() -> None:
    assert SIMPLE.text("savannah") == "savannah"
    assert SIMPLE.text("/anna/") == "/\u2022\u2022\u2022/"


def test_query_values_of_secret_keys_are_masked_whole() -> None:
    uri = "/a?accessToken=zzz&x=1&api_key=q&pinned=4#sid=9"
    assert (
        SIMPLE.uri(uri)
        == "/a?accessToken=\u2022\u2022\u2022&x=1&api_key=\u2022\u2022\u2022&pinned=4#sid=\u2022\u2022\u2022"
    )
    assert SIMPLE.uri("ftp://rob:pw@h/") == "ftp://\u2022\u2022\u2022@h/"


def test_values_are_masked_in_any_escaping() -> None:
    for spelt in (
        "erika%40werk.example.de",
        "%65rika%40werk%2Eexample.de",
        "erika%2540werk.example.de",
    ):
        masked = SIMPLE.uri(f"/a?m={spelt}&x=1")
        assert "werk" not in masked
        assert masked.endswith("&x=1")


def test_only_the_label_that_was_hit_is_masked_in_a_name() -> None:
    assert (
        SIMPLE.host(f"{VALUE}.eu.vendor.example")
        == "RX\u2022-\u2022\u2022\u2022\u2022-\u202218.eu.vendor.example"
    )
    assert SIMPLE.host("192.0.2.7") == "192.0.2.7"


def test_registrable_domain_stays() -> None:
    redactor = Redactor(
        {"vendor.example": "plain", "vendor": "plain", "mqtt.vendor.example": "plain"}
    )
    assert redactor.host("a.vendor.example") == "a.vendor.example"
    assert redactor.host("vendor.example") == "vendor.example"
    assert redactor.host("mqtt.vendor.example").endswith("vendor.example")
    assert (
        Redactor({"shop.vendor": "plain"}).host("a.shop.vendor.example", "shop.vendor.example")
        == "a.shop.vendor.example"
    )
    assert Redactor({"vendor": "plain"}).host("a.vendor.co.uk") == "a.vendor.co.uk"


def test_destination_is_masked_wherever_it_repeats_its_name() -> None:
    masked = SIMPLE.destination(destination(f"{VALUE}.vendor.example", "vendor.example"))
    assert not any(VALUE in text for text in strings(masked))
    assert masked.registrable_domain == "vendor.example"
    plain = destination("eu.vendor.example", "vendor.example")
    assert SIMPLE.destination(plain) is plain


def test_answers_keep_addresses_and_devices_stay() -> None:
    redactor = Redactor({"192.0.2.77": "plain", VALUE: "plain"})
    answer = DnsAnswer(0, 1, 0, False, f"{VALUE}.v.example", "A", ("192.0.2.77", f"k={VALUE}"), (f"{VALUE}.v.example",),
        "192.0.2.1", "192.0.2.7", "NOERROR", 60, "dns")  # fmt: skip
    masked = redactor.answer(answer)
    assert masked.answers[0] == "192.0.2.77"
    assert not any(VALUE in text for text in strings(masked))
    device = Device(
        "dev1",
        "a4:5e:60:01:02:03",
        ("192.0.2.7",),
        None,
        VALUE,
        (DeviceEvidence("dhcp", VALUE, 1),),
    )
    assert redactor.device(device) == device


def test_too_many_values_mask_more_and_not_less() -> None:
    redactor = Redactor({f"value-{n}": "plain" for n in range(TEXTS + 1)})
    assert redactor.text("anything") == "\u2022\u2022\u2022"
    assert redactor.host("abc.vendor.example") == "\u2022\u2022\u2022.vendor.example"
    assert redactor.uri("/a?b=c") == "\u2022\u2022\u2022"


plain_text = st.text(st.sampled_from("abcXYZ019-_.:/@%& \u00e4\u0130\u03a3"), max_size=60)


@given(st.dictionaries(st.text(st.sampled_from("abcXYZ019-.\u00e4\u0130\u03a3"), min_size=4, max_size=20),
    st.sampled_from(["plain", "secret", "email", "position"]), max_size=6), plain_text)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_masking_twice_is_masking_once(texts: dict[str, str], text: str) -> None:
    redactor = Redactor(texts)
    for call in (redactor.text, redactor.uri, redactor.host):
        once = call(text)
        assert call(once) == once
        assert Redactor(dict(reversed(texts.items()))).text(text) == redactor.text(text)


label = st.text(st.sampled_from("bdfhjkqvxz0123456789"), min_size=6, max_size=20)
"""Letters that stand in no word of ours (titles, grounds), so that a match is a leak."""


@given(label, st.sampled_from(["sn", "username", "deviceId", "firstName"]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_hit_value_is_left_in_exposures_or_flows(value: str, key: str, as_known: bool) -> None:  # noqa: FBT001
    known = known_values((("serial", None, value),)) if as_known else ()
    detector = Detector(TYPES, known)
    token = base64.urlsafe_b64encode(f'{{"{key}":"{value}"}}'.encode()).decode()
    uri = f"/v1/{value}?{key}={value}&blob={token}"
    detector.feed(Content(0, 1, 0, True, "http.uri", "plaintext", uri.encode()))
    result = detector.finish((), {0: FlowRef("f1", "dst1", local=False, device_is_client=True)})
    if not result.exposures:
        return
    host = f"{value}.eu.vendor-cloud.example"
    seen = flow(
        host.upper() if as_known else host, uri, f"agent/{value}", f"dev/{value}/up", f"c-{value}"
    )
    for text in strings(
        (
            result.exposures,
            result.redactor.flow(seen),
            result.redactor.destination(destination(host, "vendor-cloud.example")),
        )
    ):
        if text != "vendor-cloud.example":
            assert value not in text.lower()
            assert token not in text


@pytest.mark.parametrize(
    "value", ["x" * 6, "Halle 3 Nord", "51.45561", "\u6d4b\u8bd5\u673a\u5668\u4eba1"]
)
def test_planted_values_are_gone_from_every_string(value: str) -> None:
    redactor = Redactor({value: "plain"})
    host = "h.eu.vendor.example"
    for text in strings(
        redactor.flow(flow(host, f"/{value}?a={value}", value, f"a/{value}", value))
    ):
        assert value not in text


def test_what_holds_no_value_stays_the_very_same_row() -> None:
    plain = flow("cloud.example.com", "/a?b=c", "agent", "topic", "client")
    assert Redactor({"zzzz-9999": "plain"}).flow(plain) == plain
    bare = replace(plain, names=(), tls=None, http=(), mqtt=None)
    assert SIMPLE.flow(bare) is bare


def test_the_issuers_of_a_chain_are_masked_too() -> None:
    shown = flow("cam.example.test")
    assert shown.tls is not None
    assert shown.tls.certificate is not None
    certificate = replace(shown.tls.certificate, chain=(f"Device {VALUE} CA", None, "Root CA"))
    masked = SIMPLE.flow(replace(shown, tls=replace(shown.tls, certificate=certificate)))
    assert masked.tls is not None
    assert masked.tls.certificate is not None
    assert VALUE not in repr(masked)
    assert masked.tls.certificate.chain[1:] == (None, "Root CA")


def test_what_a_certificate_names_is_masked_and_what_we_know_is_not() -> None:
    evidence = (
        Evidence("certificate", "name", None, "certificate issued to Planted Secret Ltd", "", 9),
        Evidence("entities", "name", "DE", "owner of the domain: Planted Secret Ltd"),
    )
    row = replace(destination("a.vendor.example", "vendor.example"), owner=Owner("Planted Secret Ltd", evidence=evidence))
    owner = Redactor({"Planted Secret": "secret"}).destination(row).owner
    assert "Planted" not in owner.evidence[0].detail
    assert owner.evidence[1] == evidence[1]
    assert "Planted" not in (owner.name or "")
