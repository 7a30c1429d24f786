"""Remote support and tunnels that tell their name: banners and first messages of protocols of remote access.

Source: RFC 4253 section 4.2 (SSH identification), RFC 6143 section 7.1.1 (RFB), MS-RDPBCGR section 2.2.1.1 (X.224
connection request), the login message of `frp` (version, run id, privilege key).
"""

import re
from collections.abc import Iterator

from iotaudit.detect.keys import KeySet
from iotaudit.detect.known import Known
from iotaudit.detect.node import Hit, Kind, Node, Wants
from iotaudit.detect.values import kind_of
from iotaudit.model.exposures import Confidence

ID = "usage.remote_access"
BANNER = "ssh.banner"
PLACES = frozenset({BANNER, "text", "binary"})
WANTS = Wants(record_keys=KeySet("privilege key"), places=PLACES)
reasoning = (
    "The identification that a protocol of remote access (SSH, VNC, RDP) or a tunnel (frp) begins with. "
    "Encrypted "
    "tunnels are named by the flow's application, not here."
)
_SSH = re.compile(r"SSH-(?:2\.0|1\.99|1\.5)-[\x21-\x7e]")
_RFB = re.compile(r"RFB 00[34]\.00\d\n")
_RDP = re.compile(
    rb"\x03\x00\x00[\x0b-\xff][\x06-\xfa]\xe0\x00\x00.{2}\x00(?:Cookie: mstshash=|\x01[\x00-\x0f]\x08\x00)",
    re.DOTALL,
)


def find(node: Node, _known: Known) -> Iterator[Hit]:
    """Gives the name of the protocol, once for the head of a flow."""
    if node.kind is Kind.RECORD:
        if isinstance(node.value, dict) and {"privilege_key", "run_id", "version"} <= node.value.keys():
            yield _access("frp tunnel", "the login message of a reverse tunnel (frp)")
        return
    if node.is_nested or node.where not in PLACES:
        return
    if node.where == BANNER:
        if _SSH.match(node.text):
            yield _access("SSH", "the identification of SSH")
    elif node.kind is Kind.TEXT and _RFB.match(node.text):
        yield _access("VNC", "the version message of the remote frame buffer (VNC)")
    elif node.kind is Kind.BINARY:
        if _RFB.match(node.data[:12].decode("latin-1")):
            yield _access("VNC", "the version message of the remote frame buffer (VNC)")
        elif _RDP.match(node.data):
            yield _access("RDP", "the connection request of the remote desktop protocol (RDP)")


def _access(word: str, ground: str) -> Hit:
    return kind_of(ID, word, Confidence.PROVEN, ground)
