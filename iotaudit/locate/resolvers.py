"""Whether an encrypted conversation looks names up: then the names that a device asks for cannot be seen.

A name of a resolver, or its protocol offered in the hello, says so. A port, or an address of a resolver without a name
beside it, only makes it possible: the same addresses answer for web pages and other services.
Source: RFC 7858 section 3.1 and RFC 9250 section 4.1.1 (port 853), IANA, TLS ALPN Protocol IDs (`dot`, `doq`); names
and addresses of resolvers: `packs/data/roles.yaml` and `anycast.yaml`, from the pages of their operators.
"""

from iotaudit.model.flows import EncryptionState, Flow
from iotaudit.model.knowledge import Knowledge, find_up

ENCRYPTED_DNS = "encrypted_dns"
POSSIBLY_ENCRYPTED_DNS = "possible_encrypted_dns"
CARRIERS = frozenset(("tls", "dtls", "quic"))
PORT = 853
PROTOCOLS = frozenset(("dot", "doq"))
DRAFTS = "doq-i"
"""Names of DNS over QUIC before RFC 9250 begin so."""
ROLE = "public resolver"
"""Title of the rows of `roles.yaml`."""
SERVICE = "resolver"
WEAK_SOURCES = frozenset(("reverse_dns", "ech_outer"))
"""Names that are not what the client wanted to speak to."""


def resolver_tag(flow: Flow, knowledge: Knowledge) -> str | None:
    """Gives the tag of a conversation that looks names up over an encrypted line, or may; None where nothing says so."""
    if flow.encryption.state is not EncryptionState.ENCRYPTED or flow.encryption.protocol not in CARRIERS:
        return None
    names = [row.name for row in flow.names if row.source not in WEAK_SOURCES]
    if flow.tls is not None and any(offer in PROTOCOLS or offer.startswith(DRAFTS) for offer in flow.tls.alpn):
        return ENCRYPTED_DNS
    if any(_is_resolver(name, knowledge) for name in names):
        return ENCRYPTED_DNS
    service = knowledge.anycast.find((flow.reached or flow.server).ip)
    is_address = service is not None and service.kind == SERVICE
    if flow.server.port == PORT:
        return ENCRYPTED_DNS if is_address else POSSIBLY_ENCRYPTED_DNS
    return POSSIBLY_ENCRYPTED_DNS if is_address and not names else None


def _is_resolver(name: str, knowledge: Knowledge) -> bool:
    found = find_up(knowledge.roles.infrastructure, name)
    return found is not None and found[1] == ROLE
