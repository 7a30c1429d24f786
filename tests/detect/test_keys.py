"""Names of fields, folded."""

from iotaudit.detect.keys import NO_KEYS, KeySet, words


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
