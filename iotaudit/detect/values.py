"""Values of a data type: when two spellings are one value, how it is masked, how else it may be written."""

import re

from iotaudit.detect.node import Hit, Node
from iotaudit.model.exposures import Confidence

RECORDS = 256
_DECIMALS = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,12})?")
_SEPARATORS = re.compile(r"[\s:.\-_]")
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
_COMPACT = frozenset({"device.mac", "geo.ble_beacons", "device.uuid", "payment.account"})


def normal(data_type: str, text: str) -> str:
    """Gives the form in which equal values of a type are equal."""
    plain = text.strip().casefold()
    if data_type == "geo.gps":
        return _square(plain)
    if data_type in _COMPACT:
        return _SEPARATORS.sub("", plain)
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
    return tuple(dict.fromkeys(found))


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
