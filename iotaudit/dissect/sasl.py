"""Credentials in the answers of a sign-on by SASL (SMTP, IMAP, POP3, XMPP in base64; LDAP, AMQP as they are).

Source: RFC 4422 (framework), RFC 4616 (PLAIN), draft-murchison-sasl-login (LOGIN), RFC 7628 (OAUTHBEARER;
XOAUTH2 has its form), RFC 2195 (CRAM-MD5), RFC 2831 (DIGEST-MD5), RFC 5802 (SCRAM), RFC 4422 appendix A
(EXTERNAL), RFC 4422 section 4 (profiles choose the form), RFC 4511 section 4.2, OASIS AMQP 1.0 part 5
section 5.3.
"""

import binascii
import re

ANSWER_LEN = 1 << 14
"""A longer answer is not decoded."""
PLAIN_LEN = 8192
"""Bytes that are read of an answer that needs no decoding."""
_PLAIN_PARTS = 3
_BEARER = re.compile(rb"(?:\A|\x01)auth=Bearer ([^\x01]+)", re.IGNORECASE)
_OAUTH_USER = re.compile(rb"\A(?:n,a=([^,\x01]+)|user=([^\x01]+))", re.IGNORECASE)
_DIGEST_USER = re.compile(rb'(?:\A|[, ])username="([^"]{1,1024})"')
_SCRAM_USER = re.compile(rb"\A[ny][^,]{0,1024},[^,]{0,1024},n=([^,]{1,1024})")

Credential = tuple[str, bytes]
"""What it is ("username", "password", "token", or "auth" for what cannot be told), and the value, decoded."""


class SignOn:
    """One sign-on: takes the client's answers in order."""

    __slots__ = ("_answers", "_mechanism")

    def __init__(self, mechanism: bytes) -> None:
        self._mechanism = mechanism[:64].upper()
        self._answers = 0

    def answer(self, token: bytes) -> tuple[Credential, ...]:
        """Gives the credentials of the next answer, which is base64 as all of these protocols send it."""
        self._answers += 1
        if token in (b"", b"=", b"*"):  # empty, and given up
            return ()
        plain = decoded(token)
        if plain is None:
            return (("auth", token),)
        return self._parts(plain)

    def plain_answer(self, token: bytes) -> tuple[Credential, ...]:
        """Gives the credentials of the next answer where it travels as it is (LDAP, AMQP).

        A token that cannot be read (Kerberos and the like) shows nothing.
        """
        self._answers += 1
        return tuple(part for part in self._parts(token[:PLAIN_LEN]) if part[0] != "auth") if token else ()

    def _parts(self, plain: bytes) -> tuple[Credential, ...]:
        return tuple(part for part in self._read(plain) if part[1])

    def _read(self, plain: bytes) -> tuple[Credential, ...]:
        """Reads one answer by the mechanism."""
        match self._mechanism:
            case b"PLAIN":
                parts = plain.split(b"\0")
                if len(parts) == _PLAIN_PARTS:
                    return ("username", parts[1]), ("password", parts[2])
            case b"LOGIN" if self._answers <= 2:
                return (("username" if self._answers == 1 else "password", plain),)
            case b"XOAUTH2" | b"OAUTHBEARER":
                return _oauth(plain) or (("auth", plain),)
            case b"CRAM-MD5":
                return (("username", plain.rpartition(b" ")[0]),)
            case b"DIGEST-MD5":
                return _user(_DIGEST_USER, plain)
            case b"EXTERNAL":
                return (("username", plain),)
            case scram if scram.startswith(b"SCRAM-"):
                return _user(_SCRAM_USER, plain)
        return (("auth", plain),)


def decoded(token: bytes) -> bytes | None:
    """Gives the bytes that a token of base64 stands for, None where it is none."""
    if len(token) > ANSWER_LEN or len(token) % 4:
        return None
    try:
        return binascii.a2b_base64(token, strict_mode=True)
    except binascii.Error:
        return None


def _oauth(plain: bytes) -> tuple[Credential, ...]:
    user, bearer = _OAUTH_USER.search(plain), _BEARER.search(plain)
    return (
        *((("username", user[1] or user[2]),) if user else ()),
        *((("token", bearer[1]),) if bearer else ()),
    )


def _user(pattern: re.Pattern[bytes], plain: bytes) -> tuple[Credential, ...]:
    """Gives the user of an answer whose secret never travels."""
    found = pattern.search(plain)
    return (("username", found[1]),) if found else ()
