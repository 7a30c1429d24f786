"""What a response says about its question: the CNAME chain is walked, and nothing off the chain is believed.

Source: RFC 1034 section 3.6.2 (aliases), RFC 5452 section 6 (what of a response may be used).
"""

from dataclasses import dataclass
from functools import lru_cache

from iotaudit.dissect.dns_message import ANSWER, UNICAST, Message, Question, Record
from iotaudit.model.quick import quick

CHAIN_LEN = 32
ANSWERS_KEPT = 256
TEXT_TYPES = frozenset({"TXT", "SPF", "NAPTR", "OPT"})
ANY_CLASS = 255


@quick
@dataclass(frozen=True, slots=True)
class Resolved:
    """`answers` at the end of `chain` (from the question's name on), `ttl_s` the lowest TTL met, 0 where none."""

    answers: tuple[str, ...]
    chain: tuple[str, ...]
    ttl_s: int


@lru_cache(maxsize=256)
def resolved(message: Message) -> tuple[Resolved, ...]:
    """Gives what a response says of each of its questions; meant for short ones, since they are remembered."""
    return tuple([resolve(message, question) for question in message.questions])


def resolve(message: Message, question: Question) -> Resolved:
    """Gives what the answer section says of one question; other sections and other names are not looked at."""
    wanted = question.rdclass & ~UNICAST
    owned: dict[str, list[Record]] = {}
    for record in message.records:
        if record.section == ANSWER and wanted in (ANY_CLASS, record.rdclass & ~UNICAST):
            owned.setdefault(record.name, []).append(record)
    name = question.name
    chain = [name]
    ttls: list[int] = []
    while len(chain) < CHAIN_LEN:
        records = owned.get(name, [])
        fitting = [r for r in records if _fits(r, question)]
        lead = _lead(records, question)
        if lead is None or lead.target is None or lead.target in chain or any(r.target is None for r in fitting):
            return _end(fitting, chain, ttls)
        ttls.append(lead.ttl_s)
        name = lead.target
        chain.append(name)
    return _end([], chain, ttls)


def _end(records: list[Record], chain: list[str], ttls: list[int]) -> Resolved:
    answers = tuple(dict.fromkeys(value for record in records for value in record.values))[:ANSWERS_KEPT]
    if not answers and len(chain) > 1:
        answers = (chain[-1],)
    ttls = ttls + [record.ttl_s for record in records]
    return Resolved(answers, tuple(chain), min(ttls, default=0))


def _lead(records: list[Record], question: Question) -> Record | None:
    """Gives the record that leads on: a CNAME (unless it was asked for), or an alias of the type asked for."""
    if question.type == "CNAME":
        return None
    for record in records:
        if record.target is not None and record.type in ("CNAME", question.type):
            return record
    return None


def _fits(record: Record, question: Question) -> bool:
    if question.type == "ANY":
        return record.type not in TEXT_TYPES  # a text that reads like an address must not bind
    return record.type == question.type
