"""Masks cannot be turned back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.detect.masks import ALL, mask, sample

SHAPES = ("plain", "secret", "email", "position")


def test_shapes_of_masks() -> None:
    assert (
        mask("A4:5E:60:01:02:03", "plain")
        == "A4:\u2022\u2022:\u2022\u2022:\u2022\u2022:\u2022\u2022:03"
    )
    assert mask("AB12CD3", "plain") == ALL
    assert mask("erika@werk.example.de", "email") == "\u2022\u2022\u2022@\u2022\u2022\u2022.de"
    assert mask("51.45561, 7.01165", "position") == "51.\u2022\u2022\u2022, 7.\u2022\u2022\u2022"
    assert mask("hunter22", "secret") == ALL
    assert sample("hunter22", "secret") == f"{ALL} (8 to 11 characters)"
    assert sample("x" * 500, "secret") == f"{ALL} (128 or more characters)"


def test_separators_do_not_give_a_value_away() -> None:
    assert mask("a.......b", "plain") == ALL
    assert mask("--------", "plain") == ALL


@given(st.text(min_size=1, max_size=80), st.sampled_from(SHAPES))
@settings(max_examples=300)
def test_no_mask_holds_its_value(text: str, shape: str) -> None:
    for masked in (mask(text, shape), sample(text, shape)):
        assert text not in masked or set(text) <= set(ALL) or len(text) < 6
