"""The two answers: the table of docs/verdict.md, case by case, and what no order or doubt may change."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.judge import judge
from iotaudit.model.destinations import Operator, Status, Zone
from iotaudit.model.events import DnsAnswer
from iotaudit.model.flows import Direction, EncryptionState, Endpoint, FlowName
from iotaudit.model.problems import Problem
from iotaudit.model.reach import Answer, Reach
from iotaudit.model.result import Settings

YES, NO, OPEN = Answer.YES, Answer.NO, Answer.UNDETERMINED
SETTINGS = Settings(as_of="2026-11-24")


def verdict(facts: Any, profile: Any = None) -> Any:
    return judge(facts, (), profile, SETTINGS).verdict


def codes(found: Any) -> Any:
    return [reason.code for reason in found.reasons]


def test_payload_to_a_third_country_leaves(make: Any) -> None:
    found = verdict(make.facts(make.destination(1), make.destination(2, "CN")))
    assert found.data_leaves_eu is YES
    assert "China (claimed)" in found.statement
    (reason,) = [r for r in found.reasons if r.code == "leaves"]
    assert (reason.destinations, reason.packets) == (("dst2",), (23,))


def test_an_adequate_country_is_outside(make: Any) -> None:
    found = verdict(make.facts(make.destination(1, "CH", Status.CONFIRMED)))
    assert found.data_leaves_eu is YES
    assert "adequacy decision" in found.statement


@pytest.mark.parametrize("status", [Status.CLAIMED, Status.CONFIRMED])
def test_payload_to_known_places_inside_alone_stays(make: Any, status: Any) -> None:
    found = verdict(
        make.facts(make.destination(1, "DE", status), make.destination(2, "NO", status))
    )
    assert found.data_leaves_eu is NO
    assert codes(found) == ["stays"]
    assert "Germany" in found.statement
    assert "10 min" in found.statement
    assert "no steps were marked" in found.statement


@pytest.mark.parametrize("status", [Status.DISPUTED, Status.UNKNOWN])
def test_a_place_in_doubt_forbids_a_no(make: Any, status: Any) -> None:
    found = verdict(
        make.facts(make.destination(1), make.destination(2, status=status, says=("IT", "RU")))
    )
    assert found.data_leaves_eu is OPEN
    assert codes(found) == ["disputed_place" if status is Status.DISPUTED else "unknown_place"]


def test_a_disputed_place_outside_is_no_yes(make: Any) -> None:
    row = make.destination(1, status=Status.DISPUTED, says=("CN", "RU"))
    assert verdict(make.facts(replace(row, zone=Zone.THIRD_COUNTRY))).data_leaves_eu is OPEN


def test_a_known_place_outside_outweighs_any_doubt(make: Any) -> None:
    lost = (Problem("dropped_packets", loses_payload=True),)
    rows = (make.destination(1, "CN"), make.destination(2, status=Status.UNKNOWN))
    assert verdict(make.facts(*rows, problems=lost)).data_leaves_eu is YES


def test_any_address_with_payload_outside_decides(make: Any) -> None:
    row = make.destination(1)
    row = replace(row, addresses=(*row.addresses, make.address("198.51.100.200", "US")))
    far = make.flow(2, row, server=Endpoint("198.51.100.200", 443))
    assert verdict(make.facts(row)).data_leaves_eu is NO
    assert verdict(make.facts(row, flows=(make.flow(1, row), far))).data_leaves_eu is YES
    silent = replace(far, device_sent=0)
    assert verdict(make.facts(row, flows=(make.flow(1, row), silent))).data_leaves_eu is NO


def test_no_device_is_undetermined(make: Any) -> None:
    found = verdict(make.facts(devices=()))
    assert (found.data_leaves_eu, codes(found)) == (OPEN, ["no_devices"])


def test_an_idle_capture_is_undetermined(make: Any) -> None:
    row = make.destination(1)
    found = verdict(make.facts(row, flows=(make.flow(1, row, sent=0),)))
    assert (found.data_leaves_eu, found.third_country_access, codes(found)) == (
        OPEN,
        OPEN,
        ["no_payload"],
    )
    assert found.coverage.undecrypted_share is None


def test_a_purely_local_capture_is_undetermined(make: Any) -> None:
    row = make.local()
    flows = (make.flow(1, row, direction=Direction.LOCAL),)
    assert codes(verdict(make.facts(row, flows=flows))) == ["no_payload"]


def test_an_inbound_flow_with_payload_of_the_device_counts(make: Any) -> None:
    row = make.destination(1, "CN")
    flow = make.flow(
        1,
        row,
        direction=Direction.INBOUND,
        client=Endpoint(row.ips[0], 5000),
        server=Endpoint("192.168.7.20", 80),
        tags=("device_serves",),
    )
    assert verdict(make.facts(row, flows=(flow,))).data_leaves_eu is YES


@pytest.mark.parametrize("tag", ["tunnel", "proxied"])
def test_what_a_relay_passes_on_is_never_known_to_stay(make: Any, tag: Any) -> None:
    row = make.destination(1)
    found = verdict(make.facts(row, flows=(make.flow(1, row, tags=(tag,)),)))
    assert (found.data_leaves_eu, codes(found)[0]) == (OPEN, "relay")
    far = make.destination(1, "CN")
    assert verdict(make.facts(far, flows=(make.flow(1, far, tags=(tag,)),))).data_leaves_eu is YES
    inside = make.local()
    local = make.flow(1, inside, direction=Direction.LOCAL, tags=(tag,))
    assert verdict(make.facts(inside, flows=(local,))).data_leaves_eu is OPEN


def test_payload_to_a_peer_without_a_destination_is_open(make: Any) -> None:
    found = verdict(make.facts(flows=(make.flow(1),)))
    assert (found.data_leaves_eu, codes(found)[0]) == (OPEN, "unknown_place")


def test_what_was_not_read_forbids_a_no(make: Any) -> None:
    lost = Problem("stream_gap", packet=5, count=3, loses_payload=True)
    harmless = Problem("duplicate_frames", count=9)
    found = verdict(make.facts(make.destination(1), problems=(lost, harmless)))
    assert (found.data_leaves_eu, codes(found)) == (OPEN, ["unread"])
    assert [(u.what, u.count) for u in found.coverage.unread] == [("stream_gap", 3)]
    assert "stream gap" in found.statement
    assert verdict(make.facts(make.destination(1), problems=(harmless,))).data_leaves_eu is NO


@pytest.mark.parametrize("change", [{"dropped_packets": 4}, {"truncated_packets": 4}])
def test_losses_that_the_recorder_tells_forbid_a_no(make: Any, change: Any) -> None:
    facts = make.facts(make.destination(1))
    facts = replace(facts, inputs=(replace(facts.inputs[0], **change),))
    assert codes(verdict(facts)) == ["unread"]


@pytest.mark.parametrize("state", [EncryptionState.ENCRYPTED, EncryptionState.OPAQUE])
def test_closed_payload_to_a_known_place_forbids_nothing_and_is_told(make: Any, state: Any) -> None:
    row = make.destination(1)
    found = verdict(make.facts(row, flows=(make.flow(1, row, state=state),)))
    assert found.data_leaves_eu is NO
    assert "100 % of the payload sent outside stayed closed" in found.statement


@pytest.mark.parametrize(
    ("tag", "code", "certain"),
    [
        ("encrypted_dns", "names_hidden", True),
        ("possible_encrypted_dns", "names_possibly_hidden", False),
    ],
)
def test_names_asked_for_on_an_encrypted_line_are_told_and_forbid_nothing(
    make: Any, tag: Any, code: Any, certain: Any
) -> None:
    row = make.destination(1)
    flow = make.flow(1, row, state=EncryptionState.ENCRYPTED, tags=(tag,))
    found = verdict(make.facts(row, flows=(flow,)))
    assert found.data_leaves_eu is NO
    (reason,) = [r for r in found.reasons if r.code == code]
    assert reason.destinations == ("dst1",)
    assert ("may have been" in reason.text) is not certain


def test_names_that_were_read_on_an_opened_line_are_not_hidden(make: Any) -> None:
    row = make.destination(1)
    flow = make.flow(1, row, state=EncryptionState.ENCRYPTED, tags=("encrypted_dns",))
    opened = replace(flow, encryption=replace(flow.encryption, opened=True))
    assert "names_hidden" not in codes(verdict(make.facts(row, flows=(opened,))))
    assert "names_hidden" in codes(verdict(make.facts(row, flows=(flow, opened))))


def test_the_profile_binds(make: Any) -> None:
    profile = make.profile()
    row = make.destination(1)
    steps = ("idle", "mapping")
    assert verdict(make.facts(row, steps=steps), profile).data_leaves_eu is NO
    assert codes(verdict(make.facts(row, steps=steps, duration_s=599), profile)) == ["too_short"]
    assert codes(verdict(make.facts(row, steps=("idle",)), profile)) == ["missing_steps"]
    assert (
        verdict(make.facts(row, duration_s=1)).data_leaves_eu is NO
    )  # without one, none is demanded


def test_name_servers_and_time_servers_count_too(make: Any) -> None:
    row = make.destination(1, "US")
    flow = make.flow(1, row, protocol="udp", application="dns", server=Endpoint(row.ips[0], 53))
    assert verdict(make.facts(row, flows=(flow,))).data_leaves_eu is YES


def test_the_packet_of_the_dns_answer_is_cited(make: Any) -> None:
    row = make.destination(1, "CN")
    named = make.flow(
        1,
        row,
        names=(FlowName("h1.vendor.example", "sni", 12), FlowName("h1.vendor.example", "dns", 4)),
    )
    (reason,) = verdict(make.facts(row, flows=(named,))).reasons[:1]
    assert reason.packets == (4, 13)
    answer = DnsAnswer(
        flow=0,
        packet=2,
        time_ns=0,
        outbound=False,
        name="h1.vendor.example",
        type="A",
        answers=row.ips,
        chain=("h1.vendor.example",),
        resolver="192.168.7.1",
        client="192.168.7.20",
        rcode="NOERROR",
        ttl_s=1,
        protocol="dns",
    )
    facts = make.facts(row, dns_rows=((answer, True),))
    assert verdict(facts).reasons[0].packets == (2, 13)


def test_each_device_has_its_verdict_and_the_whole_is_their_join(make: Any) -> None:
    near, far = make.destination(1), make.destination(2, "CN")
    flows = (make.flow(1, near), make.flow(2, far, device="dev2"))
    judgement = judge(
        make.facts(near, far, flows=flows, devices=("dev1", "dev2")), (), None, SETTINGS
    )
    assert [(d, v.data_leaves_eu) for d, v in judgement.device_verdicts] == [
        ("dev1", NO),
        ("dev2", YES),
    ]
    assert judgement.verdict.data_leaves_eu is YES
    idle = judge(make.facts(near, flows=flows[:1], devices=("dev1", "dev2")), (), None, SETTINGS)
    assert [v.data_leaves_eu for _, v in idle.device_verdicts] == [NO, OPEN]
    assert (idle.verdict.data_leaves_eu, codes(idle.verdict)) == (OPEN, ["idle_device"])


def test_hosts_that_are_not_audited_do_not_count(make: Any) -> None:
    near, far = make.destination(1), make.destination(2, "CN")
    stranger = make.flow(2, far, device=None)
    assert verdict(make.facts(near, far, flows=(make.flow(1, near), stranger))).data_leaves_eu is NO


def test_payload_of_a_device_that_is_not_listed_counts_for_the_whole(make: Any) -> None:
    far = make.destination(1, "CN")
    assert verdict(make.facts(far, flows=(make.flow(1, far, device="dev7"),))).data_leaves_eu is YES


# access by a third country's law


def test_an_operator_under_a_foreign_law_in_frankfurt(make: Any) -> None:
    owner = Operator("Cloud Inc", 64496, None, "US", "Cloud Inc", "US")
    found = verdict(make.facts(make.destination(1, operator=owner, access_laws=(make.law(),))))
    assert (found.data_leaves_eu, found.third_country_access) == (NO, YES)
    assert codes(found) == ["stays", "access_operator"]


def test_a_server_in_a_country_with_a_law_on_file(make: Any) -> None:
    found = verdict(make.facts(make.destination(1, "CN", access_laws=(make.law("CN", "place"),))))
    assert found.third_country_access is YES
    assert "access_place" in codes(found)


def test_a_law_by_a_disputed_place_reaches_nothing_yet(make: Any) -> None:
    row = make.destination(
        1, status=Status.DISPUTED, says=("IT", "CN"), access_laws=(make.law("CN", "place"),)
    )
    assert verdict(make.facts(row)).third_country_access is OPEN


def test_a_law_of_a_place_that_got_nothing_reaches_nothing(make: Any) -> None:
    row = make.destination(1, access_laws=(make.law("CN", "place"),))
    row = replace(row, addresses=(*row.addresses, make.address("198.51.100.200", "CN")))
    assert verdict(make.facts(row)).third_country_access is NO


@pytest.mark.parametrize("gap", ["name", "country", "parent", "parent_country"])
def test_an_owner_that_is_not_wholly_known_is_open(make: Any, gap: Any) -> None:
    row = make.destination(1, operator=replace(make.owned, **{gap: None}))
    found = verdict(make.facts(row))
    assert (found.data_leaves_eu, found.third_country_access) == (NO, OPEN)
    assert "unknown_owner" in codes(found)


def test_everything_known_and_inside_is_a_no(make: Any) -> None:
    assert verdict(make.facts(make.destination(1))).third_country_access is NO


def test_a_country_whose_law_is_not_on_file_is_open(make: Any) -> None:
    assert verdict(make.facts(make.destination(1, "CH"))).third_country_access is OPEN
    seat = Operator("Host AG", 64496, None, "CH", "Host AG", "CH")
    found = verdict(make.facts(make.destination(1, operator=seat)))
    assert (found.third_country_access, codes(found)) == (OPEN, ["stays", "law_not_on_file"])


def test_laws_past_their_review_date_are_open(make: Any) -> None:
    assert verdict(make.facts(make.destination(1), stale=("laws",))).third_country_access is OPEN


# properties

KINDS = st.sampled_from(
    (
        ("DE", Status.CONFIRMED),
        ("DE", Status.CLAIMED),
        ("NO", Status.CLAIMED),
        ("CH", Status.CLAIMED),
        ("CN", Status.CONFIRMED),
        ("CN", Status.DISPUTED),
        ("DE", Status.UNKNOWN),
    )
)
TAGS = st.sampled_from(((), (), (), ("tunnel",), ("proxied",)))
DEVICES = st.sampled_from(("dev1", "dev2"))
TRIPS = st.lists(st.tuples(KINDS, TAGS, DEVICES, st.sampled_from((0, 50))), max_size=5)
REACH = {NO: Reach.STAYS, OPEN: Reach.UNKNOWN, YES: Reach.LEAVES}


def scene_of(make: Any, trips: Any, devices: Any = ("dev1", "dev2")) -> Any:
    rows = [make.destination(n, *kind) for n, (kind, _, _, _) in enumerate(trips, 1)]
    flows = [
        make.flow(n, row, sent=sent, tags=tags, device=device)
        for n, (row, (_, tags, device, sent)) in enumerate(zip(rows, trips, strict=True), 1)
    ]
    return make.facts(*rows, flows=tuple(flows), devices=devices)


@settings(max_examples=80, deadline=None)
@given(TRIPS, KINDS, TAGS, st.integers(0, 3))
def test_added_doubt_or_payload_never_turns_into_a_no(
    make: Any, trips: Any, kind: Any, tags: Any, change: Any
) -> None:
    before = scene_of(make, trips)
    facts = scene_of(make, [*trips, (kind, tags, "dev1", 50)])
    if change == 1:
        facts = replace(before, problems=(Problem("stream_gap", loses_payload=True),))
    elif change == 2:
        facts = replace(before, stale=("laws", "dbip-country"))
    elif change == 3:
        facts = replace(before, marks=(), duration_ns=0)
    first, second = verdict(before, make.profile(steps=())), verdict(facts, make.profile(steps=()))
    if first.data_leaves_eu is not NO and not any(sent for *_, sent in trips):
        return  # nothing was sent before: payload is what a "no" needs
    active = {device for _, _, device, sent in trips if sent}
    if active != {"dev1", "dev2"}:
        return  # a silent device began to send
    assert REACH[second.data_leaves_eu] >= REACH[first.data_leaves_eu]
    assert REACH[second.third_country_access] >= REACH[first.third_country_access]


@settings(max_examples=60, deadline=None)
@given(TRIPS)
def test_a_no_means_that_every_place_is_known_and_inside(make: Any, trips: Any) -> None:
    found = verdict(scene_of(make, trips))
    if found.data_leaves_eu is NO:
        paid = [(kind, tags) for kind, tags, _, sent in trips if sent]
        assert paid
        for (country, status), tags in paid:
            assert country in ("DE", "NO")
            assert status in (Status.CLAIMED, Status.CONFIRMED)
            assert not tags


@settings(max_examples=60, deadline=None)
@given(TRIPS, st.randoms(use_true_random=False))
def test_the_order_of_the_facts_never_changes_the_judgement(
    make: Any, trips: Any, random: Any
) -> None:
    facts = scene_of(make, trips)
    mixed = {}
    for field in ("flows", "destinations", "devices", "countries"):
        rows = list(getattr(facts, field))
        random.shuffle(rows)
        mixed[field] = tuple(rows)
    assert judge(replace(facts, **mixed), (), None, SETTINGS) == judge(facts, (), None, SETTINGS)


@settings(max_examples=60, deadline=None)
@given(TRIPS)
def test_the_whole_is_the_join_of_the_devices(make: Any, trips: Any) -> None:
    judgement = judge(scene_of(make, trips), (), None, SETTINGS)
    joined = max(REACH[v.data_leaves_eu] for _, v in judgement.device_verdicts)
    assert REACH[judgement.verdict.data_leaves_eu] is joined


@given(st.lists(st.sampled_from(Reach), min_size=1), st.sampled_from(Reach), st.sampled_from(Reach))
def test_merging_is_associative_commutative_and_idempotent(rows: Any, a: Any, b: Any) -> None:
    assert max(a, b) is max(b, a)
    assert max(a, a) is a
    assert max([max(rows), a, b]) is max([*rows, a, b]) is max([a, max([b, *rows])])
    assert max(a, Reach.UNKNOWN) is not Reach.STAYS
