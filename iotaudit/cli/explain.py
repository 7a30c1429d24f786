"""`iotaudit explain`: the chain of evidence of one destination, as a tree."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.tree import Tree

    from iotaudit.report.explain import Node


def explain(
    destination: Annotated[
        str, typer.Argument(metavar="DESTINATION", help="Its id, name, address or registrable domain.")
    ],
    audit_json: Annotated[str, typer.Argument(metavar="AUDIT_JSON", help="A saved audit; - is standard input.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tree as an HTML page instead of printing it.")
    ] = None,
) -> None:
    """Explain one destination: how it is known, where it is, who runs it, whose law reaches it, and by what evidence."""
    from iotaudit.cli.report import read_audit
    from iotaudit.report import explain as chains

    document = read_audit(audit_json)
    roots = [chains.explain(document, row) for row in chains.find(document, destination)]
    if html is not None:
        from iotaudit.report.html import render_tree

        html.write_text(render_tree(destination, roots, chains.foot(document)), encoding="utf-8")
        return
    from iotaudit.cli.output import console

    out = console()
    for root in roots:
        out.print(_tree(root, out.encoding))


def _tree(node: "Node", encoding: str) -> "Tree":
    """Gives a node as a tree of harmless texts."""
    from rich.text import Text
    from rich.tree import Tree

    from iotaudit.report.escape import terminal
    from iotaudit.report.terminal import MAX_LEN

    def told(one: "Node") -> Text:
        text = Text(terminal(one.head, encoding), style="bold")
        said = terminal(one.text if len(one.text) <= MAX_LEN else f"{one.text[:MAX_LEN]}[cut]", encoding)
        text.append(": " if one.head and said else "", style="not bold")
        text.append(said, style="not bold")
        if one.cited:
            text.append(f"  [packet {terminal(one.cited, encoding)}]", style="not bold dim")
        return text

    def grow(branch: Tree, one: "Node") -> Tree:
        for below in one.below:
            grow(branch.add(told(below)), below)
        return branch

    return grow(Tree(told(node), highlight=False), node)
