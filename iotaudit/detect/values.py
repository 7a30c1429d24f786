"""Values of a data type: when two spellings are one value, how it is masked, how else it may be written."""

import re

from iotaudit.detect.node import Hit, Node
from iotaudit.model.exposures import Confidence

RECORDS = 256
_DECIMALS = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,12})?")
SEPARATORS = re.compile(r"[\s:.\-_]")
"""Signs between the parts of an identifier."""
_DIGITS_ONLY = frozenset({"person.phone", "payment.card", "device.imei", "device.imsi"})
_FILLERS = frozenset(
    [
        "null",
        "none",
        "nil",
        "undefined",
        "n/a",
        "na",
        "nan",
        "unknown",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "0",
        "1",
        "default",
        "string",
        "empty",
        "[redacted]",
        "redacted",
        "hidden",
        "(null)",
        "<nil>",
        "password",
        "passwd",
        "token",
        "secret",
    ]
)
LEAST_RAW = 1 << 40
"""Smaller numbers are chance as bytes."""
LEAST_NUMBER = 8
LEAST_NAME = 8
MOST_DIGITS = 20
_IDS = frozenset({"device.mac", "device.serial", "device.uuid", "device.imei", "device.imsi", "geo.wifi_scan"})
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_HEX = re.compile(r"(?=.*[a-f]|.{12}$)[0-9a-f]{8,16}")
_UUID = re.compile(r"[0-9a-f]{32}")
_COMPACT = frozenset({"device.mac", "geo.ble_beacons", "device.uuid", "payment.account"})


def normal(data_type: str, text: str) -> str:
    """Gives the form in which equal values of a type are equal."""
    plain = text.strip().casefold()
    if data_type == "geo.gps":
        return _square(plain)
    if data_type in _COMPACT:
        return SEPARATORS.sub("", plain)
    if data_type in _DIGITS_ONLY:
        return "".join(c for c in plain if c.isdigit())
    return as_mac(plain) or plain


def _square(text: str) -> str:
    """Gives the square of about a kilometre that a position (decimal latitude, longitude) lies in."""
    numbers = _DECIMALS.findall(text)
    return ",".join(f"{float(n):.2f}" for n in numbers[:2]) if len(numbers) > 1 else text


def shape_of(data_type: str) -> str:
    """Gives the name of the mask that values of a type get."""
    if data_type.startswith("credential.") or data_type == "payment.card":
        return "secret"
    return {"person.email": "email", "geo.gps": "position"}.get(data_type, "plain")


def as_mac(text: str) -> str | None:
    """Gives the 12 lower-case digits of a link address in any usual spelling, None for other texts."""
    plain = text.strip().lower()
    if len(plain) not in (12, 14, 17):
        return None
    digits = plain.replace(":", "").replace("-", "").replace(".", "")
    if len(digits) != 12 or any(c not in "0123456789abcdef" for c in digits):
        return None
    return digits


def spellings(data_type: str, text: str) -> tuple[str, ...]:
    """Gives the usual ways to write a value, itself first; case is the matcher's affair."""
    plain = text.strip()
    found = [plain]
    mac = as_mac(plain)
    if mac is not None and (data_type == "device.mac" or not mac.isdigit()):
        pairs = [mac[at : at + 2] for at in range(0, 12, 2)]
        quads = [mac[at : at + 4] for at in range(0, 12, 4)]
        found += [":".join(pairs), "-".join(pairs), ".".join(quads), mac]
    if data_type == "person.phone":
        digits = "".join(c for c in plain if c.isdigit()).removeprefix("00")
        found += [digits, "+" + digits, "00" + digits]
        if len(digits) >= 11:  # two digits of country code, as in most of Europe
            found += ["0" + digits[2:], digits[2:]]
    if data_type in {"payment.account", "payment.card", "device.imei", "device.uuid"}:
        found.append(re.sub(r"[\s-]", "", plain))
    if data_type == "person.email":
        found += _mailboxes(plain)
    if data_type == "person.name":
        found += _turned(plain)
    if data_type in _IDS:
        found += _numbers(mac or plain)
    return tuple(dict.fromkeys(found))


def raw_forms(data_type: str, text: str) -> tuple[bytes, ...]:
    """Gives the bytes that an identifier stands for, in either order: of a link address, a UUID, an IMEI, a number."""
    plain = text.strip()
    mac = as_mac(plain)
    if data_type == "device.mac" and mac is not None:
        data = bytes.fromhex(mac)
        return (data, data[::-1])
    digits = SEPARATORS.sub("", plain).lower()
    if data_type == "device.uuid" and _UUID.fullmatch(digits):
        data = bytes.fromhex(digits)
        return (data, data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:])
    if data_type == "device.imei" and digits.isascii() and digits.isdigit() and len(digits) == 15:
        pairs = digits + "f"
        return (bytes(int(pairs[at + 1] + pairs[at], 16) for at in range(0, 16, 2)), int(digits).to_bytes(8))
    if data_type in _IDS and plain.isascii() and plain.isdigit() and LEAST_RAW < int(plain[:24]) < 1 << 64:
        number = int(plain)
        return (number.to_bytes(8), number.to_bytes(8, "little"))
    return ()


def _mailboxes(text: str) -> list[str]:
    """Gives an address without its tag (`+...`), and where the provider ignores dots, without them."""
    local, at, domain = text.rpartition("@")
    if not at:
        return []
    plain = local.partition("+")[0]
    found = [f"{plain}@{domain}"]
    if domain.casefold() in _DOTLESS:
        found += [plain.replace(".", "") + f"@{name}" for name in sorted(_DOTLESS)]
    return found


def _turned(text: str) -> list[str]:
    """Gives a name with the last word first, and with other signs between its words."""
    parts = text.split()
    if len(parts) < 2 or len(text) < LEAST_NAME:
        return []
    first, last = " ".join(parts[:-1]), parts[-1]
    return [f"{last} {first}", f"{last}, {first}", *(sign.join(parts) for sign in ("", ".", "_", "-"))]


def _numbers(text: str) -> list[str]:
    """Gives an identifier of digits in hexadecimal, one of hexadecimal digits as a number, a link address turned round."""
    plain = text.lower().removeprefix("0x")
    found: list[str] = []
    if len(plain) > MOST_DIGITS or not plain.isascii():
        return found
    if plain.isdigit():
        found.append(f"{int(plain):x}")
    if _HEX.fullmatch(plain):
        found.append(str(int(plain, 16)))
        if len(plain) == 12:
            pairs = [plain[at : at + 2] for at in range(10, -1, -2)]
            found += [sign.join(pairs) for sign in (":", "-", "")]
    return [form for form in found if len(form) >= LEAST_NUMBER]


def seen(
    data_type: str,
    text: str,
    confidence: Confidence,
    reasoning: str,
    *,
    texts: tuple[str, ...] = (),
    candidate: bool = False,
) -> Hit:
    """Gives the hit of a value that was read as `text`; `texts` are the spellings to mask, else itself."""
    return Hit(
        data_type=data_type,
        value=normal(data_type, text),
        confidence=confidence,
        reasoning=reasoning,
        texts=texts or (text.strip(),),
        sample=text.strip(),
        shape=shape_of(data_type),
        candidate=candidate,
    )


def kind_of(data_type: str, word: str, confidence: Confidence, reasoning: str, *texts: str) -> Hit:
    """Gives the hit of something that has no single value (a picture, a reading): `word` is ours and is shown."""
    return Hit(data_type, word, confidence, reasoning, texts, word, "word")


def scalars(node: Node) -> tuple[tuple[str, str], ...]:
    """Gives the plain fields of a record as (name, text)."""
    if not isinstance(node.value, dict):
        return ()
    return tuple(
        (str(name), str(value))
        for name, value in node.value.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    )


def records(node: Node) -> tuple[dict[str, object], ...]:
    """Gives the records of a list (the first `RECORDS`)."""
    if not isinstance(node.value, list):
        return ()
    return tuple(row for row in node.value[:RECORDS] if isinstance(row, dict))


def luhn(digits: str) -> bool:
    """True where the last digit is the Luhn check of the others. Source: ISO/IEC 7812-1 annex B."""
    total = 0
    for at, char in enumerate(reversed(digits)):
        digit = ord(char) - 48
        if at % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return bool(digits) and total % 10 == 0


def is_filler(text: str) -> bool:
    """True where a field is empty, a word for nothing, or masked by its sender."""
    plain = text.strip().casefold()
    return plain in _FILLERS or not plain.strip("*•x.-_ #")
