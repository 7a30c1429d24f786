"""The detector `device.logs`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.logs"


def test_true_three_lines_in_a_row(lab: Any) -> None:
    assert lab.values(
        ID,
        "11-24 22:00:01.123  1200  1201 I navd: a\n11-24 22:00:02.123  1200  1201 W navd: b\n11-24 22:00:03.123  1200  1201 E navd: c\n",
    ) == ["logcat lines"]


def test_true_trace(lab: Any) -> None:
    assert lab.values(ID, {"err": "Traceback (most recent call last):\n  File x"}) == [
        "stack trace"
    ]


def test_true_core_dump_is_proven(lab: Any) -> None:
    assert lab.sure(ID, bytes.fromhex("7f454c4602010100000000000000000004003e00") + bytes(80)) == [
        "proven"
    ]


def test_near_miss_two_lines(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            "11-24 22:00:01.123  1200  1201 I navd: a\n11-24 22:00:02.123  1200  1201 W navd: b\n",
        )
        == []
    )


def test_near_miss_program_instead_of_core(lab: Any) -> None:
    assert lab.hits(ID, bytes.fromhex("7f454c4602010100000000000000000002003e00") + bytes(80)) == []


def test_undecidable_word_panic_alone(lab: Any) -> None:
    assert lab.hits(ID, {"button": "panic alarm, please press"}) == []


def test_true_message_of_syslog(lab: Any) -> None:
    assert lab.values(ID, "navd: battery low, going home", where="syslog.message") == ["syslog message"]
    assert lab.hits(ID, "navd: battery low, going home", where="http.body") == []
