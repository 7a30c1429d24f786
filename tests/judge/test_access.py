"""Whose law may reach it: place and company apart, unknown kept unknown, and every sentence traced to evidence."""

from dataclasses import replace
from typing import Any

import pytest

from iotaudit.judge import judge
from iotaudit.locate.laws import LawBook
from iotaudit.model.destinations import Evidence, Operator, Owner, Status
from iotaudit.model.reach import Answer
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

CLOUD = Operator(
    "Dustwhale Cloud Ltd", 64496, "DW", "IE", "Dustwhale Inc.", "US", (Evidence("entities", "registry", "IE", "row"),)
)
HOST = Operator("Moppel Host GmbH", 64497, "MH", "DE", "Moppel Host GmbH", "DE", (Evidence("entities", "registry", "DE", "row"),))
VENDOR = Owner("Brushfire Co., Ltd.", "CN", "Brushfire Co., Ltd.", "CN", (Evidence("entities", "name", "CN", "row"),))


@pytest.fixture(scope="module")
def knowledge() -> Any:
    return load_knowledge()


def destination(make: Any, knowledge: Any, operator: Any, owner: Any = None, as_of: str = "2026-11-24", **place: Any) -> Any:
    """Gives a destination with the laws that the shipped knowledge finds for it."""
    row = make.destination(1, **place)
    location = replace(row.location, evidence=(Evidence("dbip", "database", row.location.country, "listed"),))
    owners = []
    if owner:
        entity = replace(knowledge.entities[0], name=owner.name, country=owner.country, parent=owner.parent, parent_country=owner.parent_country)
        owners = [entity]
    laws = LawBook(knowledge, as_of).laws_for([location], operator, (), owners)
    return replace(row, location=location, operator=operator, owner=owner or Owner(), access_laws=laws)


def verdict(make: Any, row: Any, as_of: str = "2026-11-24", stale: Any = ()) -> Any:
    return judge(make.facts(row, stale=stale), (), None, Settings(as_of=as_of)).verdict


def traced(found: Any, row: Any) -> None:
    """Fails where a reason on access does not lead to laws, and these to evidence of the destination."""
    reasons = [r for r in found.reasons if r.code.startswith("access_")]
    assert reasons
    parts = {"location": row.location.evidence, "operator": row.operator.evidence, "owner": row.owner.evidence}
    for reason in reasons:
        assert row.id in reason.destinations
        assert reason.laws
        for ident in reason.laws:
            laws = [law for law in row.access_laws if law.id == ident]
            assert laws
            assert all(law.rests_on and all(parts[part] for part in law.rests_on) for law in laws)


def test_eu_address_of_a_cloud_with_a_parent_abroad(make: Any, knowledge: Any) -> None:
    row = destination(make, knowledge, CLOUD)
    found = verdict(make, row)
    assert (found.data_leaves_eu, found.third_country_access) == (Answer.NO, Answer.YES)
    (reason,) = [r for r in found.reasons if r.code.startswith("access_")]
    assert reason.code == "access_operator"
    assert "us-cloud-act" in reason.laws
    assert "Dustwhale Inc., parent of Dustwhale Cloud Ltd, has its seat in US" in reason.text
    traced(found, row)


def test_vendor_of_a_third_country_on_an_eu_cloud(make: Any, knowledge: Any) -> None:
    row = destination(make, knowledge, HOST, VENDOR)
    found = verdict(make, row)
    assert (found.data_leaves_eu, found.third_country_access) == (Answer.NO, Answer.YES)
    (reason,) = [r for r in found.reasons if r.code.startswith("access_")]
    assert "the owner of the domain, Brushfire Co., Ltd. has its seat in CN" in reason.text
    assert {law.rests_on for law in row.access_laws} == {("owner",)}
    traced(found, row)


def test_an_unknown_operator_stays_unknown(make: Any, knowledge: Any) -> None:
    found = verdict(make, destination(make, knowledge, Operator(as_name="MH", asn=64497)))
    assert found.third_country_access is Answer.UNDETERMINED
    assert [r.code for r in found.reasons if r.code == "unknown_owner"]


def test_place_and_operator_are_two_reasons(make: Any, knowledge: Any) -> None:
    row = destination(make, knowledge, CLOUD, country="US")
    found = verdict(make, row)
    assert [r.code for r in found.reasons if r.code.startswith("access_")] == ["access_place", "access_operator"]
    traced(found, row)


def test_a_law_due_for_review_weakens_the_answer(make: Any, knowledge: Any) -> None:
    late = "2030-01-01"
    row = destination(make, knowledge, CLOUD, as_of=late)
    assert all(law.stale for law in row.access_laws)
    found = verdict(make, row, late, ("laws",))
    assert found.third_country_access is Answer.UNDETERMINED
    assert {"access_stale", "stale_laws"} <= {r.code for r in found.reasons}
    traced(found, row)


def test_one_law_that_is_up_to_date_is_enough(make: Any, knowledge: Any) -> None:
    row = destination(make, knowledge, CLOUD, as_of="2027-01-15")
    assert {law.stale for law in row.access_laws} == {True, False}
    found = verdict(make, row, "2027-01-15", ("laws",))
    assert found.third_country_access is Answer.YES
    (reason,) = [r for r in found.reasons if r.code == "access_operator"]
    assert "us-fisa-702" not in reason.laws


@pytest.mark.parametrize("stale", [(), ("laws",)])
def test_no_doubt_turns_the_answer_to_no(make: Any, knowledge: Any, stale: Any) -> None:
    for operator in (CLOUD, replace(CLOUD, parent=None, parent_country=None), Operator()):
        for status in (Status.UNKNOWN, Status.DISPUTED):
            row = destination(make, knowledge, operator, status=status)
            assert verdict(make, row, stale=stale).third_country_access is not Answer.NO


def test_a_host_on_file_does_not_settle_whose_service_it_is(make: Any, knowledge: Any) -> None:
    found = verdict(make, destination(make, knowledge, HOST))
    assert (found.data_leaves_eu, found.third_country_access) == (Answer.NO, Answer.UNDETERMINED)
    assert [r.code for r in found.reasons if r.code.startswith("unknown")] == ["unknown_service"]


def test_a_service_whose_parent_is_not_known_is_open(make: Any, knowledge: Any) -> None:
    owner = Owner("Moppel GmbH", "DE", None, None)
    assert verdict(make, replace(destination(make, knowledge, HOST), owner=owner)).third_country_access is Answer.UNDETERMINED


def test_host_and_owner_on_file_inside_are_a_no(make: Any, knowledge: Any) -> None:
    owner = Owner("Moppel GmbH", "DE", "Moppel GmbH", "DE")
    assert verdict(make, replace(destination(make, knowledge, HOST), owner=owner)).third_country_access is Answer.NO
