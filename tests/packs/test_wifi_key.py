"""Wi-Fi key files: a network and its passphrase a line; mistakes have a place and quote nothing."""

from pathlib import Path

import pytest

from iotaudit.errors import InputError, PackError
from iotaudit.packs.wifi_key import load_wifi_keys


def write(folder: Path, data: bytes) -> str:
    path = folder / "wifi.key"
    path.write_bytes(data)
    return str(path)


def test_a_line_is_a_network_and_its_passphrase(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbflab:correct horse\r\n\n caf\xc3\xa9 :12345678\nraw:" + b"0f" * 32
    assert load_wifi_keys(write(tmp_path, data)) == (
        (b"lab", "correct horse"),
        (b" caf\xc3\xa9 ", "12345678"),
        (b"raw", "0f" * 32),
    )


def test_of_several_colons_every_reading_that_can_be_is_tried(tmp_path: Path) -> None:
    assert load_wifi_keys(write(tmp_path, b"a:b:longer:than eight")) == (
        (b"a", "b:longer:than eight"),
        (b"a:b", "longer:than eight"),
        (b"a:b:longer", "than eight"),
    )


@pytest.mark.parametrize(
    "line", [b"no colon here", b"lab:seven77", b"lab:" + b"x" * 65, b":correct horse", b"n" * 33 + b":correct horse",
             b"lab:caf\xc3\xa9 au lait"]
)  # fmt: skip
def test_a_line_that_can_mean_nothing_is_told_with_its_place_and_not_quoted(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path, b"good:correct horse\n" + line)
    with pytest.raises(PackError) as raised:
        load_wifi_keys(path)
    assert str(raised.value).startswith(f"{path}:2: a line is ssid:passphrase")
    assert line.decode("latin-1") not in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"\n", "names no network"), (b"x" * 70_000, "larger than 64 KiB"),
     (b"".join(b"n%d:correct horse\n" % i for i in range(65)), "more than 64 networks")],
)  # fmt: skip
def test_a_file_of_no_or_too_many_networks_is_refused(tmp_path: Path, data: bytes, text: str) -> None:
    with pytest.raises(PackError, match=text):
        load_wifi_keys(write(tmp_path, data))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_wifi_keys(str(tmp_path / "none"))
