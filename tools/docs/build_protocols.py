"""Writes docs/protocols/README.md: a row for each protocol that is read, from the code and its page.

Run as `python tools/docs/build_protocols.py`; a test compares the page with what this makes. Transports and ports
are those of the dissector, what is read is the beginning of its docstring, encryption the line of its page, else
its code.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path

from iotaudit import dissect
from iotaudit.dissect import DISSECTORS
from iotaudit.dissect.session import ICMPV6, TCP, UDP, Dissector
from iotaudit.model.flows import EncryptionState

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "protocols"
TRANSPORTS = {TCP: "TCP", UDP: "UDP", ICMPV6: "ICMPv6"}
PORTS_SHOWN = 6
STATES = re.compile(r"`(encrypted|plaintext|opaque|none)`")


def page() -> str:
    """Gives the text of the page."""
    lines = [
        "# Protocols",
        "",
        (
            f"{len(DISSECTORS)} protocols are read. Which one a flow speaks is told by its bytes; ports only help where"
            " bytes do not settle it. What fits none is told by its [shape](unknown.md) and never called encrypted."
        ),
        "",
        "| protocol | over | ports that help | what is read | encryption may be | tried by |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(module) for module in sorted(DISSECTORS, key=lambda module: module.ID)),
        "",
        "Made by `python tools/docs/build_protocols.py` from the dissectors and their pages.",
        "",
    ]
    return "\n".join(lines)


def _row(module: Dissector) -> str:
    name = module.ID.replace("-", "_")
    text = (FOLDER / f"{module.ID}.md").read_text("utf-8")
    test = f"tests/dissect/test_{name}.py"
    cells = (
        f"[{module.ID}]({module.ID}.md)",
        ", ".join(TRANSPORTS.get(number, str(number)) for number in sorted(module.TRANSPORT)),
        _ports(module.PORTS),
        _read(module),
        _states(text) or _states_of_code(module),
        f"[test_{name}.py](../../{test})",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ports(ports: frozenset[int]) -> str:
    shown = [str(port) for port in sorted(ports)[:PORTS_SHOWN]]
    return ", ".join([*shown, *(["…"] if len(ports) > PORTS_SHOWN else [])]) or "none"


def _read(module: object) -> str:
    """Gives the first paragraph of the docstring without its final dot."""
    first, _, _ = (inspect.getdoc(module) or "").partition("\n\n")
    return " ".join(first.split()).removesuffix(".")


def _states(text: str) -> str:
    """Gives the states that the page's line on encryption names, in their order."""
    _, _, line = text.partition("**Encryption**")
    line = re.split(r"\n(?=- |\n|#|\*\*)", line)[0]
    return ", ".join(dict.fromkeys(STATES.findall(line)))


def _states_of_code(module: Dissector) -> str:
    """Gives the states that a dissector's code names; the session that datagrams share reads them in the clear."""
    source = inspect.getsource(import_module(f"{dissect.__name__}.{module.ID.replace('-', '_')}"))
    found = [state.value for state in EncryptionState if f"EncryptionState.{state.name}" in source]
    return ", ".join(found) or ("plaintext" if "dissect.datagrams import" in source else "see its page")


def main() -> None:
    """Writes the page."""
    (FOLDER / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
