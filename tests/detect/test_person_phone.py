"""The detector `person.phone`: true hits, near misses, and what cannot be decided."""

import subprocess
import sys
from typing import Any

ID = "person.phone"


def test_true_number_under_its_name(lab: Any) -> None:
    assert lab.values(ID, {"phoneNumber": "0201 555 0123", "mobile": 491715550123}) == [
        "02015550123",
        "491715550123",
    ]


def test_near_miss_switch_and_date(lab: Any) -> None:
    assert lab.hits(ID, {"mobile": True, "phone": "2026-11-24", "tel": "12345"}) == []


def test_near_miss_time_offset_and_unassigned_country_code(lab: Any) -> None:
    assert lab.hits(ID, {"t": "2026-11-24T22:00:00+01:00", "x": "+289123456789"}) == []


def test_undecidable_international_form_is_inferred(lab: Any) -> None:
    assert lab.sure(ID, {"text": "call +4915155501234"}) == ["inferred"]


def test_fail_international_number_that_no_plan_has(lab: Any) -> None:
    assert lab.hits(ID, {"phone": "+49 1", "mobile": "+44 2079 460 1234 5", "x": "call +4420794601234"}) == []


def test_fail_one_digit_over_and_over(lab: Any) -> None:
    assert lab.hits(ID, {"phone": "0000000", "tel": "11111111"}) == []


def test_inconclusive_digits_in_no_plan_are_inferred(lab: Any) -> None:
    assert lab.sure(ID, {"phone": "999 999 912 345"}) == ["inferred"]


def test_the_library_is_loaded_with_the_first_candidate_only(lab: Any) -> None:
    assert lab.hits(ID, {"phone": "none", "t": "2026-11-24T22:00:00+01:00"}) == []
    code = (
        "import sys, iotaudit.detect as d; from iotaudit.detect.known import Known; "
        "from iotaudit.detect.node import Kind, Node; from iotaudit.detect import person_phone as p; "
        "list(p.find(Node(Kind.TEXT, 'phone', 'x', text='none'), Known(()))); "
        "sys.exit(any(m.split('.')[0] in ('phonenumbers', 'stdnum', 'publicsuffixlist') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
