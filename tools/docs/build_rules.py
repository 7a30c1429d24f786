"""Writes docs/rules/: a page for each shipped rule, and the vocabulary that rules are written in.

Run as `python tools/docs/build_rules.py`; a test compares the pages with what this makes.
"""

from pathlib import Path

from iotaudit.model.conditions import All, Any, Condition, Not, Operator, Test
from iotaudit.model.findings import Pack, Rule
from iotaudit.model.vocabulary import (
    FACTS,
    KNOWLEDGE,
    MESSAGE_WORDS,
    NEEDS,
    NOT_TESTABLE_NEEDS,
    SCOPE_TEXTS,
    SCOPES,
    STEPS,
)
from iotaudit.packs.rules import list_packs, load_packs

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "rules"
OPERATORS: dict[Operator, str] = {
    Operator.IS: "equals the value; a value after the fact's name alone means the same",
    Operator.IN: "equals one of a list; a list after the fact's name alone means the same",
    Operator.ABOVE: "is greater than the number",
    Operator.AT_LEAST: "is greater or equal",
    Operator.BELOW: "is less",
    Operator.AT_MOST: "is less or equal",
    Operator.MATCHES: "fits a text (or one of a list) in which `*` stands for anything",
    Operator.PRESENT: "`true`: there is a value; `false`: there is none",
}

CASE_KEYS: dict[str, str] = {
    "name": "what the case shows, in a few words",
    "expect": "the outcome that the rule must give",
    "destinations": "list of `id, name, domain, ip, zone, country, status, says, anycast, party, adequacy, operator, laws, sent`",
    "flows": (
        "list of `destination, state, sent, received, application, protocol, port, direction, first_s, last_s, packets, get, method,"
        " status, mqtt_user, version, cipher, weak, pinned, tags`; `served: true`: the other side speaks with a service of the device;"
        " `times: N`: so many side by side, to one port after the other, or with `hosts: true` to one host after the other;"
        " `second: true, second_sends: true`: a second device's. Without `flows`, one readable flow to each destination"
    ),
    "exposures": (
        "list of `data_type, destination, confidence, channel, value, where, packets, count, flows`; class and sensitivity come"
        " from the vocabulary of data types"
    ),
    "announced": "services that the device announces by multicast DNS, such as `_http._tcp`",
    "resolvers": "list of `ip, zone, configured`",
    "countries": "list of `country, zone, decision, scope_test, scope, expires, note`",
    "steps": "steps that were marked",
    "marks": "list of `step, at_s, packet`: marks with their times",
    "answers": "list of `question, answer, at_s`: what the technician noted",
    "observations": "list of `kind, target, result, evidence`: results of active tests",
    "profile": "`data_types, min_duration_s, steps, max_services, max_multicast_per_s` of a profile",
    "duration_s": "how long was looked",
    "losses": "`true`: some payload was not read",
    "stale": "names of knowledge past its review date",
    "test_country": "country where the capture was taken",
    "site_position": "`true`: a lab position was given",
    "declaration": "`true`: a declaration was given that says nothing",
    "declared": "a declaration: lists of `countries, hosts, operators, data_types, update_hosts, remote_access, ports`, and `bytes_per_day`",
    "proxy_run": "`true`: a proxy's log was given",
    "as_of": "the day by which laws and decisions are judged",
    "assume": "facts set outright, for those that no stage gives yet",
    "granted": "needs that count as met",
}


def pages() -> dict[str, str]:
    """Gives file names with their texts."""
    packs = load_packs(list_packs())
    found = {f"{rule.id}.md": _page(rule, pack) for pack in packs for rule in pack.rules}
    return found | {"vocabulary.md": _vocabulary(), "README.md": _index(packs)}


def in_words(condition: Condition, depth: int = 0) -> list[str]:
    """Gives a condition as nested list items."""
    pad = "  " * depth + "- "
    match condition:
        case Test(fact, operator, operands):
            texts = ", ".join(f"`{str(o).lower() if isinstance(o, bool) else o}`" for o in operands)
            word = {Operator.IS: "is", Operator.IN: "is one of"}.get(
                operator, operator.value.replace("_", " ")
            )
            return [f"{pad}`{fact}` {word} {texts}"]
        case All(parts) | Any(parts):
            head = "all of" if isinstance(condition, All) else "any of"
            return [f"{pad}{head}", *(line for part in parts for line in in_words(part, depth + 1))]
        case Not(part):
            return [f"{pad}not", *in_words(part, depth + 1)]


def _page(rule: Rule, pack: Pack) -> str:
    lines = [
        f"# {rule.id}: {rule.title}",
        "",
        f"Pack [{pack.id}](README.md) · severity {rule.severity.name.lower()} · dimension {rule.dimension.value}",
        "",
        f"Ground: {rule.legal}",
        "",
        f"Looks at {SCOPE_TEXTS[rule.scope]}.",
        "",
        "## Observed where",
        "",
        *in_words(rule.when),
        "",
        "## What the finding says",
        "",
        f"> {rule.message}",
        "",
        f"Question to the vendor: {rule.question}",
        "",
        f"Remedy: {rule.remediation}",
        "",
        f"Does not prove: {rule.not_proof}",
        "",
        "## Needs before absence counts",
        "",
        *(f"- `{need}`" for need in rule.needs),
        "",
    ]
    if rule.knowledge_missing:
        lines += [f"Not decided at present: {rule.knowledge_missing}.", ""]
    lines += [f"Caveat of the pack: {pack.caveat}", ""]
    return "\n".join(lines)


def _index(packs: tuple[Pack, ...]) -> str:
    lines = [
        "# Rules",
        "",
        (
            "A rule names an indicator that opens a question; none decides whether anybody acted lawfully."
            " The words of conditions stand in [vocabulary.md](vocabulary.md)."
        ),
        "",
    ]
    for pack in packs:
        lines += [
            f"## {pack.id}: {pack.title}",
            "",
            f"Basis: {pack.basis}",
            "",
            f"Caveat: {pack.caveat}",
            "",
        ]
        lines += ["| rule | severity | title |", "| --- | --- | --- |"]
        lines += [
            f"| [{r.id}]({r.id}.md) | {r.severity.name.lower()} | {r.title} |" for r in pack.rules
        ]
        lines += [""]
    return "\n".join(lines)


def _vocabulary() -> str:
    lines = [
        "# The vocabulary of rules",
        "",
        (
            "A condition (`when`) is a mapping of facts to what they must be; all must hold. `all` and `any` take a list"
            " of such mappings, `not` takes one. There is no other code in a rule."
        ),
        "",
        (
            "Every test gives true, false or unknown. A fact that nobody knows, or that sources dispute, makes its test"
            " unknown, `not` leaves that as it is, and the rule is then inconclusive unless something else decides."
            " Only a test that names `unknown` itself is true of an unknown fact."
        ),
        "",
        "## Operators",
        "",
        "| operator | true where the fact |",
        "| --- | --- |",
        *(f"| `{operator.value}` | {text} |" for operator, text in OPERATORS.items()),
        "",
        "A list fits where one of its items does.",
        "",
        "## Scopes",
        "",
        "| scope | looks at | facts |",
        "| --- | --- | --- |",
        *(
            f"| `{scope}` | {SCOPE_TEXTS[scope]} | {', '.join(f'`{g}.*`' for g in groups)} |"
            for scope, groups in SCOPES.items()
        ),
        "",
        "## Facts",
        "",
        "| fact | type | is | words |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{f.id}` | {f.type.value} | {f.about} | {', '.join(f'`{c}`' for c in f.choices)} |"
            for f in FACTS
        ),
        "",
        "## Needs",
        "",
        (
            "What must be there before absence counts as `no_indicator`. A condition that is observed is a"
            " `fail_indicator` even where a need is missing."
        ),
        "",
        "| need | is | missing |",
        "| --- | --- | --- |",
        *(
            f"| `{need}` | {text} | {'not testable' if need in NOT_TESTABLE_NEEDS else 'inconclusive'} |"
            for need, text in NEEDS.items()
        ),
        "| `scenario:STEP` | that step was marked | not testable |",
        "| `duration:N` | a capture of at least N (`90s`, `30min`, `12h`, `7d`) | inconclusive |",
        "| `knowledge:NAME` | that knowledge is on file and within its review date | inconclusive |",
        "",
        f"Steps: {', '.join(f'`{step}`' for step in STEPS)}.",
        "",
        (
            f"Knowledge: {', '.join(f'`{name}`' for name in KNOWLEDGE)}. Not on file at present:"
            f" {', '.join(f'`{name}`' for name, files in KNOWLEDGE.items() if not files)}; a rule that needs it decides"
            " nothing."
        ),
        "",
        "A rule in the scope `exposure` or `value` needs `readable_payload` whether it says so or not.",
        "",
        "## Test cases",
        "",
        (
            "Each rule carries `cases`, at least one for each of `fail_indicator`, `no_indicator` and `inconclusive`;"
            " `iotaudit rules test` runs them. A case states small facts, and what it leaves out is plain: one device,"
            " destinations in the EU that got 1000 readable bytes each, no losses, an hour."
        ),
        "",
        "| key of a case | is |",
        "| --- | --- |",
        *(f"| `{key}` | {text} |" for key, text in CASE_KEYS.items()),
        "",
        "## Words of messages",
        "",
        "| word | stands for |",
        "| --- | --- |",
        *(f"| `{{{word}}}` | {text} |" for word, text in MESSAGE_WORDS.items()),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Writes the pages and removes those of rules that are gone."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in FOLDER.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
