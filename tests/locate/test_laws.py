"""Which access laws are named, by which reach, and why."""

from typing import Any

from iotaudit.locate.laws import LawBook
from iotaudit.model.destinations import Evidence, Location, Operator, Status


def at(country: Any, status: Any=Status.CLAIMED) -> Any:
    return Location(country, status, ())


def test_pass_operator_and_place_inside_the_union_name_no_law(knowledge: Any) -> None:
    book = LawBook(knowledge, "2026-11-24")
    assert book.laws_for([at("DE")], Operator(name="Moppel", country="DE"), (), ()) == ()


def test_fail_parent_abroad_is_named_though_the_operator_is_european(knowledge: Any) -> None:
    operator = Operator(
        name="Moppel", country="DE", parent="Dustwhale Holding", parent_country="CN"
    )
    rows = LawBook(knowledge, "2026-11-24").laws_for([at("DE")], operator, (), ())
    assert {(r.country, r.reach) for r in rows} == {("CN", "operator")}
    assert all("Dustwhale Holding, parent of Moppel" in r.why for r in rows)


def test_inconclusive_unknown_place_and_operator_name_nothing(knowledge: Any) -> None:
    book = LawBook(knowledge, "2026-11-24")
    assert book.laws_for([at(None, Status.UNKNOWN)], Operator(), (), ()) == ()


def test_disputed_place_names_the_laws_of_each_candidate(knowledge: Any) -> None:
    evidence = (Evidence("a", "database", "RU", ""), Evidence("b", "database", "IT", ""))
    rows = LawBook(knowledge, "2026-11-24").laws_for(
        [Location(None, Status.DISPUTED, evidence)], Operator(), (), ()
    )
    assert {r.country for r in rows} == {"RU"}
    assert all("disputed" in r.why for r in rows)


def test_only_laws_that_give_access_are_named(knowledge: Any) -> None:
    rows = LawBook(knowledge, "2026-11-24").laws_for([at("CN")], Operator(), (), ())
    roles = {law.id: law.role for law in knowledge.laws}
    assert rows
    assert {roles[r.id] for r in rows} == {"access"}
    assert "cn-pipl" not in {r.id for r in rows}


def test_law_due_for_review_is_stale(knowledge: Any) -> Any:
    def stale(day: Any) -> Any:
        rows = LawBook(knowledge, day).laws_for([at("US")], Operator(), (), ())
        return {r.id for r in rows if r.stale}

    assert stale("2026-11-24") == set()
    assert stale("2027-01-15") == {"us-fisa-702"}


def test_lapsed_authority_says_so(knowledge: Any) -> None:
    rows = LawBook(knowledge, "2026-11-24").laws_for([at("US")], Operator(), (), ())
    (fisa,) = (r for r in rows if r.id == "us-fisa-702")
    assert "lapsed effects continue" in fisa.why


def test_laws_of_hong_kong_taiwan_and_china_are_not_merged(knowledge: Any) -> Any:
    def countries(code: Any) -> Any:
        rows = LawBook(knowledge, "2026-11-24").laws_for([at(code)], Operator(), (), ())
        return {r.country for r in rows}

    assert countries("HK") == {"HK"}
    assert countries("TW") == set()
    assert countries("MO") == set()
    assert countries("PR") == {"US"}


def test_every_law_names_the_evidence_that_it_rests_on(knowledge: Any) -> None:
    owner = knowledge.owner("tuya.com")
    operator = Operator(name="Moppel", country="US", parent="Moppel", parent_country="US")
    book = LawBook(knowledge, "2026-11-24")
    rows = {(r.id, r.reach): r for r in book.laws_for([at("US")], operator, (), (owner,))}
    assert rows["us-cloud-act", "place"].rests_on == ("location",)
    assert rows["us-cloud-act", "operator"].rests_on == ("operator",)
    assert rows["cn-cybersecurity-law", "operator"].rests_on == ("owner",)
    assert all(r.status and r.as_of and r.review_by and r.checked for r in rows.values())


def test_organisation_of_a_certificate_is_within_reach_too(knowledge: Any) -> None:
    owner = knowledge.owner("tuya.com")
    rows = LawBook(knowledge, "2026-11-24").laws_for([at("DE")], Operator(), (), (), (owner,))
    assert {r.country for r in rows} == {"CN"}
    assert all("the organisation in the certificate" in r.why and r.rests_on == ("owner",) for r in rows)


def test_stale_row_says_until_when_it_was_good(knowledge: Any) -> None:
    rows = LawBook(knowledge, "2027-01-15").laws_for([at("US")], Operator(), (), ())
    (fisa,) = (r for r in rows if r.id == "us-fisa-702")
    assert "due for review by 2026-12-31" in fisa.why
