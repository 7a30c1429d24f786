"""The same inputs, options and knowledge give the same bytes, whatever carries them, however hashes fall."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from iotaudit import pipeline, report
from tests.acceptance.conftest import ROOT, SHIPPED, shared_captures

CAPTURES = (*SHIPPED, *shared_captures(5, 60_000))
OF_THE_CARRIER = ("name", "sha256", "bytes", "format")
AUDITS = """
import sys
from iotaudit import pipeline, report
for path in sys.argv[1:]:
    document = report.document(pipeline.audit(path, as_of="2026-11-24", all_hosts=True))
    del document["run"]
    for form in ("json", "html", "csv", "sarif"):
        run = {"created": "", "host_platform": "", "duration_s": 0.0}
        rendered = report.render(document | {"run": run}, form)
        sys.stdout.buffer.write(rendered if isinstance(rendered, bytes) else rendered.encode())
"""


def test_no_byte_depends_on_the_hash_seed() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", AUDITS, *map(str, CAPTURES)],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("0", "1", "4711")
    ]
    assert len(outputs[0]) > 100_000
    assert outputs[0] == outputs[1] == outputs[2]


@pytest.fixture(scope="module")
def document() -> Callable[..., Any]:
    def make(path: Path | str, **options: Any) -> Any:
        rendered = report.render(report.document(pipeline.audit(path, as_of="2026-11-24", **options)), "json")
        made = json.loads(rendered)
        del made["run"]
        return made

    return make


@pytest.mark.usefixtures("knowledge_once")
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_a_second_run_gives_the_same(path: Path, document: Callable[..., Any]) -> None:
    assert document(path) == document(path)


@pytest.mark.usefixtures("knowledge_once")
@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
@pytest.mark.parametrize("carrier", ["gz", "zst", "stdin", "zst on stdin"])
def test_the_carrier_changes_only_what_is_told_of_it(
    path: Path, carrier: str, document: Callable[..., Any], tmp_path: Path
) -> None:
    plain = document(path)
    data = path.read_bytes()
    if carrier.startswith("zst"):
        data = zstandard.ZstdCompressor().compress(data)
    elif carrier == "gz":
        data = gzip.compress(data)
    file = tmp_path / "carried"
    file.write_bytes(data)
    if "stdin" in carrier:
        with file.open("rb") as pipe:
            carried = document("-", stdin=pipe)
    else:
        carried = document(file)
    for each in (plain, carried):
        for facts in each["inputs"]:
            for key in OF_THE_CARRIER:
                del facts[key]
    assert carried == plain
