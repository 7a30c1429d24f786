"""Opens the knowledge: the embedded files of `packs/data/` and the user's address databases.

Tables are written by people as YAML and read here as `tables.json`, compiled from them (`tools/knowledge/compile.py`,
a test compares both): the YAML alone took over a second, the compiled form some milliseconds.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import publicsuffixlist

from iotaudit.errors import SetupError
from iotaudit.model.data_types import DataType
from iotaudit.model.knowledge import (
    Adequacy,
    AnycastService,
    Entity,
    Knowledge,
    Law,
    Networks,
    RegionNames,
    Roles,
    SpecialRange,
    Territory,
    ZoneTable,
    company_key,
)
from iotaudit.model.result import KnowledgeFile
from iotaudit.packs.databases import open_embedded, open_geoip
from iotaudit.packs.ipfire import IpfireTable
from iotaudit.packs.library import DATA, SHIPPED_SHELF, Shelf
from iotaudit.packs.lookups import AsnTable, OuiTable, Suffixes
from iotaudit.packs.outlines import Outlines

SUFFIX_LIST = Path(publicsuffixlist.PSLFILE)
Table = dict[str, Any]


def load_knowledge(geoip: Sequence[str] = (), shelf: Shelf = SHIPPED_SHELF) -> Knowledge:
    """Gives the knowledge of a version with the user's databases on top.

    Args:
        geoip: paths of address databases, published ranges, geofeeds or registry files; each is a source of its own,
            named `geoip:<file name>`.
        shelf: an installed version of the knowledge; the one that ships with the tool where none is given.

    Raises:
        InputError: one of them is missing, unreadable or no such file.
        SetupError: the installation's own files are missing or damaged.
    """
    tables: Table = {**_json(DATA / "tables.json"), **shelf.tables()}
    manifest = _json(DATA / "manifest.json")
    files = tuple(
        KnowledgeFile(**{k: v for k, v in shelf.rows.get(row["name"], row).items() if k in KnowledgeFile.__slots__})
        for row in manifest["files"]
    )
    by_name = {f.name: f for f in files}
    zones = _zones(tables["zones"], tables["countries"])
    regions = tuple(_regions(row) for row in tables["regions"]["providers"])
    user_databases, user_files = open_geoip(geoip, by_name["dbip-country"].sha256, zones, regions)
    embedded = (
        open_embedded(shelf.path("dbip-country", "dbip-country.mmdb"), by_name["dbip-country"].date, zones),
        IpfireTable(shelf.path("ipfire", "ipfire.bin"), by_name["ipfire"].date, zones),
    )
    entities = tuple(
        _entity(row, tables["entities"]["defaults"]) for row in tables["entities"]["entities"]
    )
    local = frozenset(tables["addresses"]["local_suffixes"]["names"])
    return Knowledge(
        files=(*files, _suffix_file(), *user_files),
        data_types=tuple(_data_type(row) for row in tables["data-types"]["types"]),
        laws=tuple(_law(row) for row in tables["laws"]["laws"]),
        zones=zones,
        entities=entities,
        anycast=_anycast(tables["anycast"]),
        special=Networks(
            (network, SpecialRange(row["kind"], row["title"], row["source"]))
            for row in tables["addresses"]["rows"]
            for network in row["networks"]
        ),
        regions=regions,
        roles=_roles(tables["roles"], _json(shelf.path("third-parties", "third-parties.json"))),
        databases=(*embedded, *user_databases),
        networks=AsnTable(shelf.path("asn", "asn.bin")),
        vendors=OuiTable(shelf.path("oui", "oui.bin")),
        suffixes=Suffixes(SUFFIX_LIST, local),
        outlines=Outlines(shelf.path("outlines", "outlines.bin")),
        country_names=tables["countries"],
        dates={f.name: f.date for f in files},
        by_asn={asn: entity for entity in entities for asn in entity.asns},
        by_domain={domain: entity for entity in entities for domain in entity.domains},
        by_name={company_key(name): entity for entity in entities for name in (entity.name, *entity.also)},
    )


def try_shelf(shelf: Shelf) -> None:
    """Opens all of a version and asks each part once, so that a file of another form shows at once.

    Raises:
        Exception: whatever a file of another form makes its reader raise.
    """
    knowledge = load_knowledge((), shelf)
    for ip in ("192.0.2.1", "2001:db8::1"):
        knowledge.networks.look_up(ip)
        for database in knowledge.databases:
            database.look_up(ip)
    knowledge.vendors.look_up(0)
    knowledge.outlines.around(0.0, 0.0)


def _json(path: Path) -> Any:  # noqa: ANN401 - the file's own form
    try:
        return orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise SetupError(
            f"the embedded knowledge file {path.name} is missing or damaged; install iotaudit again"
        ) from None


def _suffix_file() -> KnowledgeFile:
    """Describes the list of public suffixes as the installed package brings it."""
    try:
        data = SUFFIX_LIST.read_bytes()
    except OSError:
        raise SetupError(
            "the list of public suffixes is missing; install publicsuffixlist again"
        ) from None
    version = (
        data.partition(b"// VERSION: ")[2].partition(b"\n")[0].decode("ascii", "replace").strip()
    )
    return KnowledgeFile(
        name="public-suffix-list",
        version=version,
        date=version[:10],
        licence="MPL-2.0",
        sha256=hashlib.sha256(data).hexdigest(),
        attribution="Public Suffix List contributors; brought by the package publicsuffixlist",
        url="https://publicsuffix.org/",
    )


def _data_type(row: Table) -> DataType:
    return DataType(row["id"], row["title"], row["gdpr_class"], row["sensitivity"], row["why"])


def _law(row: Table) -> Law:
    return Law(
        id=row["id"],
        title=row["title"],
        country=row["country"],
        citation=row["citation"],
        role=row["role"],
        places=tuple(row["triggers"]["place"]),
        operators=tuple(row["triggers"]["operator"]),
        gag=row["gag"],
        status=row["status"],
        review_by=row["review_by"],
        as_of=row["as_of"],
        checked=row["checked"],
    )


def _entity(row: Table, defaults: Table) -> Entity:
    itself = row["parent"] == "self"
    return Entity(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        country=row["country"],
        parent=row["name"] if itself else row["parent"],
        parent_country=row["country"] if itself else row.get("parent_country"),
        asns=tuple(row["asns"]),
        places=tuple((int(asn), tuple(codes)) for asn, codes in row.get("places", {}).items()),
        domains=tuple(row["domains"]),
        source=row["source"],
        as_of=row["as_of"] if "as_of" in row else defaults["as_of"],
        checked=row["checked"] if "checked" in row else defaults["checked"],
        also=tuple(row.get("also", ())),
    )


def _anycast(table: Table) -> Networks[AnycastService]:
    return Networks(
        (
            network,
            AnycastService(row["id"], row["title"], row["service"], row["source"], row["date"]),
        )
        for row in table["rows"]
        for network in row["networks"]
    )


def _regions(row: Table) -> RegionNames:
    return RegionNames(
        entity=row["entity"],
        suffixes=tuple(row["suffixes"]),
        prefixes=tuple(row.get("prefixes", [""])),
        endings=tuple(row.get("endings", [""])),
        regions={**row["regions"], **row.get("range_regions", {})},
        source=row["source"],
        labels_before=row.get("labels_before", 0),
    )


def _zones(table: Table, countries: dict[str, str]) -> ZoneTable:
    territories = {
        row["iso"]: Territory(row["iso"], row["title"], row["zone"], row["certainty"], row["note"])
        for row in table["special_territories"]["rows"]
    }
    return ZoneTable(
        eu=frozenset(table["eu"]["members"]),
        eea=frozenset(table["eea_efta"]["members"]),
        aliases=table["eu"]["aliases"],
        decisions={
            row["iso"]: Adequacy(
                row["iso"],
                row["citation"],
                row["expires"],
                row["scope_test"],
                row["scope"],
                row.get("note"),
            )
            for row in table["adequacy"]["decisions"]
            if row["iso"]
        },
        territories=territories,
        as_us=frozenset(code for code, row in territories.items() if row.zone == "as-US"),
        codes=frozenset(countries),
    )


def _roles(table: Table, third_parties: list[list[str]]) -> Roles:
    return Roles(
        infrastructure={
            name: row["title"] for row in table["infrastructure"] for name in row["names"]
        },
        support={name: row["title"] for row in table["support"] for name in row["names"]},
        support_kinds=tuple(table["support_kinds"]["kinds"]),
        third_parties={domain: (entity, category) for domain, entity, category in third_parties},
        cloud_words=tuple(table["cloud_words"]["words"]),
    )
