"""`iotaudit rules`: the rule packs."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Rule packs: list, show, lint, test.", no_args_is_help=True, rich_markup_mode=None
)
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME|PATH]...", help="Packs; all shipped ones if none."),
]


@app.command("list")
def list_rules(names: Names = None) -> None:
    """List the packs and their rules with severity and title."""
    from iotaudit.packs.rules import list_packs, load_packs

    for pack in load_packs(tuple(names or list_packs())):
        typer.echo(f"{pack.id}: {pack.title}")
        for rule in pack.rules:
            typer.echo(f"  {rule.id}  {rule.severity.name.lower():8}  {rule.title}")


@app.command()
def show(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, such as gt-001.")],
) -> None:
    """Show one rule: what it asks for, on which ground, and what it does not prove."""
    from difflib import get_close_matches

    from iotaudit.errors import UsageError
    from iotaudit.packs.rules import list_packs, load_packs

    packs = load_packs(tuple(list_packs()))
    found = {r.id: (p, r) for p in packs for r in p.rules}
    if rule.lower() not in found:
        near = get_close_matches(rule.lower(), found, 1)
        raise UsageError(f"no rule {rule}" + (f"; did you mean {near[0]}?" if near else ""))
    pack, one = found[rule.lower()]
    rows = (
        ("rule", f"{one.id} ({pack.title})"),
        ("title", one.title),
        ("severity", one.severity.name.lower()),
        ("dimension", one.dimension.value),
        ("ground", one.legal),
        ("needs", ", ".join(one.needs)),
        ("message", one.message),
        ("ask", one.question),
        ("remedy", one.remediation),
        ("no proof of", one.not_proof),
    )
    for head, text in rows:
        typer.echo(f"{head:12} {text}")


@app.command()
def lint(names: Names = None) -> None:
    """Check packs or rule files and their test cases; every mistake is told with its line and column."""
    from iotaudit.errors import PackError, Place
    from iotaudit.packs.cases import load_cases
    from iotaudit.packs.rules import find_pack, list_packs, load_packs

    wanted = tuple(names or list_packs())
    mistakes: list[tuple[Place, str]] = []
    rules = cases = 0
    for name in wanted:
        try:
            rules += sum(len(p.rules) for p in load_packs((name,)))
            cases += len(load_cases(find_pack(name)))
        except PackError as error:
            mistakes += error.mistakes
    for place, text in dict.fromkeys(mistakes):
        typer.echo(f"{place}: {text}")
    if mistakes:
        raise typer.Exit(PackError.exit_code)
    typer.echo(f"{rules} rules and {cases} test cases in {len(wanted)} packs or files: no mistakes")


@app.command("test")
def run_cases(names: Names = None) -> None:
    """Run the test cases that rules carry; exit code 1 where one gives another outcome than it expects."""
    from iotaudit.judge import try_rule
    from iotaudit.packs.cases import load_cases
    from iotaudit.packs.rules import find_pack, list_packs, load_packs

    wanted = tuple(names or list_packs())
    rules = {(p.path, r.id): r for p in load_packs(wanted) for r in p.rules}
    failed = ran = 0
    for path in dict.fromkeys(find_pack(name) for name in wanted):
        for case in load_cases(path):
            rule = rules[str(path), case.rule]
            outcome, _ = try_rule(
                rule, case.facts, case.settings, profile=case.profile, assumed=case.assumed, granted=case.granted
            )
            ran += 1
            if outcome.outcome is not case.expect:
                failed += 1
                told = f"expected {case.expect.value}, got {outcome.outcome.value} ({outcome.decided_by})"
                typer.echo(f"{case.rule}: {case.name}: {told}")
    typer.echo(f"{len(rules)} rules, {ran} cases, {failed} failed")
    if failed:
        raise typer.Exit(1)
