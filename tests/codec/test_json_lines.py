"""Lines of JSON: those that can be read, and how many cannot."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.codec import json_lines


def number(value: Any) -> int | None:
    return value if type(value) is int else None


def test_pass_empty_lines_do_not_count() -> None:
    assert json_lines.read(b"1\n\n 2 \r\n", json.loads, number, 9) == ([1, 2], 0)


def test_fail_lines_of_another_form_and_broken_ones_are_counted() -> None:
    assert json_lines.read(b'1\n"a"\n{\n\xff\n3', json.loads, number, 9) == ([1, 3], 3)


def test_lines_beyond_the_bound_are_counted() -> None:
    assert json_lines.read(b"1\n2\n3\n", json.loads, number, 2) == ([1, 2], 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_counted(data: bytes) -> None:
    found, unread = json_lines.read(data, json.loads, number, 3)
    assert len(found) + unread == sum(1 for line in data.splitlines() if line.strip())
