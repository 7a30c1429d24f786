"""Address databases in MaxMind's file form: an embedded one, and the user's own files (`--geoip FILE`).

Files that name themselves as a MaxMind-style country, city, ASN or enterprise database are read through geoip2;
flat records (`{"country_code": "DE"}`, `{"country": "DE", "asn": "AS64496"}`) through maxminddb, since geoip2 refuses
them. What has no such form is handed to `ranges.py`. Only `country` counts as a place: `registered_country` is where a network is registered.

Source: MaxMind DB file format 2.0; records observed in DB-IP Lite, GeoLite2 test data, IPinfo Lite.
"""

import datetime
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import maxminddb

from iotaudit.codec.guard import Fault, guarded
from iotaudit.errors import InputError
from iotaudit.model.knowledge import GeoAnswer, GeoDatabase, RegionNames, ZoneTable
from iotaudit.model.result import KnowledgeFile
from iotaudit.packs.ranges import MAX_LEN, RangeFile, read_ranges

MAXMIND_METHODS = ("Enterprise", "City", "Country", "ASN", "ISP")
SAMPLED = 64
"""Records looked at to tell whether a file holds countries or networks at all."""
FAMILIES = (("geolite", "maxmind"), ("geoip2", "maxmind"), ("dbip", "dbip"), ("ipinfo", "ipinfo"))
MAX_TEXT = 200
MARKER = b"\xab\xcd\xefMaxMind.com"
MARKER_WITHIN = 128 << 10
"""Bytes from the end within which an MMDB file has its marker."""
ANSWERS_KEPT = 1 << 14


class MmdbFile:
    """One opened database."""

    kind = "database"

    def __init__(
        self, source: str, date: str, family: str, read: Callable[[str], Any], zones: ZoneTable
    ) -> None:
        self.id = source
        self.date = date
        self.family = family
        self._read = read
        self._zones = zones
        self._flat: dict[str, GeoAnswer | None] = {}
        self._alike: dict[GeoAnswer, GeoAnswer] = {}

    def look_up(self, ip: str) -> GeoAnswer | None:
        """Gives the answer for an address; an unreadable record is an answer without a country, never an error.

        Equal answers are one object, of so many as are kept.
        """
        record = guarded("mmdb", self._read, ip)
        if isinstance(record, Fault):
            if record.error in {
                "AddressNotFoundError",
                "ValueError",
            }:  # not in it; IPv6 in a v4 file
                return None
            return GeoAnswer(vague="the record could not be read")
        if isinstance(record, dict) and len(record) == 1 and isinstance(code := record.get("country_code"), str):
            if code not in self._flat:
                self._flat[code] = adapt(record, self._zones)
            return self._flat[code]
        answer = adapt(record, self._zones)
        if answer is None or len(self._alike) >= ANSWERS_KEPT:
            return answer
        return self._alike.setdefault(answer, answer)


def adapt(record: Any, zones: ZoneTable) -> GeoAnswer | None:  # noqa: ANN401 - any record of any maker
    """Gives what a record says, whatever its maker's form; None where it says nothing that we use."""
    if not isinstance(record, dict):
        return None
    traits = record.get("traits")
    traits = traits if isinstance(traits, dict) else {}
    code = _country(record)
    country = zones.normal(code) if code else None
    asn = _asn(record) or _asn(traits)
    name = next(
        (
            value
            for part in (record, traits)
            for key in ("autonomous_system_organization", "as_name", "as_organization", "org")
            if isinstance(value := part.get(key), str) and value
        ),
        None,
    )
    anycast = traits.get("is_anycast") is True or record.get("is_anycast") is True
    vague = "" if country or not code else "it names a region, not a country"
    if country is None and asn is None and not anycast and not vague:
        return None
    return GeoAnswer(country, asn, name[:MAX_TEXT] if name else None, anycast, vague)


def _country(record: dict[str, Any]) -> str | None:
    for value in (record.get("country"), record.get("country_code"), record.get("country_iso")):
        code = value.get("iso_code") if isinstance(value, dict) else value
        if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha():
            return code
    return None


def _asn(record: dict[str, Any]) -> int | None:
    for key in ("autonomous_system_number", "asn", "as_number"):
        value = record.get(key)
        if isinstance(value, str):
            digits = value.upper().removeprefix("AS")
            value = (
                int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
            )
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 32:
            return value
    return None


def open_embedded(path: Path, date: str, zones: ZoneTable) -> MmdbFile:
    """Opens the database that ships with the project.

    Raises:
        InputError: it is missing or damaged.
    """
    return MmdbFile("dbip", date, "dbip", _open(path).get, zones)


def open_geoip(
    paths: Sequence[str], embedded_sha256: str, zones: ZoneTable, regions: tuple[RegionNames, ...] = ()
) -> tuple[tuple[GeoDatabase, ...], tuple[KnowledgeFile, ...]]:
    """Opens the user's files, each once (the same bytes under two names are one file).

    Raises:
        InputError: a file is missing, unreadable, in no known form, or has neither countries nor networks.
    """
    databases: list[GeoDatabase] = []
    files: list[KnowledgeFile] = []
    for text in paths:
        path = Path(text)
        marked = _has_marker(path)
        digest = _sha256(path)
        if any(f.sha256 == digest for f in files):
            continue
        if marked:
            opened, version = _open_mmdb(path, digest, embedded_sha256, zones)
        else:
            opened, version = _open_ranges(path, zones, regions)
        databases.append(opened)
        files.append(KnowledgeFile(opened.id, version, opened.date, "as licensed to the user", digest))
    return tuple(databases), tuple(files)


def _open_mmdb(path: Path, digest: str, embedded_sha256: str, zones: ZoneTable) -> tuple[GeoDatabase, str]:
    reader = _open(path)
    meta = reader.metadata()
    sample = _sample(reader, zones)
    if sample is None:
        raise InputError(
            f"{path}: the database ({_kind(meta)}) has neither countries nor networks; give a country, city or ASN file"
        )
    family = _family(path, meta, digest, embedded_sha256)
    read = _reading(path, reader, meta, sample)
    return MmdbFile(f"geoip:{path.name}", _built(meta), family, read, zones), _kind(meta)


def _built(meta: Any) -> str:  # noqa: ANN401
    """Gives the day that a database says it was made on, "" where it is no day."""
    made = guarded("mmdb", datetime.datetime.fromtimestamp, meta.build_epoch, datetime.UTC)
    return "" if isinstance(made, Fault) else made.date().isoformat()


def _open_ranges(
    path: Path, zones: ZoneTable, regions: tuple[RegionNames, ...]
) -> tuple[GeoDatabase, str]:
    with path.open("rb") as file:
        ranges = read_ranges(file.read(MAX_LEN + 1), zones, regions)
    if ranges is None:
        raise InputError(
            f"{path}: is not an MMDB file, published cloud ranges, a geofeed or a registry file; see docs/sources/geoip.md"
        )
    return RangeFile(f"geoip:{path.name}", ranges.date, ranges.title, ranges), ranges.title


def _has_marker(path: Path) -> bool:
    """Tells whether a file is in MaxMind's form by the marker near its end."""
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a file")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no regular file; save it first")
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MARKER_WITHIN))
            return MARKER in file.read(MARKER_WITHIN)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give an address database or a list of ranges") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({error.strerror}); check its permissions"
        ) from None


def _open(path: Path) -> maxminddb.Reader:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give an MMDB file")
    try:
        return maxminddb.open_database(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; give an MMDB file") from None
    except OSError as error:
        raise InputError(
            f"{path}: cannot be opened ({error.strerror}); check its permissions"
        ) from None
    except (maxminddb.InvalidDatabaseError, ValueError):
        raise InputError(
            f"{path}: is not an MMDB file; give a database in MaxMind's file form"
        ) from None


def _sample(reader: maxminddb.Reader, zones: ZoneTable) -> Any:  # noqa: ANN401 - any maker's record
    """Gives one of the first records that says something that we use, None where there is none."""

    def search() -> Any:  # noqa: ANN401
        for number, (_, record) in enumerate(reader):
            if adapt(record, zones) is not None:
                return record
            if number >= SAMPLED:
                break
        return None

    found = guarded("mmdb", search)
    return None if isinstance(found, Fault) else found


def _reading(path: Path, reader: maxminddb.Reader, meta: Any, sample: Any) -> Callable[[str], Any]:  # noqa: ANN401
    kind = next((m for m in MAXMIND_METHODS if m in meta.database_type), None)
    nested = isinstance(sample.get("country"), dict) or "autonomous_system_number" in sample
    if kind is None or not nested:
        return reader.get
    import geoip2.database

    models = geoip2.database.Reader(path)
    method = getattr(models, kind.lower())
    reader.close()

    def read(ip: str) -> Any:  # noqa: ANN401
        return method(ip).to_dict()

    return read


def _family(path: Path, meta: Any, digest: str, embedded: str) -> str:  # noqa: ANN401
    if digest == embedded:
        return "dbip"
    text = f"{meta.database_type} {meta.description} {path.name}".lower()
    return next(
        (f for word, f in FAMILIES if word in text.replace("-", "")), f"{_kind(meta)}:{digest[:8]}"
    )


def _kind(meta: Any) -> str:  # noqa: ANN401
    return str(meta.database_type)[:60] or "unnamed"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
