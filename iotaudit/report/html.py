"""The report as one self-contained HTML page: no network, no style or script but its own, every string escaped.

Its content security policy names the SHA-256 of its one style sheet and its one script, so that nothing that a
capture brings along could run even if it got through the escaping.
Source: Content Security Policy Level 3, https://www.w3.org/TR/CSP3/
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from iotaudit.report import RenderOptions, page
from iotaudit.report.escape import html
from iotaudit.report.explain import Node

TEMPLATES = ("report.html", "parts.html", "explain.html")


def render(document: Mapping[str, Any], options: RenderOptions) -> str:
    """Gives the page; the same document gives the same text."""
    style, script = _text("report.css"), _text("report.js")
    policy = _policy(f"style-src '{_digest(style)}'", f"script-src '{_digest(script)}'")
    template = _environment().get_template("report.html")
    return template.render(
        page.view(document, options.max_rows),
        policy=policy,
        style=Markup(style),  # noqa: S704 - files of ours
        script=Markup(script),  # noqa: S704 - files of ours
    )


def render_tree(title: str, roots: Sequence[Node], foot: str) -> str:
    """Gives a page that shows trees, with a policy under which no script runs at all."""
    style = _text("report.css")
    template = _environment().get_template("explain.html")
    return template.render(
        title=title,
        roots=roots,
        foot=foot,
        policy=_policy(f"style-src '{_digest(style)}'"),
        style=Markup(style),  # noqa: S704 - a file of ours
    )


def _policy(*sources: str) -> str:
    return "; ".join(("default-src 'none'", "img-src data:", *sources, "base-uri 'none'", "form-action 'none'"))


@cache
def _environment() -> Environment:
    """Gives the environment; `finalize` makes what acts visible in every expression before autoescape escapes it."""
    return Environment(
        loader=DictLoader({name: _text(name) for name in TEMPLATES}),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=html,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _text(name: str) -> str:
    return (files("iotaudit.report") / "templates" / name).read_text("utf-8").strip()


def _digest(text: str) -> str:
    """Gives the source expression of an inline block: the hash of exactly what stands between its tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode(
        "ascii"
    )
