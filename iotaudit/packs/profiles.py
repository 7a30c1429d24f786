"""Loads profiles: what is expected of a kind of device, and what a test of it must cover.

With `extends`, a key of the profile replaces that of the one it extends; `severity` and `coverage` are merged key by
key. Names are looked up among the shipped profiles, then as paths (inside a profile relative to its file).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from iotaudit.errors import InputError, Place, UsageError
from iotaudit.model.findings import Profile, Severity
from iotaudit.model.vocabulary import STEPS
from iotaudit.packs.fields import Fields, one_of, suggestion, text_of
from iotaudit.packs.rules import ID, PACK_FILE, SEVERITIES
from iotaudit.packs.shipped import shipped
from iotaudit.packs.terms import data_types, shipped_packs, shipped_profiles, shipped_rules
from iotaudit.packs.yaml import Mistakes, load

MAX_EXTENDS = 8
DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NOTHING = Profile("", "", "", (), (), (), (), (), 0.0, (), ())


def list_profiles() -> tuple[str, ...]:
    """Gives the names of the shipped profiles, sorted."""
    return shipped_profiles()


def load_profile(name: str) -> Profile:
    """Gives a profile with all that it extends.

    Raises:
        UsageError: there is no such profile or file.
        PackError: the files have mistakes (all of them).
    """
    mistakes = Mistakes()
    path = _find(name, Path())
    if path is None:
        known = ", ".join(shipped_profiles()) or "none"
        raise UsageError(
            f"no profile or file {name}{suggestion(name, shipped_profiles())} (profiles: {known})"
        )
    profile = _load(path, (), mistakes)
    mistakes.raise_any()
    return profile


def _find(name: str, folder: Path) -> Path | None:
    if name in shipped_profiles():
        return shipped("profiles") / f"{name}.yaml"
    path = folder / name
    return path if path.is_file() else None


def _load(path: Path, trail: tuple[Path, ...], mistakes: Mistakes) -> Profile:
    try:
        node = load(path)
    except InputError as error:
        raise UsageError(str(error)) from None
    fields = Fields(node, "the profile", mistakes, Place(str(path)))
    below = _extended(fields, path, (*trail, path.resolve()), mistakes)
    ident = fields.text("id", required=True)
    if ident and not ID.fullmatch(ident):
        mistakes.add(fields.place, "an id has small letters, digits and hyphens")
    duration, steps = _coverage(fields, below)
    packs = _packs(fields, path.parent, mistakes)
    profile = replace(
        below,
        id=ident,
        title=fields.text("title", required=True),
        device_kind=fields.text("device_kind", default=below.device_kind),
        sensors=fields.texts("sensors") or below.sensors,
        data_types=fields.texts("data_types", data_types()) or below.data_types,
        destinations=_domains(fields, "destinations", mistakes) or below.destinations,
        packs=packs or below.packs,
        severity=_severity(fields, below, packs or below.packs, mistakes),
        min_duration_s=duration,
        steps=steps,
        claims=_claims(fields, mistakes) or below.claims,
        payload_threshold=int(fields.number("payload_threshold", below.payload_threshold)),
        max_services=_whole(_limit(fields, "max_services", below.max_services)),
        max_multicast_per_s=_limit(fields, "max_multicast_per_s", below.max_multicast_per_s),
        first_party=_domains(fields, "first_party", mistakes) or below.first_party,
    )
    fields.close()
    return profile


def _limit(fields: Fields, key: str, below: float | None) -> float | None:
    """Gives a limit, None where neither the profile nor one below sets it."""
    value = fields.number(key, -1 if below is None else below)
    return None if value < 0 else float(value)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _extended(fields: Fields, path: Path, trail: tuple[Path, ...], mistakes: Mistakes) -> Profile:
    node = fields.node("extends")
    if node is None:
        return NOTHING
    name = text_of(node)
    found = _find(name, path.parent) if name else None
    if found is None:
        mistakes.add(
            node.place, f"extends names no profile{suggestion(name or '', shipped_profiles())}"
        )
        return NOTHING
    if found.resolve() in trail or len(trail) >= MAX_EXTENDS:
        mistakes.add(node.place, "extends leads back to the profile itself, or too far")
        return NOTHING
    return _load(found, trail, mistakes)


def _coverage(fields: Fields, below: Profile) -> tuple[float, tuple[str, ...]]:
    inner = fields.inner("coverage")
    if inner is None:
        return below.min_duration_s, below.steps
    duration = float(inner.number("min_duration_s", below.min_duration_s))
    steps = inner.texts("steps", STEPS) or below.steps
    inner.close()
    return duration, steps


def _packs(fields: Fields, folder: Path, mistakes: Mistakes) -> tuple[str, ...]:
    found = []
    for node in fields.nodes("packs"):
        name = text_of(node) or ""
        path = folder / name
        if name in shipped_packs():
            found.append(name)
        elif name and (path.is_file() or (path / PACK_FILE).is_file()):
            found.append(str(path))
        else:
            mistakes.add(node.place, f"no such pack{suggestion(name, shipped_packs())}")
    return tuple(found)


def _severity(
    fields: Fields, below: Profile, packs: tuple[str, ...], mistakes: Mistakes
) -> tuple[tuple[str, Severity], ...]:
    inner = fields.inner("severity")
    merged: dict[str, Severity] = dict(below.severity)
    known = shipped_rules()
    own = any(pack not in shipped_packs() for pack in packs)
    for key, node in inner.rest() if inner else ():
        word = one_of(node, "a severity", SEVERITIES, mistakes)
        if key.text not in known and not (own and ID.fullmatch(key.text)):
            mistakes.add(key.place, f"no rule of this id{suggestion(key.text, known)}")
        elif word:
            merged[key.text] = Severity[word.upper()]
    return tuple(sorted(merged.items()))


def _domains(fields: Fields, key: str, mistakes: Mistakes) -> tuple[str, ...]:
    found = []
    for node in fields.nodes(key):
        text = (text_of(node) or "").lower().rstrip(".")
        if DOMAIN.fullmatch(text.removeprefix("*.")):
            found.append(text)
        else:
            mistakes.add(node.place, f"{key} lists domain names such as vendor.example")
    return tuple(found)


def _claims(fields: Fields, mistakes: Mistakes) -> tuple[tuple[str, str, str], ...]:
    found = []
    for row in fields.rows("claims"):
        text, source, date = (row.text(k, required=True) for k in ("text", "source", "date"))
        if date and not DATE.fullmatch(date):
            mistakes.add(row.place, "the date of a claim has the form 2026-11-24")
        row.close()
        found.append((text, source, date))
    return tuple(found)


def as_row(profile: Profile) -> Mapping[str, object]:
    """Gives a profile as the keys of its file (for `profiles show`)."""
    return {
        "id": profile.id,
        "title": profile.title,
        "device_kind": profile.device_kind,
        "sensors": profile.sensors,
        "data_types": profile.data_types,
        "destinations": profile.destinations,
        "first_party": profile.first_party,
        "packs": profile.packs,
        "severity": tuple(
            f"{rule}: {severity.name.lower()}" for rule, severity in profile.severity
        ),
        "min_duration_s": f"{profile.min_duration_s:g}",
        "steps": profile.steps,
        "payload_threshold": str(profile.payload_threshold),
        "max_services": "" if profile.max_services is None else str(profile.max_services),
        "max_multicast_per_s": "" if profile.max_multicast_per_s is None else f"{profile.max_multicast_per_s:g}",
        "claims": tuple(f"{text} ({source}, {date})" for text, source, date in profile.claims),
    }
