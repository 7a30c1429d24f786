"""Words of an utterance, which `media.audio` reports."""

from typing import Any

import pytest

ID = "media.audio"


@pytest.mark.parametrize(
    "body",
    [{"utterance": "clean the kitchen"}, {"asrText": "打扫厨房"}, {"asr": {"transcript": "Stop, please!"}}],
)
def test_pass_words_under_a_name_for_recognised_speech(lab: Any, body: object) -> None:
    assert lab.sure(ID, body) == ["detected"]


def test_fail_one_word_digests_and_other_names(lab: Any) -> None:
    assert lab.hits(ID, {"transcript": "none", "asr": "disabled", "text": "clean the kitchen"}) == []
    assert lab.hits(ID, {"transcript": "9f86d081884c7d659a2feaa0c55ad015"}) == []


def test_inconclusive_query_may_be_typed(lab: Any) -> None:
    assert lab.hits(ID, {"query": "clean the kitchen"}) == []
