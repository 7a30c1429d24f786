"""Shared by the tests of this folder: a seed maker, the embedded knowledge, a writer of small databases."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iotaudit.model.destinations import DestinationSeed
from iotaudit.model.result import Settings
from iotaudit.packs.knowledge import load_knowledge

PLAIN = DestinationSeed(
    ip="192.0.2.1",
    name=None,
    name_source=None,
    name_packet=None,
    aliases=(),
    outer_name=False,
    local=False,
    rtt_min_ns=None,
    bytes_out=300,
    bytes_in=200,
    payload_out=100,
    flows=("f1",),
    applications=(),
    ports=(443,),
    first_packet=1,
    payload_packet=4,
    devices=("dev1",),
)


@pytest.fixture(scope="session")
def knowledge() -> Any:
    return load_knowledge()


@pytest.fixture(scope="session")
def settings() -> Any:
    return Settings(as_of="2026-11-24")


@pytest.fixture(scope="session")
def seed() -> Any:
    """Gives a maker of seeds: an address, a name with its sources, and whatever else differs from the plain one."""

    def make(ip: Any, name: Any=None, sources: Any=("sni",), **changes: Any) -> Any:
        named = {
            "name": name,
            "name_source": sources[0] if name else None,
            "name_sources": sources if name else (),
            "name_packet": 2 if name else None,
        }
        return replace(PLAIN, ip=ip, **named, **changes)

    return make


@pytest.fixture(scope="session")
def write_mmdb() -> Any:
    return runpy.run_path(str(Path(__file__).with_name("mmdb_file.py")))["write_mmdb"]


@pytest.fixture
def with_database(tmp_path: Any, write_mmdb: Any) -> Any:
    """Gives a maker of knowledge with the user's own databases on top: name of the file to its records."""

    def make(**files: Any) -> Any:
        paths = [
            write_mmdb(tmp_path / f"{name}.mmdb", rows, "Acme-Geo") for name, rows in files.items()
        ]
        return load_knowledge([str(path) for path in paths])

    return make
