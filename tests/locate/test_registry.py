"""Where an address is registered, which is never where it is."""

from typing import Any

import pytest

from iotaudit.locate import locate, registry
from iotaudit.packs.knowledge import load_knowledge

DELEGATED = """\
2.3|ripencc|1750000000|3|19830705|20250614|+0100
ripencc|*|ipv4|*|2|summary
ripencc|RU|ipv4|145.100.0.0|65536|19930901|allocated
ripencc|RU|ipv6|2001:db8::|32|20030101|allocated
ripencc||ipv4|203.0.113.0|256||available
"""


@pytest.fixture
def registered(tmp_path: Any) -> Any:
    path = tmp_path / "delegated-ripencc-latest"
    path.write_text(DELEGATED)
    return load_knowledge([str(path)])


def test_pass_registration_is_told_with_its_registry_and_date(seed: Any, registered: Any, settings: Any) -> None:
    (found,) = registry.evidence(seed("145.100.3.4"), registered, settings)
    assert (found.source, found.kind, found.country) == ("geoip:delegated-ripencc-latest", "registry", None)
    assert found.detail == "registered in RU with ripencc, which is no place"
    assert found.date == "2025-06-14"
    assert len(registry.evidence(seed("2001:db8::9"), registered, settings)) == 1


def test_fail_registration_abroad_moves_no_address(
    seed: Any, registered: Any, knowledge: Any, settings: Any
) -> None:
    (with_it,) = locate((seed("145.100.3.4"),), registered, settings)
    (without,) = locate((seed("145.100.3.4"),), knowledge, settings)
    assert (with_it.location.country, with_it.location.why, with_it.zone) == (
        without.location.country,
        without.location.why,
        without.zone,
    )
    assert with_it.access_laws == without.access_laws


def test_inconclusive_address_that_is_free_is_silent(seed: Any, registered: Any, settings: Any) -> None:
    assert registry.evidence(seed("203.0.113.5"), registered, settings) == ()
    assert registry.evidence(seed("rubbish"), registered, settings) == ()
