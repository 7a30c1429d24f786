"""Loads what a vendor declares of a device (`--declared`): places, companies, hosts, data, volumes, ways in.

docs/declared.yaml is a filled-in example, docs/schema/declared.schema.json the form.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from iotaudit.errors import Place
from iotaudit.model.declared import (
    REGIONS,
    Declaration,
    DeclaredCompany,
    DeclaredHost,
    DeclaredPort,
    DeclaredRetention,
    DeclaredVolume,
)
from iotaudit.packs.fields import Fields, number_of, one_of, suggestion, text_of
from iotaudit.packs.terms import countries, data_types
from iotaudit.packs.yaml import Mapping, Mistakes, Node, Scalar, Sequence, load

KEYS = (
    "vendor",
    "device",
    "date",
    "source",
    "storage_countries",
    "destinations",
    "operators",
    "sub_processors",
    "administration_from",
    "data_types",
    "update_hosts",
    "works_offline",
    "support_until",
    "volumes",
    "retention",
    "remote_access",
    "ports",
)
"""The keys, as in the contract."""
HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
MONTH = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
MAX_ROWS = 2000
MAX_TEXT = 300
T = TypeVar("T")


def load_declaration(path: str) -> Declaration:
    """Gives the declaration of a file.

    Raises:
        InputError: the file cannot be read.
        PackError: it has mistakes (all of them, each with its place).
    """
    mistakes = Mistakes()
    fields = Fields(load(Path(path)), "the declaration", mistakes, Place(path))
    declaration = Declaration(
        vendor=_text(fields, "vendor", required=True),
        device=_text(fields, "device"),
        date=_date(fields, "date", DATE, "2026-11-24"),
        source=_text(fields, "source"),
        storage_countries=_list(fields, "storage_countries", _country),
        destinations=_list(fields, "destinations", _host_row),
        operators=_list(fields, "operators", _plain),
        sub_processors=_list(fields, "sub_processors", _company),
        administration_from=_list(fields, "administration_from", _country),
        data_types=_list(fields, "data_types", _data_type),
        update_hosts=_list(fields, "update_hosts", _host),
        works_offline=fields.flag("works_offline"),
        support_until=_date(fields, "support_until", MONTH, "2030-12 or 2030-12-31"),
        volumes=_list(fields, "volumes", _volume),
        retention=_list(fields, "retention", _retention),
        remote_access=_remote_access(fields),
        ports=_list(fields, "ports", _port),
    )
    fields.close()
    mistakes.raise_any()
    return declaration


def _text(fields: Fields, key: str, *, required: bool = False) -> str:
    text = fields.text(key, required=required)
    if len(text) > MAX_TEXT:
        fields.mistakes.add(fields.place, f"{key} has more than {MAX_TEXT} characters")
    return text[:MAX_TEXT]


def _date(fields: Fields, key: str, form: re.Pattern[str], example: str) -> str:
    node = fields.node(key)
    text = text_of(node) if node is not None else ""
    if node is not None and not (text and form.fullmatch(text)):
        fields.mistakes.add(node.place, f"{key} takes a date such as {example}")
        return ""
    return text or ""


def _list(fields: Fields, key: str, read: Callable[[Node, str, Mistakes], T | None]) -> tuple[T, ...] | None:
    """Gives the items of a list, each once; None where the key does not stand in the file."""
    node = fields.node(key)
    if node is None:
        return None
    if not isinstance(node, Sequence):
        fields.mistakes.add(node.place, f"{key} must be a list; [] says that there is none")
        return None
    if len(node.items) > MAX_ROWS:
        fields.mistakes.add(node.place, f"{key} has more than {MAX_ROWS} items")
        return None
    found: dict[T, None] = {}
    for item in node.items:
        value = read(item, key, fields.mistakes)
        if value is not None and value in found:
            fields.mistakes.add(item.place, f"this stands twice in {key}")
        elif value is not None:
            found[value] = None
    return tuple(found)


def _plain(node: Node, key: str, mistakes: Mistakes) -> str | None:
    text = (text_of(node) or "").strip()
    if not text or len(text) > MAX_TEXT:
        mistakes.add(node.place, f"{key} holds texts of at most {MAX_TEXT} characters")
        return None
    return text


def _country(node: Node, key: str, mistakes: Mistakes) -> str | None:
    text = (text_of(node) or "").strip().upper()
    if text in REGIONS or text in countries():
        return text
    by_name = {name: code for code, name in countries().items()}
    near = suggestion(text_of(node) or "", by_name)
    code = next((f"; did you mean {c} ({n})?" for n, c in by_name.items() if near == f"; did you mean {n}?"), "")
    mistakes.add(node.place, f"{key} takes country codes such as DE, or EU, EEA{code}")
    return None


def _data_type(node: Node, key: str, mistakes: Mistakes) -> str | None:
    text = text_of(node) or ""
    if text in data_types():
        return text
    mistakes.add(node.place, f"{key} takes data types of docs/data-types/{suggestion(text, data_types())}")
    return None


def _host(node: Node, key: str, mistakes: Mistakes) -> str | None:
    text = (text_of(node) or "").strip().lower().rstrip(".")
    if HOST.fullmatch(text) and not text[-1].isdigit():
        return text
    try:
        return str(ipaddress.ip_network(text, strict=False)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError:
        mistakes.add(node.place, f"{key} takes host names, *. and a domain, addresses or networks")
        return None


def _row(node: Node, key: str, mistakes: Mistakes) -> Fields:
    return Fields(node, f"a row of {key}", mistakes, node.place)


def _host_row(node: Node, key: str, mistakes: Mistakes) -> DeclaredHost | None:
    """Gives a row with a host; a host alone may stand for the row."""
    if isinstance(node, Scalar):
        host = _host(node, key, mistakes)
        return DeclaredHost(host) if host else None
    fields = _row(node, key, mistakes)
    host = _of(fields, "host", _host, required=True)
    row = DeclaredHost(
        host=host or "",
        country=_of(fields, "country", _country) or "",
        operator=_text(fields, "operator"),
        purpose=_text(fields, "purpose"),
        data_types=_list(fields, "data_types", _data_type) or (),
    )
    fields.close()
    return row if host else None


def _of(
    fields: Fields, key: str, read: Callable[[Node, str, Mistakes], str | None], *, required: bool = False
) -> str | None:
    node = fields.node(key, required=required)
    return None if node is None else read(node, key, fields.mistakes)


def _company(node: Node, key: str, mistakes: Mistakes) -> DeclaredCompany | None:
    """Gives a company; a name alone may stand for the row."""
    if not isinstance(node, Mapping):
        name = _plain(node, key, mistakes)
        return DeclaredCompany(name) if name else None
    fields = _row(node, key, mistakes)
    row = DeclaredCompany(
        _text(fields, "name", required=True), _of(fields, "country", _country) or "", _text(fields, "purpose")
    )
    fields.close()
    return row if row.name else None


def _whole(fields: Fields, key: str) -> int | None:
    node = fields.node(key, required=True)
    if node is None:
        return None
    number = number_of(node)
    if number is None or number < 0 or number != int(number):
        fields.mistakes.add(node.place, f"{key} must be a whole number that is not negative")
        return None
    return int(number)


def _volume(node: Node, key: str, mistakes: Mistakes) -> DeclaredVolume | None:
    fields = _row(node, key, mistakes)
    size = _whole(fields, "bytes_per_day")
    row = DeclaredVolume(size or 0, _of(fields, "host", _host) or "")
    fields.close()
    return None if size is None else row


def _retention(node: Node, key: str, mistakes: Mistakes) -> DeclaredRetention | None:
    fields = _row(node, key, mistakes)
    days = _whole(fields, "days")
    row = DeclaredRetention(days or 0, _of(fields, "data_type", _data_type) or "")
    fields.close()
    return None if days is None else row


def _remote_access(fields: Fields) -> tuple[DeclaredHost, ...] | None:
    """Gives the hosts through which somebody can come in; false says that there is none."""
    node = fields.node("remote_access")
    if node is None:
        return None
    if isinstance(node, Scalar) and node.value is False:
        return ()
    if not isinstance(node, Sequence):
        fields.mistakes.add(node.place, "remote_access takes false or a list of hosts")
        return None
    found = [_host_row(item, "remote_access", fields.mistakes) for item in node.items[:MAX_ROWS]]
    return tuple(dict.fromkeys(row for row in found if row))


def _port(node: Node, key: str, mistakes: Mistakes) -> DeclaredPort | None:
    """Gives a port; a number alone is a TCP port."""
    if isinstance(node, Scalar):
        number = _port_number(node, mistakes)
        return DeclaredPort(number) if number else None
    fields = _row(node, key, mistakes)
    inner = fields.node("port", required=True)
    number = _port_number(inner, mistakes) if inner is not None else None
    protocol = fields.node("protocol")
    word = one_of(protocol, "protocol", ("tcp", "udp"), mistakes) if protocol is not None else "tcp"
    row = DeclaredPort(number or 0, word or "tcp", _text(fields, "purpose"))
    fields.close()
    return row if number else None


def _port_number(node: Node, mistakes: Mistakes) -> int | None:
    number = number_of(node)
    if number is None or number != int(number) or not 0 < number < 65536:
        mistakes.add(node.place, "a port is a number from 1 to 65535")
        return None
    return int(number)
