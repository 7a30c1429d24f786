"""The one YAML door: YAML 1.2 values, places, and bounds against files that grow."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.errors import InputError, PackError
from iotaudit.packs.yaml import MAX_LEN, Mapping, Scalar, Sequence, load, parse, plain


def told(data: bytes) -> tuple[str, ...]:
    with pytest.raises(PackError) as caught:
        parse(data, "f.yaml")
    return tuple(f"{place}: {text}" for place, text in caught.value.mistakes)


def test_norway_and_link_addresses_are_text() -> None:
    data = b"country: NO\nmac: 52:54:00\nflag: yes\ndate: 2026-11-24\nzero: 0o17\n"
    assert plain(parse(data, "f")) == {
        "country": "NO",
        "mac": "52:54:00",
        "flag": "yes",
        "date": "2026-11-24",
        "zero": 15,
    }


def test_plain_words_have_their_values_and_quoted_ones_stay_text() -> None:
    data = b"[true, False, null, ~, 7, -1.5, 1e3, 'true', \"7\", 0012, .5, 1_000]"
    assert plain(parse(data, "f")) == [
        True,
        False,
        None,
        None,
        7,
        -1.5,
        1000.0,
        "true",
        "7",
        12,
        0.5,
        "1_000",
    ]


def test_a_number_keeps_the_text_that_was_written() -> None:
    node = parse(b"serial: 0012345\n", "f")
    assert isinstance(node, Mapping)
    value = node.pairs[0][1]
    assert isinstance(value, Scalar)
    assert value.text == "0012345"


def test_every_node_knows_its_line_and_column() -> None:
    node = parse(b"a: 1\nb:\n  - x\n  - {c: d}\n", "f.yaml")
    assert isinstance(node, Mapping)
    _, items = node.pairs[1]
    assert isinstance(items, Sequence)
    assert [str(item.place) for item in items.items] == ["f.yaml:3:5", "f.yaml:4:5"]


def test_a_key_that_stands_twice_is_told_with_both_lines() -> None:
    assert told(b"a: 1\nb: 2\na: 3\n") == ("f.yaml:3:1: this key stands twice, first in line 1",)


def test_all_double_keys_are_told_at_once() -> None:
    assert len(told(b"a: 1\na: 2\nb: {c: 1, c: 2}\n")) == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a: [", "f.yaml:1:5: not well-formed YAML"),
        (b"a: b: c", "f.yaml:1:5: not well-formed YAML"),
        (b"a: \xff", "f.yaml:1: not UTF-8"),
        (b"", "the file holds nothing"),
        (b"# a remark\n", "the file holds nothing"),
        (b"--- a\n--- b\n", "f.yaml:2:1: a second document"),
        (b"a: !!python/object:os.system x", "f.yaml:1:4: tags are not read"),
        (b"a: *b", "an alias without a finished anchor"),
        (b"&a [*a]", "an alias without a finished anchor"),
        (b"[a, b]: c", "a key must be text"),
        (b"<<: {a: 1}", "merge keys are not read"),
        (b"a: \x00", "a character that YAML does not allow"),
        (b"a: " + b"x" * MAX_LEN, "larger than 256 KiB"),
    ],
)
def test_what_is_no_plain_yaml_is_told(data: bytes, text: str) -> None:
    assert text in " ".join(told(data))


@pytest.mark.parametrize("opening", [b"[", b"{", b"- ", b"? "])
def test_deep_nesting_is_refused_early(opening: bytes) -> None:
    # read to its end, the first of them costs ruamel minutes
    assert "nested deeper than" in told(opening * 100_000)[0]


def test_aliases_that_double_at_each_line_are_refused() -> None:
    lines = [b"a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for number in range(12):
        old, new = chr(97 + number).encode(), chr(98 + number).encode()
        lines.append(new + b": &" + new + b" [" + b", ".join([b"*" + old] * 10) + b"]")
    assert "aliases included" in told(b"\n".join(lines))[0]


def test_an_alias_stands_for_what_was_written() -> None:
    assert plain(parse(b"a: &x [1, 2]\nb: *x\n", "f")) == {"a": [1, 2], "b": [1, 2]}


def test_messages_quote_nothing_of_the_file() -> None:
    for data in (
        b"a: 'hunter2",
        b'a: "hunter2\\q"',
        b"a: hunter2: b",
        b"a: @hunter2",
        b"a: [hunter2}",
        b"a: *hunter2",
    ):
        assert "hunter2" not in " ".join(told(data))


def test_a_missing_file_is_an_input_error(tmp_path: Any) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.yaml")


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), st.text("ab:-[]{}&*!|>'\"#\n ,?%@", max_size=80).map(str.encode)
    )
)
def test_any_bytes_give_a_document_or_mistakes(data: bytes) -> None:
    try:
        size = parse(data, "f").size
    except PackError as error:
        size = len(error.mistakes)
    assert size >= 1
