"""Each medium: what acts in it is only seen."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.report import escape


@given(st.text())
def test_visible_text_has_nothing_that_acts(text: str) -> None:
    shown = escape.visible(text)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)


@given(st.text())
def test_visible_twice_is_visible_once(text: str) -> None:
    once = escape.visible(text)
    assert escape.visible(once) == once


def test_plain_names_stay_as_they_are() -> None:
    assert escape.visible("eu-api.moppel.example Grüße 地図") == "eu-api.moppel.example Grüße 地図"


def test_a_terminal_escape_is_spelled_out() -> None:
    assert escape.terminal("\x1b]0;owned\x07") == r"\u{1b}]0;owned\u{7}"


def test_a_terminal_without_the_letters_gets_escapes() -> None:
    assert escape.terminal("ü", "ascii") == "\\xfc"


def test_formula_cells_get_an_apostrophe_and_numbers_stay() -> None:
    assert [escape.csv(x) for x in ("=1+1", " @SUM(1)", "plain", 7)] == ["'=1+1", "' @SUM(1)", "plain", 7]


def test_markdown_starts_no_link_table_or_html() -> None:
    told = escape.md("[a](https://x.example) | <b> www.x.example")
    assert "](" not in told.replace("\\]", "")
    assert "<b>" not in told.replace("\\<", "")
    assert "https\\://" in told
    assert escape.md_code("a`b|c") == "`a\\u{60}b\\|c`"


def test_sarif_text_has_no_link() -> None:
    assert escape.sarif("[a](1)") == "\\[a\\](1)"
