"""The statement and its words: what a reader must learn from two sentences."""

import pytest

from iotaudit.judge import words
from iotaudit.judge.statement import statement_of
from iotaudit.model.reach import Answer, Coverage, Reason, Unread, Verdict

LOOK = Coverage(90.0, 10, (), (), 0.0, ())


def told(answer: Answer, *reasons: Reason, coverage: Coverage = LOOK) -> str:
    return statement_of(Verdict(answer, Answer.UNDETERMINED, "", reasons, coverage))


def test_a_yes_names_the_first_two_and_counts_the_rest() -> None:
    rows = [Reason("leaves", f"payload reached h{n}") for n in range(4)]
    assert told(Answer.YES, *rows).startswith(
        "Data leaves the EU/EEA: payload reached h0; payload reached h1; and 2 more reasons of this kind."
    )


def test_an_open_answer_says_what_forbids_a_no_and_nothing_else() -> None:
    text = told(
        Answer.UNDETERMINED, Reason("closed", "closed is no doubt"), Reason("unread", "not read: x")
    )
    assert "undetermined: not read: x." in text
    assert "closed is no doubt" not in text


def test_the_look_is_always_told() -> None:
    for answer in Answer:
        text = told(answer, Reason("stays", "all inside"), Reason("leaves", "one outside"))
        assert "The look lasted 1 min 30 s, no steps were marked" in text
        assert "no profile asked" in text
    marked = Coverage(3600.0, 1, ("idle", "app_use"), (), 0.999, (), 60.0)
    text = told(Answer.NO, Reason("stays", "all inside"), coverage=marked)
    assert "lasted 1 h, through the steps idle and app use; over 99 % of the payload" in text
    assert "no profile" not in text


def test_what_was_not_read_is_never_told_as_read() -> None:
    assert "all payload sent outside could be read" in told(Answer.UNDETERMINED)
    unread = Coverage(90.0, 10, (), (Unread("decode_limit", 2, ""),), 0.0, ())
    text = told(Answer.UNDETERMINED, coverage=unread)
    assert "no payload sent outside stayed closed, but not all was read" in text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (words.size(999), "999 B"),
        (words.size(1000), "1.0 kB"),
        (words.size(999_999), "1.0 MB"),
        (words.span(0.4), "0.4 s"),
        (words.span(60), "1 min"),
        (words.span(7500), "2 h 5 min"),
        (words.share(0.001), "under 1 %"),
        (words.share(1.0), "100 %"),
        (words.count(1, "packet"), "1 packet"),
        (words.count(2, "entry", "entries"), "2 entries"),
        (words.listed([]), ""),
        (words.listed("ab"), "a and b"),
        (words.listed("abcdefgh"), "a, b, c, d, e, f and 2 more"),
        (words.country("CN"), "China"),
        (words.country("ZZ"), "ZZ"),
        (words.country(None), "a country that is not known"),
    ],
)
def test_words(given: str, text: str) -> None:
    assert given == text
