"""Loads rule packs: a shipped name, a folder with `pack.yaml`, or a single rule file.

All mistakes of all files are collected and raised at once, each with its line and column.
"""

import re
from pathlib import Path

from iotaudit.errors import InputError, Place, UsageError
from iotaudit.model.findings import Dimension, Pack, Rule, Severity
from iotaudit.model.vocabulary import DURATION_NEED, KNOWLEDGE, MESSAGE_WORDS, NEEDS, SCOPES, STEPS
from iotaudit.packs.conditions import NOTHING, parse_condition
from iotaudit.packs.fields import Fields, suggestion, text_of
from iotaudit.packs.shipped import shipped
from iotaudit.packs.terms import shipped_packs
from iotaudit.packs.yaml import Mistakes, Scalar, load

PACK_FILE = "pack.yaml"
ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
WORD = re.compile(r"\{([^{}]*)\}")
OWN = "own-rules"
"""Pack of a rule file that stands in no pack's folder."""
SEVERITIES = tuple(s.name.lower() for s in Severity)
DIMENSIONS = tuple(d.value for d in Dimension)


def list_packs() -> tuple[str, ...]:
    """Gives the names of the shipped packs, sorted."""
    return shipped_packs()


def load_packs(names: tuple[str, ...]) -> tuple[Pack, ...]:
    """Gives the packs in the order of their names; one that is named twice is loaded once.

    Raises:
        UsageError: there is no such pack, folder or file.
        PackError: their files have mistakes (all of them).
    """
    mistakes = Mistakes()
    packs: dict[Path, Pack] = {}
    for name in names:
        path = find_pack(name)
        if path not in packs:
            packs[path] = _load(path, mistakes)
    _check_ids(tuple(packs.values()), mistakes)
    mistakes.raise_any()
    return tuple(packs.values())


def find_pack(name: str) -> Path:
    """Gives the folder of a pack, or the rule file, that a name or path stands for.

    Raises:
        UsageError: there is none.
    """
    if name in shipped_packs():
        return shipped("rules") / name
    path = Path(name)
    if path.is_dir():
        if not (path / PACK_FILE).is_file():
            raise UsageError(f"{name}: the folder has no {PACK_FILE}")
        return path
    if path.is_file():
        return path.parent if path.name == PACK_FILE else path
    known = ", ".join(shipped_packs())
    raise UsageError(
        f"no rule pack or file {name}{suggestion(name, shipped_packs())} (packs: {known})"
    )


def rule_files(path: Path) -> tuple[Path, ...]:
    """Gives the rule files that a pack's folder (or a rule file) holds, sorted."""
    if path.is_file():
        return (path,)
    return tuple(sorted(f for f in path.glob("*.yaml") if f.name != PACK_FILE))


def _load(path: Path, mistakes: Mistakes) -> Pack:
    if path.is_dir():
        return _load_folder(path, mistakes)
    beside = path.parent / PACK_FILE
    if beside.is_file():
        whole = _load_head(path.parent, mistakes)[0]
        rule = _load_rule(path, whole.id, mistakes)
        return Pack(whole.id, whole.title, whole.basis, whole.caveat, (rule,), str(path))
    rule = _load_rule(path, OWN, mistakes)
    return Pack(OWN, "Rules of your own", "", "", (rule,), str(path))


def _load_folder(folder: Path, mistakes: Mistakes) -> Pack:
    head, order, places = _load_head(folder, mistakes)
    files = {file.stem: file for file in rule_files(folder)}
    for rule, place in zip(order, places, strict=True):
        if rule not in files:
            mistakes.add(place, f"no file {rule}.yaml in the folder{suggestion(rule, files)}")
    for name, file in files.items():
        if name not in order:
            mistakes.add(Place(str(file)), f"not listed under rules in {PACK_FILE}")
    rules = tuple(_load_rule(files[rule], head.id, mistakes) for rule in order if rule in files)
    return Pack(head.id, head.title, head.basis, head.caveat, rules, head.path)


def _load_head(folder: Path, mistakes: Mistakes) -> tuple[Pack, tuple[str, ...], tuple[Place, ...]]:
    path = folder / PACK_FILE
    fields = _open(path, "the pack", mistakes)
    ident = _id(fields, mistakes)
    title = fields.text("title", required=True)
    basis = fields.text("basis", required=True)
    caveat = fields.text("caveat", required=True)
    order: list[str] = []
    places: list[Place] = []
    for node in fields.nodes("rules", required=True):
        text = text_of(node)
        if text is None or not ID.fullmatch(text):
            mistakes.add(node.place, "rules lists ids in small letters such as gt-001")
        elif text in order:
            mistakes.add(node.place, "this rule is listed twice")
        else:
            order.append(text)
            places.append(node.place)
    fields.close()
    return Pack(ident, title, basis, caveat, (), str(folder)), tuple(order), tuple(places)


def _open(path: Path, what: str, mistakes: Mistakes) -> Fields:
    try:
        node = load(path)
    except InputError as error:
        raise UsageError(str(error)) from None
    return Fields(node, what, mistakes, Place(str(path)))


def _id(fields: Fields, mistakes: Mistakes) -> str:
    node = fields.node("id", required=True)
    text = text_of(node) if node else None
    if node and (text is None or not ID.fullmatch(text)):
        mistakes.add(node.place, "an id has small letters, digits and hyphens")
    return text or ""


def _load_rule(path: Path, pack: str, mistakes: Mistakes) -> Rule:
    fields = _open(path, "the rule", mistakes)
    ident = _id(fields, mistakes)
    if ident and ident != path.stem:
        mistakes.add(fields.place, "the id must be the file's name")
    scope = fields.choice("scope", SCOPES, required=True)
    when = fields.node("when", required=True)
    rule = Rule(
        id=ident,
        pack=pack,
        title=fields.text("title", required=True),
        severity=Severity[
            fields.choice("severity", SEVERITIES, required=True, default="info").upper()
        ],
        dimension=Dimension(
            fields.choice("dimension", DIMENSIONS, required=True, default=Dimension.SECURITY.value)
        ),
        legal=fields.text("legal", required=True),
        scope=scope,
        when=parse_condition(when, scope, mistakes) if when else NOTHING,
        message=_message(fields, mistakes),
        question=fields.text("question", required=True),
        remediation=fields.text("remediation", required=True),
        needs=_needs(fields, mistakes),
        not_proof=fields.text("not_proof", required=True),
        knowledge_missing=fields.text("knowledge_missing"),
    )
    fields.nodes("cases")
    fields.close()
    return rule


def _message(fields: Fields, mistakes: Mistakes) -> str:
    node = fields.node("message", required=True)
    text = text_of(node) if node else None
    if node is None or text is None:
        return ""
    for word in WORD.findall(text):
        if word not in MESSAGE_WORDS:
            mistakes.add(
                node.place,
                f"the message has a word in braces that is not known{suggestion(word, MESSAGE_WORDS)}",
            )
    return text.strip()


def _needs(fields: Fields, mistakes: Mistakes) -> tuple[str, ...]:
    found = []
    known = (*NEEDS, *(f"scenario:{s}" for s in STEPS), *(f"knowledge:{k}" for k in KNOWLEDGE))
    for node in fields.nodes("needs", required=True):
        text = text_of(node)
        if text is not None and (text in known or DURATION_NEED.fullmatch(text)):
            found.append(text)
        elif isinstance(node, Scalar) and text is not None:
            mistakes.add(node.place, f"no such need{suggestion(text, known)}")
        else:
            mistakes.add(node.place, "needs lists texts")
    return tuple(found)


def _check_ids(packs: tuple[Pack, ...], mistakes: Mistakes) -> None:
    seen: dict[tuple[str, str], str] = {}
    for pack in packs:
        for rule in pack.rules:
            key = pack.id, rule.id
            if key in seen:
                mistakes.add(
                    Place(pack.path), f"rule {rule.id} comes from {seen[key]} too; name one of them"
                )
            seen[key] = pack.path
