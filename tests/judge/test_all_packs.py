"""All six packs over the shared captures: no rule raises, and each has one outcome."""

from pathlib import Path

import pytest

from iotaudit.model.findings import OutcomeKind
from iotaudit.packs.rules import list_packs, load_packs
from iotaudit.pipeline import audit

CAPTURES = Path(__file__).resolve().parents[2] / "../shared/captures"
FILES = sorted(
    path for path in CAPTURES.glob("*/*") if path.suffix in (".pcap", ".pcapng", ".gz", ".flow", ".har")
)
SAMPLE = FILES[:: max(1, len(FILES) // 40)]
"""Some forty of them, so that the test stays short."""
RULES = sorted((pack.id, rule.id) for pack in load_packs(list_packs()) for rule in pack.rules)


@pytest.mark.skipif(not FILES, reason="the shared captures are not there")
@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.name)
def test_every_rule_of_every_pack_has_one_outcome(path: Path) -> None:
    found = audit(path, rules=list_packs(), as_of="2026-11-24")
    assert [(o.pack, o.rule) for o in found.outcomes] == RULES
    failed = {o.rule for o in found.outcomes if o.outcome is OutcomeKind.FAIL_INDICATOR}
    assert {f.rule for f in found.finding_rows} == failed
    assert all("{" not in f.evidence for f in found.finding_rows)
