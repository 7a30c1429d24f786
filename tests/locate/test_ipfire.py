"""The second embedded database as a source, and what the two say together."""

from typing import Any

from iotaudit.locate import ipfire, locate
from iotaudit.model.destinations import Status


def test_pass_both_databases_agree_and_the_place_is_claimed(seed: Any, knowledge: Any, settings: Any) -> None:
    (found,) = ipfire.evidence(seed("145.100.3.4"), knowledge, settings)
    assert (found.source, found.kind, found.country, found.date) == ("ipfire", "database", "NL", "2026-06-25")
    (row,) = locate((seed("145.100.3.4"),), knowledge, settings)
    assert (row.location.country, row.location.status) == ("NL", Status.CLAIMED)


def test_fail_address_in_china_is_claimed_there(seed: Any, knowledge: Any, settings: Any) -> None:
    assert [e.country for e in ipfire.evidence(seed("220.181.3.4"), knowledge, settings)] == ["CN"]
    assert [e.country for e in ipfire.evidence(seed("240e::1"), knowledge, settings)] == ["CN"]


def test_inconclusive_address_that_is_nobodys_is_silent(seed: Any, knowledge: Any, settings: Any) -> None:
    for ip in ("192.0.2.1", "0.0.0.1", "255.255.255.255", "::", "ffff::1", "no address"):
        assert ipfire.evidence(seed(ip), knowledge, settings) == ()


def test_code_of_a_region_is_an_answer_without_a_country(knowledge: Any) -> None:
    table = next(d for d in knowledge.databases if d.id == "ipfire")
    rows = table._columns_v4
    at = [table._codes[n : n + 2] for n in range(0, len(table._codes), 2)].index("EU")
    first = rows["v4_start"][list(rows["v4_code"]).index(at)]
    answer = table.look_up(".".join(str(first >> shift & 255) for shift in (24, 16, 8, 0)))
    assert answer is not None
    assert (answer.country, answer.vague) == (None, "it names a region, not a country")
