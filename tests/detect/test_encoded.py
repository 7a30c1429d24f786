"""Words of an output that hold a value in an encoding are hidden whole; all other text stays."""

import base64
import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.detect import encoded
from iotaudit.detect.redact import Redactor

VALUE = "Quitten-Secret-31"
REDACTOR = Redactor({VALUE: "secret"})
B64 = base64.b64encode(VALUE.encode()).decode()


@pytest.mark.parametrize(
    "word",
    [
        B64,
        base64.urlsafe_b64encode(VALUE.encode()).decode().rstrip("="),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
        base64.b32encode(VALUE.encode()).decode().rstrip("="),
        base64.b64encode(B64.encode()).decode(),
        base64.b64encode(gzip.compress(VALUE.encode(), mtime=0)).decode(),
        base64.b64encode(VALUE.encode("utf-16-le")).decode(),
        base64.b64encode(f'{{"v":"{VALUE}"}}'.encode()).decode(),
    ],
)
@pytest.mark.parametrize("around", ["{}", "/d/{}/up", "dev_{}", "x={}&y=1"])
def test_pass_an_encoded_value_is_hidden(word: str, around: str) -> None:
    masked = REDACTOR.text(around.format(word))
    assert word.rstrip("=") not in masked
    assert "•••" in masked


def test_fail_what_encodes_something_else_stays() -> None:
    text = f"/d/{base64.b64encode(b'Quitten-Public-31').decode()}/{b'nothing of note'.hex()}/a-plain_path"
    assert REDACTOR.text(text) == text


def test_a_text_that_takes_too_much_work_is_hidden_rather_than_shown() -> None:
    text = "ab-" * (encoded.WORK * 4)
    assert VALUE not in encoded.hide(text, lambda _: False, "•")
    assert "•" in encoded.hide("/".join(["abcdefgh"] * encoded.WORK * 2), lambda _: False, "•")


@given(st.text(max_size=200))
@settings(max_examples=60)
def test_any_text_is_masked_once_and_for_all(text: str) -> None:
    once = REDACTOR.text(text)
    assert REDACTOR.text(once) == once
