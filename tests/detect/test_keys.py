"""Names of fields, folded."""

from hypothesis import given
from hypothesis import strategies as st

from iotaudit.detect import DETECTORS
from iotaudit.detect.keys import NO_KEYS, KeySet, KeyTable, words

WORDS = ["has", "password", "serial", "No", "number", "mac", "addr", "lat", "resource", "type", "temp", "api", "Key", "x"]


def test_styles_are_one_name() -> None:
    for name in ("macAddr", "MAC_ADDR", "mac-addr", "mac addr", "macAddr2"):
        assert words(name) == ("mac", "addr")
    assert words("ger\u00e4teId") == ("gerate", "id")


def test_whole_words_only() -> None:
    keys = KeySet("pin", "serial no")
    assert "pin" in keys
    assert "user_pin" in keys
    assert "robotSerialNo" in keys
    assert "SERIALNO" in keys
    for name in ("spinning", "pinned", "serial", "no_serial_x", "", "123"):
        assert name not in keys


def test_names_about_a_thing_are_not_the_thing() -> None:
    keys = KeySet("password")
    for name in ("has_password", "passwordLength", "password_policy", "password_changed"):
        assert name not in keys
    assert "password_new" in keys
    assert "fwVersion" in KeySet("fw version")


def test_equals_sign_asks_for_the_whole_name() -> None:
    assert "temp" in KeySet("=temp")
    assert "temp_file" not in KeySet("=temp")
    assert "anything" not in NO_KEYS


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), st.sampled_from(["_", "", " ", "2"]))
def test_a_table_of_sets_answers_as_each_of_them(parts: list[str], between: str) -> None:
    sets = [detector.WANTS.keys for detector in DETECTORS] + [detector.WANTS.record_keys for detector in DETECTORS]
    name = between.join(parts)
    assert KeyTable(sets).holders(name) == {number for number, one in enumerate(sets) if name in one}
