"""Loads the passphrases of a lab's Wi-Fi networks (`--wifi-key`). They are secret: no message holds one.

Source: IEEE 802.11-2020 sections 9.4.2.2 (SSID) and J.4 (passphrase).
"""

import re
from pathlib import Path

from iotaudit.errors import InputError, Place
from iotaudit.packs.yaml import Mistakes

MAX_LEN = 64 * 1024
MAX_KEYS = 64
SSID_LEN = 32
PASSPHRASE = re.compile(r"[ -~]{8,63}|[0-9A-Fa-f]{64}")
FORM = "a line is ssid:passphrase; a network's name has 1 to 32 bytes, a passphrase 8 to 63 ASCII characters"


def load_wifi_keys(path: str) -> tuple[tuple[bytes, str], ...]:
    """Gives network name and passphrase (or 64 hexadecimal digits, the key itself) of every line, each once.

    Name and passphrase may hold colons: every reading of such a line that can be is given.

    Raises:
        InputError: the file cannot be read.
        PackError: it has mistakes (all of them; nothing of a line is quoted).
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_LEN + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check name and permissions") from None
    mistakes = Mistakes()
    found: dict[tuple[bytes, str], None] = {}
    if len(data) > MAX_LEN:
        mistakes.add(Place(path), f"larger than {MAX_LEN // 1024} KiB")
        mistakes.raise_any()
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        readings = _readings(line.removesuffix(b"\r"))
        if not readings:
            mistakes.add(Place(path, number), FORM)
        found.update(dict.fromkeys(readings))
    if not found and not mistakes:
        mistakes.add(Place(path), "the file names no network")
    if len(found) > MAX_KEYS:
        mistakes.add(Place(path), f"more than {MAX_KEYS} networks")
    mistakes.raise_any()
    return tuple(found)


def _readings(line: bytes) -> list[tuple[bytes, str]]:
    """Gives what a line may mean: a split at each of its colons that leaves a name and a passphrase."""
    readings = []
    for at in range(1, min(len(line), SSID_LEN + 1)):
        if line[at : at + 1] == b":":
            passphrase = line[at + 1 :].decode("latin-1")
            if PASSPHRASE.fullmatch(passphrase):
                readings.append((line[:at], passphrase))
    return readings
