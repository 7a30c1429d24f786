"""Address ranges with places, as the user's own files: published cloud ranges, geofeeds, anycast and registry lists.

Each form is recognised by content, not by name:

- AWS `ip-ranges.json`, Google `cloud.json`, Microsoft service tags, Oracle `public_ip_ranges.json`: ranges with a
  region, whose country `regions.yaml` tells; a region that it does not know is an answer without a country.
- Cloudflare's and Fastly's lists (JSON), and plain lists of networks (one in each line): addresses without a place.
- Geofeeds (RFC 8805): `network,country,...` lines. What a network's holder says of its own addresses.
- Files of the address registries (`delegated-...-latest` and `-extended-`): where addresses are registered.

Source: RFC 8805; NRO, "RIR statistics exchange format"; the providers' documentation of their files.
"""

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from iotaudit.codec.guard import Fault, guarded
from iotaudit.model.knowledge import GeoAnswer, Networks, RegionNames, ZoneTable

MAX_LEN = 64 << 20
"""Bytes of a file; the largest known (Microsoft's service tags) has under 8 MB."""
MAX_ROWS = 2_000_000
MAX_TEXT = 80
SAMPLED = 50
"""Lines that must agree before a text counts as a list."""
ANYWHERE = "a network of many places"
Row = tuple[str, GeoAnswer]


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a file says: a title, the date in it ("" none), what kind of statement it is, and its rows."""

    title: str
    date: str
    kind: str
    rows: tuple[Row, ...]


class RangeFile:
    """One opened file; the longest network that holds an address answers."""

    def __init__(self, source: str, date: str, family: str, ranges: Ranges) -> None:
        self.id = source
        self.date = date
        self.family = family
        self.kind = ranges.kind
        self._networks = Networks(_joined(ranges.rows))

    def look_up(self, ip: str) -> GeoAnswer | None:
        """Gives the answer for an address."""
        return self._networks.find(ip)


def read_ranges(
    data: bytes, zones: ZoneTable, regions: tuple[RegionNames, ...]
) -> Ranges | None:
    """Gives the ranges of a file, None where it is in none of the known forms; any bytes are allowed."""
    if len(data) > MAX_LEN:
        return None
    found = guarded("ranges", lambda: _read(data, zones, {row.entity: row for row in regions}))
    return None if isinstance(found, Fault) or found is None or not found.rows else found


def _read(data: bytes, zones: ZoneTable, regions: Mapping[str, RegionNames]) -> Ranges | None:
    start = data.lstrip()[:1]
    if start == b"{":
        document = orjson.loads(data)
        return next((r for form in JSON_FORMS if (r := form(document, regions)) is not None), None)
    lines = data.decode("utf-8").splitlines()[: MAX_ROWS + 1]
    return _registry(lines, zones) or _geofeed(lines, zones) or _plain_list(lines)


def _aws(document: dict[str, Any], regions: Mapping[str, RegionNames]) -> Ranges | None:
    if "prefixes" not in document or "ipv6_prefixes" not in document or "createDate" not in document:
        return None
    rows = []
    for part, key in (("prefixes", "ip_prefix"), ("ipv6_prefixes", "ipv6_prefix")):
        for row in _dicts(document[part]):
            service, region = str(row.get("service", "")), str(row.get("region", ""))
            if service == "GLOBALACCELERATOR":
                answer = GeoAnswer(anycast=True, told=f"AWS, service {service}")
            else:
                answer = _in_region("AWS", region, regions.get("aws"))
            rows += _row(row.get(key), answer)
    date = "-".join(str(document["createDate"]).split("-")[:3])
    return Ranges("AWS IP address ranges", date, "published", tuple(rows))


def _google(document: dict[str, Any], regions: Mapping[str, RegionNames]) -> Ranges | None:
    if "prefixes" not in document or "creationTime" not in document:
        return None
    rows = []
    for row in _dicts(document["prefixes"]):
        if "scope" in row:
            answer = _in_region("Google Cloud", str(row["scope"]), regions.get("google"))
            rows += _row(row.get("ipv4Prefix") or row.get("ipv6Prefix"), answer)
    return Ranges("Google Cloud ranges", str(document["creationTime"])[:10], "published", tuple(rows))


def _azure(document: dict[str, Any], regions: Mapping[str, RegionNames]) -> Ranges | None:
    if "values" not in document or "changeNumber" not in document:
        return None
    rows = []
    for tag in _dicts(document["values"]):
        inner = tag.get("properties")
        inner = inner if isinstance(inner, dict) else {}
        name, region = str(tag.get("name", "")), str(inner.get("region") or "")
        if name.startswith("AzureFrontDoor"):
            answer = GeoAnswer(anycast=True, told=f"Azure service tag {name[:MAX_TEXT]}")
        elif region:
            answer = _in_region("Azure", region, regions.get("microsoft"))
        else:
            continue
        for prefix in _list(inner.get("addressPrefixes")):
            rows += _row(prefix, answer)
    return Ranges("Azure service tags", "", "published", tuple(rows))


def _oracle(document: dict[str, Any], regions: Mapping[str, RegionNames]) -> Ranges | None:
    if "regions" not in document or "last_updated_timestamp" not in document:
        return None
    rows = []
    for part in _dicts(document["regions"]):
        answer = _in_region("Oracle Cloud", str(part.get("region", "")), regions.get("oracle"))
        for entry in _dicts(part.get("cidrs")):
            rows += _row(entry.get("cidr"), answer)
    date = str(document["last_updated_timestamp"])[:10]
    return Ranges("Oracle Cloud public ranges", date, "published", tuple(rows))


def _fronts(document: dict[str, Any], _regions: Mapping[str, RegionNames]) -> Ranges | None:
    """Cloudflare's and Fastly's lists: every range is announced at all of their places."""
    result = document.get("result")
    for title, part, keys in (
        ("Cloudflare ranges", result, ("ipv4_cidrs", "ipv6_cidrs")),
        ("Fastly ranges", document, ("addresses", "ipv6_addresses")),
    ):
        if isinstance(part, dict) and keys[0] in part:
            answer = GeoAnswer(anycast=True, told=f"{title}: {ANYWHERE}")
            rows = [row for key in keys for text in _list(part.get(key)) for row in _row(text, answer)]
            return Ranges(title, "", "published", tuple(rows))
    return None


JSON_FORMS: tuple[Callable[[dict[str, Any], Mapping[str, RegionNames]], Ranges | None], ...] = (
    _aws, _google, _azure, _oracle, _fronts,
)  # fmt: skip


def _registry(lines: list[str], zones: ZoneTable) -> Ranges | None:
    head = next((line for line in lines if line and not line.startswith("#")), "")
    version = head.split("|")
    if len(version) < 6 or not version[0].replace(".", "").isdigit():
        return None
    names: dict[str, GeoAnswer] = {}
    rows: list[Row] = []
    for line in lines:
        parts = line.split("|")
        if len(parts) < 7 or parts[2] not in {"ipv4", "ipv6"} or parts[6] not in {"allocated", "assigned"}:
            continue
        code = zones.normal(parts[1])
        if code is None:
            continue
        answer = names.setdefault(
            f"{parts[0]}{code}", GeoAnswer(told=f"registered in {code} with {parts[0][:MAX_TEXT]}")
        )
        rows += [(network, answer) for network in _delegated(parts[3], parts[4], parts[2])]
    date = version[5] if len(version[5]) == 8 else version[2]
    day = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if date.isdigit() and len(date) == 8 else ""
    return Ranges(f"registry statistics of {version[1][:20]}", day, "registry", tuple(rows))


def _delegated(start: str, size: str, family: str) -> Iterator[str]:
    """Gives the networks of one row: IPv6 rows have a prefix length, IPv4 rows a number of addresses."""
    if family == "ipv6":
        yield from (text for text, _ in _row(f"{start}/{size}", GeoAnswer()))
        return
    try:
        first = ipaddress.IPv4Address(start)
        last = ipaddress.IPv4Address(int(first) + int(size) - 1)
        yield from (str(n) for n in ipaddress.summarize_address_range(first, last))
    except (ValueError, TypeError):
        return


def _geofeed(lines: list[str], zones: ZoneTable) -> Ranges | None:
    named: dict[str, GeoAnswer] = {}
    rows: list[Row] = []
    good = bad = 0
    for line in lines:
        text = line.strip().lstrip("\ufeff")
        if not text or text.startswith("#"):
            continue
        parts = [part.strip().strip('"') for part in text.split(",")]
        found = _row(parts[0], GeoAnswer()) if len(parts) > 1 else []
        if not found or len(parts[1]) not in {0, 2}:
            bad += 1
            if bad > SAMPLED and bad > good:
                return None
            continue
        good += 1
        code = zones.normal(parts[1]) if parts[1] else None
        word = code or f"no country ({parts[1] or 'empty'})"
        answer = named.setdefault(
            word,
            GeoAnswer(code, told=f"the network's geofeed: {word}", vague="" if code else "its geofeed names no country"),
        )
        rows.append((found[0][0], answer))
    return Ranges("geofeed (RFC 8805)", "", "published", tuple(rows)) if good > bad else None


def _plain_list(lines: list[str]) -> Ranges | None:
    answer = GeoAnswer(anycast=True, told=f"in a list of networks without a place: {ANYWHERE}")
    rows: list[Row] = []
    for line in lines:
        text = line.partition("#")[0].strip()
        found = _row(text, answer) if text else []
        if text and not found:
            return None
        rows += found
    return Ranges("list of networks", "", "published", tuple(rows))


def _in_region(provider: str, region: str, known: RegionNames | None) -> GeoAnswer:
    country = known.regions.get(region.lower()) if known else None
    told = f"{provider}, region {region[:MAX_TEXT] or 'not stated'}"
    return GeoAnswer(country, told=told, vague="" if country else f"{told}, which has no one country on file")


def _row(prefix: object, answer: GeoAnswer) -> list[Row]:
    """Gives a row, none where the text is no network."""
    if not isinstance(prefix, str) or len(prefix) > MAX_TEXT:
        return []
    try:
        return [(str(ipaddress.ip_network(prefix, strict=False)), answer)]
    except ValueError:
        return []


def _joined(rows: Iterable[Row]) -> Iterator[Row]:
    """Gives each network once; where rows of one network name several places, none of them holds."""
    merged: dict[str, GeoAnswer] = {}
    for network, answer in rows:
        old = merged.setdefault(network, answer)
        if old is answer or old.anycast:
            continue
        if answer.anycast:
            merged[network] = answer
        elif old.country != answer.country and answer.country:
            told = f"{old.told}; {answer.told}"[: 2 * MAX_TEXT]
            merged[network] = answer if not old.country else GeoAnswer(told=told, vague="the file names several places")
    yield from merged.items()


def _dicts(value: object) -> list[dict[str, Any]]:
    return [row for row in _list(value) if isinstance(row, dict)]


def _list(value: object) -> list[Any]:
    return value[:MAX_ROWS] if isinstance(value, list) else []
