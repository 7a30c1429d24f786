"""The list of decodings and what a body may cost."""

from iotaudit.codec import CODECS
from iotaudit.codec.budget import Budget
from iotaudit.codec.worth import is_text, is_worth


def test_ids_are_unique_and_the_names_of_the_files() -> None:
    ids = [codec.ID for codec in CODECS]
    assert len(set(ids)) == len(ids)
    assert all(codec.__name__.endswith("." + codec.ID) for codec in CODECS)  # type: ignore[attr-defined]


def test_budget_counts_down_and_keeps_the_first_reason() -> None:
    budget = Budget(step_len=10, bytes_left=15, nodes_left=1)
    assert budget.room() == 10
    assert budget.spend(12)
    assert budget.room() == 3
    assert not budget.spend(4)
    assert budget.step()
    assert not budget.step()
    assert budget.exceeded == "bytes"


def test_text_is_told_from_bytes() -> None:
    assert is_text("Pr\u00fcfung \u6d4b\u8bd5\n".encode())
    assert is_text(("\u00e4" * 5000).encode())
    assert not is_text(b"abc\x00def")
    assert not is_text(b"\xff\xfeabc")
    assert is_worth(b"\x1f\x8b\x08")
    assert not is_worth(b"short")
