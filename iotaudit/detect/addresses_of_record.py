"""Addresses that look like e-mail and name an account of a call or chat service: of SIP and XMPP.

Source: RFC 3261 section 19.1 (SIP URI, address of record); RFC 7622 (Jabber identifier).
"""

import re

from iotaudit.detect.node import Node

ADDRESS = re.compile(
    r"(?<![\w.%+-])([A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\.){1,6}"
    r"([A-Za-z]{2,24}))(?![\w@-])"
)
"""Local part, domain and its last label, as e-mail, SIP and XMPP share them."""
SCHEMES = ("sip:", "sips:", "xmpp:")
PLACES = ("sip.", "xmpp.")


def is_account(node: Node, match: re.Match[str]) -> bool:
    """True where an address stands in a message of SIP or XMPP, or behind their scheme."""
    if node.where.startswith(PLACES):
        return True
    return node.text[max(0, match.start() - 5) : match.start()].casefold().endswith(SCHEMES)
