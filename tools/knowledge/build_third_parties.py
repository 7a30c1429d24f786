"""Builds `third-parties.json` from the npm package `third-party-web`: who measures, advertises or profiles.

Run: `python tools/knowledge/build_third_parties.py DOWNLOADED.tgz iotaudit/packs/data/third-parties.json`

Kept are the entities of the categories below, as rows [domain, name of the entity, category]. A domain that the
package writes with `*.` stands here without it: look-ups go up the labels of a name.
"""

import json
import sys
import tarfile
from pathlib import Path

KEPT = ("ad", "analytics", "customer-success", "marketing", "social", "tag-manager")


def main() -> None:
    """Reads the package named first and writes the file named second."""
    package, target = Path(sys.argv[1]), Path(sys.argv[2])
    with tarfile.open(package) as tar:
        file = tar.extractfile("package/dist/entities-nostats.json")
        if file is None:
            raise SystemExit("the entities are not in the package")
        entities = json.load(file)
    rows: dict[str, list[str]] = {}
    for entity in entities:
        if entity["category"] in KEPT:
            for pattern in entity["domains"]:
                domain = pattern.removeprefix("*.").lower()
                rows.setdefault(domain, [domain, entity["name"], entity["category"]])
    lines = ",\n".join(json.dumps(rows[key], ensure_ascii=False) for key in sorted(rows))
    target.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(rows)} domains\n")


if __name__ == "__main__":
    main()
