"""E-mail addresses. Source: RFC 5321 section 4.1.2; HTML standard, valid e-mail address."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from iotaudit.detect.addresses_of_record import ADDRESS, is_account
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import seen
from iotaudit.model.exposures import Confidence

ID = "person.email"
WANTS = Wants(shapes=frozenset({"email"}))
reasoning = (
    "The syntax of an address with a domain below a public suffix; addresses of roles (support, info), of SIP and "
    "XMPP accounts, and files such as `a@2x.png` are not."
)
MOST = 256
ROLES = frozenset(
    [
        "support",
        "info",
        "noreply",
        "no-reply",
        "donotreply",
        "admin",
        "root",
        "postmaster",
        "service",
        "contact",
        "git",
        "abuse",
        "sales",
        "help",
        "helpdesk",
        "hello",
        "office",
        "privacy",
        "security",
        "webmaster",
        "hostmaster",
        "mailer-daemon",
        "marketing",
        "feedback",
        "legal",
        "press",
        "jobs",
        "customerservice",
        "customer.service",
        "notifications",
        "alerts",
    ]
)
NO_DOMAINS = frozenset(
    [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "js",
        "css",
        "html",
        "json",
        "local",
        "lan",
        "internal",
        "invalid",
        "localhost",
        "onion",
        "arpa",
    ]
)
RESERVED = frozenset({"example", "test"})
"""Ends of names for documents and laboratories (RFC 2606): no list of suffixes has them."""
_USER_INFO = re.compile(r"://[^\s/\"'<>]*$")


def find(node: Node, known: Known) -> Iterator[Hit]:
    """Gives addresses of persons."""
    if node.kind is not Kind.TEXT:
        return
    for number, match in enumerate(ADDRESS.finditer(node.text)):
        if number >= MOST:
            return
        role = match[1].casefold() in ROLES and not known.has(ID, match[0])
        if role or match[3].casefold() in NO_DOMAINS or ".." in match[1] or is_account(node, match):
            continue
        if _USER_INFO.search(node.text[max(0, match.start() - 64) : match.start()]):
            continue
        if match[3].casefold() not in RESERVED and not has_owner(match[2].casefold()):
            continue
        yield seen(ID, match[0], Confidence.DETECTED, "the syntax of an e-mail address")


@lru_cache(1 << 10)
def has_owner(domain: str) -> bool:
    """True where a domain is below a public suffix that is listed; the list is loaded with the first candidate."""
    return _suffixes().privatesuffix(domain) is not None


@cache
def _suffixes() -> Any:  # noqa: ANN401 - a library without types
    return import_module("publicsuffixlist").PublicSuffixList(accept_unknown=False)
