"""Credentials in answers of SASL that travel as they are (LDAP, AMQP), not in base64.

Source: RFC 4422 section 4 (profiles choose the form), RFC 4511 section 4.2, OASIS AMQP 1.0 part 5 section
5.3.
"""

import binascii

from iotaudit.dissect.sasl import Credential, SignOn

TOKEN_LEN = 8192


def credentials(mechanism: bytes, token: bytes) -> tuple[Credential, ...]:
    """Gives what an answer shows; a token that cannot be read (Kerberos and the like) shows nothing."""
    answer = binascii.b2a_base64(token[:TOKEN_LEN], newline=False)
    return tuple(row for row in SignOn(mechanism).answer(answer) if row[0] != "auth")
