"""What the tests of whole audits share: the knowledge read once, and small captures of others."""

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotaudit.packs.knowledge import load_knowledge
from iotaudit.packs.rules import load_packs

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "../shared/captures"
SHIPPED = tuple(sorted((ROOT / "captures").glob("*.pcap*")))


@pytest.fixture(scope="module")
def knowledge_once() -> Iterator[None]:
    """Reads knowledge and packs once for a module: reading them is most of a small audit's time."""
    with pytest.MonkeyPatch.context() as patch:
        known = load_knowledge([])
        patch.setattr(
            "iotaudit.pipeline.load_knowledge",
            lambda files=(), *shelf: load_knowledge(files, *shelf) if files else known,
        )
        patch.setattr("iotaudit.pipeline.load_packs", functools.cache(load_packs))
        yield


def shared_captures(count: int, largest: int) -> tuple[Path, ...]:
    """Gives so many of the shared captures up to a size, spread over all; none where they are not there."""
    if not SHARED.is_dir():
        return ()
    listed = sorted(
        p
        for p in SHARED.rglob("*")
        if p.is_file()
        and 0 < p.stat().st_size <= largest
        and p.suffix not in (".md", ".csv")
        and "truth" not in p.parts
    )
    return tuple(listed[:: max(len(listed) // count, 1)][:count])
