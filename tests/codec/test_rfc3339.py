"""Moments of RFC 3339: what is one, and to which nanosecond."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotaudit.codec import rfc3339


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-24T09:30:00.000000001Z", 1_795_512_600_000_000_001),
        ("2026-11-24 10:30:00.5+01:00", 1_795_512_600_500_000_000),
        ("1969-12-31t23:59:59z", -1_000_000_000),
    ],
)
def test_pass_a_moment(text: str, time_ns: int) -> None:
    assert rfc3339.nanoseconds(text) == time_ns


@pytest.mark.parametrize(
    "text", ["", "2026-11-24", "2026-11-24T09:30:00", "2026-13-24T09:30:00Z", "2026-11-24T09:30:00Z\n", "2026-11-24T09:30Z"]
)
def test_fail_no_moment(text: str) -> None:
    assert rfc3339.nanoseconds(text) is None


@given(st.datetimes(timezones=st.just(datetime.UTC)))
def test_every_microsecond_is_kept(moment: datetime.datetime) -> None:
    since = moment - rfc3339.EPOCH
    assert rfc3339.nanoseconds(moment.isoformat()) == (since // datetime.timedelta(microseconds=1)) * 1000


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert isinstance(rfc3339.nanoseconds(text), int | None)
