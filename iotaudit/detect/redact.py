"""The redactor: masks every hit value in every string of the output, in place, also where a word encodes it. See docs/data-types/known-values.md.

Addresses, MACs, `devices[].*` and registrable domains stay.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from iotaudit.codec.url import unquote
from iotaudit.detect import encoded
from iotaudit.detect.keys import KeySet
from iotaudit.detect.masks import ALL, DOT, mask
from iotaudit.model.copies import changed
from iotaudit.model.destinations import Destination
from iotaudit.model.devices import Device
from iotaudit.model.events import DnsAnswer
from iotaudit.model.flows import Certificate, Flow, FlowName, HttpExchange, Mqtt, Tls

LEAST_LEN = 4
"""Shorter values are everywhere; they are masked only as the value of a key that tells a secret."""
BOUND_LEN = 6
"""Shorter values are masked only as words of their own."""
TEXTS = 100_000
"""With more values than that, every free text of the output is masked whole."""
CACHE = 65_536
ROUNDS = 8
SECRET_KEYS = KeySet(
    *[
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "pass",
        "secret",
        "token",
        "api",
        "key",
        "apikey",
        "access",
        "key",
        "private",
        "key",
        "auth",
        "authorization",
        "signature",
        "sign",
        "sig",
        "session",
        "sessionid",
        "sid",
        "jwt",
        "psk",
        "credential",
        "credentials",
        "pin",
        "=code",
        "=key",
        "otp",
        "client",
        "secret",
        "refresh",
        "token",
        "access",
        "token",
        "id",
        "token",
        "csrf",
        "xsrf",
        "bearer",
        "cookie",
    ],
)
_FIELD = re.compile(r"([?&;#]|^)([^=&;#?\s/]{1,128})=([^&;#\s]+)")
_USER = re.compile(r"(//)[^/@\s?#]+@")
_PARTS = re.compile(r"([/?&=;#\s])")
_SECOND_LEVEL = frozenset(
    {"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go", "gob", "in"}
)


class Redactor:
    """Masks values in strings; the same string always becomes the same string, and masking twice is masking once."""

    __slots__ = ("_cache", "_grams", "_hosts", "_strict")

    def __init__(self, texts: Mapping[str, str], *, strict: bool = False) -> None:
        """Takes value → name of its mask (`masks.mask`); `strict` masks all texts whole."""
        self._strict = strict or len(texts) > TEXTS
        self._cache: dict[str, str] = {}
        self._hosts: dict[tuple[str, str | None], str] = {}
        grams: dict[str, dict[str, str]] = {}
        for text, shape in texts.items():
            folded = fold(text.strip())
            if len(folded) >= LEAST_LEN and DOT not in folded:
                known = grams.setdefault(folded[:LEAST_LEN], {})
                known[folded] = "secret" if "secret" in (shape, known.get(folded)) else shape
        self._grams = {
            gram: tuple(sorted(known.items(), key=lambda item: (-len(item[0]), item)))
            for gram, known in grams.items()
        }

    def __repr__(self) -> str:
        """Shows no value."""
        return f"Redactor({len(self._grams)} prefixes, strict={self._strict})"

    def text(self, text: str) -> str:
        """Gives a free text with every hit value masked."""
        if self._strict:
            return ALL if text else text
        if not self._grams or len(text) < LEAST_LEN:
            return text
        done = self._cache.get(text)
        if done is None:
            done = self._masked(text)
            if len(self._cache) >= CACHE:
                self._cache.clear()
            self._cache[text] = done
        return done

    def uri(self, uri: str) -> str:
        """Gives a request target with hit values masked in any escaping, and values of secret keys whole."""
        if self._strict:
            return ALL if uri else uri
        plain = _FIELD.sub(_hide_secret, uri) if "=" in uri else uri
        plain = _USER.sub(rf"\1{ALL}@", plain) if "@" in plain else plain
        plain = self.text(plain)
        if "%" in plain or "+" in plain:
            plain = "".join(self._unescaped(part) for part in _PARTS.split(plain))
        return plain

    def host(self, name: str, registrable: str | None = None) -> str:
        """Gives a host name with hit values masked, but for the registrable domain and addresses."""
        key = name, registrable
        done = self._hosts.get(key)
        if done is None:
            done = self._host(name, registrable)
            if len(self._hosts) >= CACHE:
                self._hosts.clear()
            self._hosts[key] = done
        return done

    def _host(self, name: str, registrable: str | None) -> str:
        if not name or _is_address(name):
            return name
        keep = len(registrable) if registrable and _ends(name, registrable) else _tail_len(name)
        head_len = len(name) - keep
        if self._strict:
            return f"{ALL}.{name[head_len:]}" if head_len > 0 else name
        if head_len <= 0:
            return name
        for _ in range(ROUNDS):
            spans = [s for s in self._spans(name) if s[0] < head_len]
            if not spans:
                break
            name = _replace(name, [(a, min(b, head_len), shape) for a, b, shape in spans])
            head_len = len(name) - keep
        return encoded.hide(name[:head_len], self._holds, ALL) + name[head_len:]

    def flow(self, flow: Flow) -> Flow:
        """Gives the flow with names, hello, certificate, requests and MQTT session masked; mostly as it is."""
        if not (flow.names or flow.tls or flow.http or flow.mqtt):
            return flow
        names = tuple(self._flow_name(name) for name in flow.names)
        tls = self._tls(flow.tls) if flow.tls else None
        http = tuple(self._http(exchange) for exchange in flow.http)
        mqtt = self._mqtt(flow.mqtt) if flow.mqtt else None
        if (names, tls, http, mqtt) == (flow.names, flow.tls, flow.http, flow.mqtt):
            return flow
        return changed(flow, names=names, tls=tls, http=http, mqtt=mqtt)

    def destination(self, destination: Destination) -> Destination:
        """Gives the destination with its name masked, wherever a text repeats it, and what its certificates say."""
        if destination.owner.evidence:
            destination = self._owned(destination)
        name = destination.name
        if name is None:
            return destination
        masked = self.host(name, destination.registrable_domain)
        if masked == name:
            return destination
        location = destination.location
        return replace(
            destination,
            name=masked,
            notes=tuple(note.replace(name, masked) for note in destination.notes),
            location=replace(
                location,
                evidence=tuple(
                    replace(e, detail=e.detail.replace(name, masked)) for e in location.evidence
                ),
            ),
            addresses=tuple(
                replace(
                    a,
                    location=replace(
                        a.location,
                        evidence=tuple(
                            replace(e, detail=e.detail.replace(name, masked))
                            for e in a.location.evidence
                        ),
                    ),
                )
                for a in destination.addresses
            ),
        )

    def _owned(self, destination: Destination) -> Destination:
        """Gives the destination with the organisations masked that certificates name: a server writes what it likes."""
        owner = destination.owner
        evidence = tuple(
            replace(e, detail=self.text(e.detail)) if e.source == "certificate" else e for e in owner.evidence
        )
        if evidence == owner.evidence:
            return destination
        name = self.text(owner.name) if owner.name else owner.name
        return replace(destination, owner=replace(owner, name=name, evidence=evidence))

    def answer(self, answer: DnsAnswer) -> DnsAnswer:
        """Gives the answer with names and texts masked; addresses stay."""
        name = self.host(answer.name)
        chain = tuple(self.host(link) for link in answer.chain)
        answers = tuple(
            text
            if _is_address(text)
            else (self.text(text) if " " in text or "=" in text else self.host(text))
            for text in answer.answers
        )
        if (name, chain, answers) == (answer.name, answer.chain, answer.answers):
            return answer
        return changed(answer, name=name, chain=chain, answers=answers)

    def device(self, device: Device) -> Device:
        """Gives the device as it is: its fields are what the audit is about (decision 1)."""
        return device

    def _flow_name(self, name: FlowName) -> FlowName:
        masked = self.host(name.name)
        return name if masked == name.name else FlowName(masked, name.source, name.packet)

    def _tls(self, tls: Tls) -> Tls:
        sni = self.host(tls.sni) if tls.sni else tls.sni
        certificate = self._certificate(tls.certificate) if tls.certificate else None
        if sni == tls.sni and certificate == tls.certificate:
            return tls
        return changed(tls, sni=sni, certificate=certificate)

    def _certificate(self, seen: Certificate) -> Certificate:
        return changed(
            seen,
            subject_cn=self._name(seen.subject_cn),
            subject_o=self.text(seen.subject_o) if seen.subject_o else seen.subject_o,
            issuer_cn=self._name(seen.issuer_cn),
            chain=tuple(self._name(issuer) for issuer in seen.chain),
            sans=tuple(self._name(san) or "" for san in seen.sans),
        )

    def _name(self, name: str | None) -> str | None:
        """Masks a name that may be a host's or anything else."""
        if not name:
            return name
        return self.text(name) if " " in name or "." not in name else self.host(name)

    def _http(self, seen: HttpExchange) -> HttpExchange:
        host = self.host(seen.host) if seen.host else seen.host
        uri = self.uri(seen.uri)
        agent = self.text(seen.user_agent) if seen.user_agent else seen.user_agent
        if (host, uri, agent) == (seen.host, seen.uri, seen.user_agent):
            return seen
        return changed(seen, host=host, uri=uri, user_agent=agent)

    def _mqtt(self, seen: Mqtt) -> Mqtt:
        return replace(
            seen,
            client_id=self.text(seen.client_id) if seen.client_id else seen.client_id,
            username=self.text(seen.username) if seen.username else seen.username,
            topics=tuple(self.text(topic) for topic in seen.topics),
        )

    def _unescaped(self, part: str) -> str:
        """Gives one part of a URI, masked where its plain form holds a value."""
        for plain in _plain_forms(part):
            masked = self.text(plain)
            if masked != plain:
                return masked
        return part

    def _masked(self, text: str) -> str:
        for _ in range(ROUNDS):
            spans = self._spans(text)
            if not spans:
                return encoded.hide(text, self._holds, ALL)
            text = _replace(text, spans)
        return encoded.hide(text, self._holds, ALL) if not self._spans(text) else ALL

    def _holds(self, text: str) -> bool:
        return bool(self._spans(text))

    def _spans(self, text: str) -> list[tuple[int, int, str]]:
        """Gives where values stand, left to right, the longest first at each place."""
        folded = fold(text)
        grams = self._grams
        found: list[tuple[int, int, str]] = []
        at, last = 0, len(folded) - LEAST_LEN
        while at <= last:
            known = grams.get(folded[at : at + LEAST_LEN])
            if known is not None:
                for value, shape in known:
                    if folded.startswith(value, at) and _stands(folded, at, value):
                        found.append((at, at + len(value), shape))
                        at += len(value) - 1
                        break
            at += 1
        return found


def fold(text: str) -> str:
    """Gives `text` in lower case, character by character, so that places stay the same."""
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := c.lower()) == 1 else c for c in text)


def texts_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Gives value → mask of many pairs; a secret stays a secret."""
    found: dict[str, str] = {}
    for text, shape in pairs:
        if len(text) >= LEAST_LEN and found.get(text) != "secret":
            found[text] = shape
    return found


def _replace(text: str, spans: list[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, shape in spans:
        pieces += (text[done:start], mask(text[start:end], shape))
        done = end
    return "".join((*pieces, text[done:]))


def _stands(folded: str, at: int, value: str) -> bool:
    if len(value) >= BOUND_LEN:
        return True
    end = at + len(value)
    before, after = folded[at - 1 : at], folded[end : end + 1]
    return not before.isalnum() and not after.isalnum()


def _hide_secret(match: re.Match[str]) -> str:
    return f"{match[1]}{match[2]}={ALL}" if _is_secret(match[2]) else match[0]


@lru_cache(1 << 12)
def _is_secret(field: str) -> bool:
    """Tells whether the name of a field, in any escaping, is one of a secret."""
    return unquote(field.encode(errors="replace")).decode(errors="replace") in SECRET_KEYS


def _plain_forms(part: str) -> Iterable[str]:
    """Gives the forms of a part without escapes: once, twice, and with `+` as a space."""
    plain = part
    for _ in range(2):
        if "%" not in plain:
            break
        plain = unquote(plain.encode(errors="replace")).decode(errors="replace")
        yield plain
    if "+" in plain:
        yield plain.replace("+", " ")


@lru_cache(1 << 14)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _ends(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)


def _tail_len(name: str) -> int:
    """Gives the length of what is likely the registrable domain: two labels, three under `co.uk` and the like."""
    labels = name.split(".")
    count = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    if len(labels) < 2:
        return 0
    return len(".".join(labels[-count:]))
