"""DNS: questions, chains, both transports, and what hostile bytes make of it."""

import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.dissect import dns as module
from iotaudit.dissect import open_flow
from iotaudit.dissect.dns_message import _read_all, parse
from iotaudit.dissect.session import TCP, UDP, Head, Likeness
from iotaudit.model.events import DnsAnswer, DnsQuery, Event, Oddity
from iotaudit.model.flows import EncryptionState, Endpoint
from iotaudit.model.raw import Content, Segment
from tests.dissect.play import (
    DEVICE,
    SECOND_NS,
    SERVER,
    Piece,
    device,
    gap,
    play,
    reading,
    recognise,
    server,
)

QUERY = (
    "1a2b"  # id
    "0100"  # query, recursion desired
    "0001 0000 0000 0000"  # one question
    "03 417069 07 4578616d706c65 04 74657374 00"  # Api.Example.test
    "0001 0001"  # A, IN
)
ANSWER = (
    "1a2b"  # id
    "8180"  # response, recursion desired and available, NOERROR
    "0001 0002 0000 0001"  # one question, two answers, one additional
    "03 617069 07 6578616d706c65 04 74657374 00"  # api.example.test
    "0001 0001"  # A, IN
    "c00c 0005 0001 0000012c 0007 04 65646765 c010"  # CNAME edge.example.test, TTL 300
    "c02e 0001 0001 0000003c 0004 c0000207"  # edge.example.test A 192.0.2.7, TTL 60
    "03 626164 c010 0001 0001 00000e10 0004 cb007109"  # additional: bad.example.test A 203.0.113.9
)
ASKED = DnsQuery(1, 1, SECOND_NS, True, "api.example.test", "A", DEVICE.ip, SERVER.ip, "dns")
ANSWERED = DnsAnswer(
    flow=1,
    packet=2,
    time_ns=2 * SECOND_NS,
    outbound=False,
    name="api.example.test",
    type="A",
    answers=("192.0.2.7",),
    chain=("api.example.test", "edge.example.test"),
    resolver=SERVER.ip,
    client=DEVICE.ip,
    rcode="NOERROR",
    ttl_s=60,
    protocol="dns",
)


def udp(*pieces: Piece) -> list[Event | Content]:
    return play(module, *pieces, protocol=UDP)


def response(question: str, *records: str, rcode: int = 0) -> bytes:
    """Gives a response with records in the text form of dnspython: owner, ttl, class, type, data."""
    name, kind = question.split()
    message = dns.message.make_response(dns.message.make_query(name, kind), recursion_available=True)
    message.set_rcode(dns.rcode.Rcode(rcode))
    for record in records:
        owner, ttl, rdclass, rdtype, data = record.split(" ", 4)
        message.answer.append(dns.rrset.from_text(owner, int(ttl), rdclass, rdtype, data))
    return message.to_wire()


def only_answer(*args: str, rcode: int = 0) -> DnsAnswer:
    found = udp(server(response(*args, rcode=rcode)))
    assert len(found) == 1
    assert isinstance(found[0], DnsAnswer)
    return found[0]


def framed(text: str) -> bytes:
    data = bytes.fromhex(text)
    return len(data).to_bytes(2) + data


def test_pass_question_and_chain_of_a_datagram_pair() -> None:
    assert udp(device(QUERY), server(ANSWER)) == [ASKED, ANSWERED]


def test_pass_same_events_over_tcp_however_the_stream_is_cut() -> None:
    assert play(module, device(framed(QUERY)), server(framed(ANSWER))) == [ASKED, ANSWERED]


def test_pass_several_messages_in_one_segment_are_all_read() -> None:
    found = play(module, device(framed(QUERY) * 3))
    assert found == [ASKED] * 3


def test_pass_message_over_two_packets_is_of_the_packet_that_ends_it() -> None:
    data = framed(QUERY)
    (asked,) = play(module, device(data[:20]), device(data[20:]))
    assert isinstance(asked, DnsQuery)
    assert (asked.packet, asked.time_ns) == (2, 2 * SECOND_NS)


def test_pass_summary_is_plaintext() -> None:
    summary = reading(module, device(QUERY), protocol=UDP)
    assert summary.application == "dns"
    assert summary.encryption.state is EncryptionState.PLAINTEXT


def test_pass_https_hints_are_answers() -> None:
    told = only_answer(
        "api.example.test HTTPS",
        "api.example.test. 30 IN HTTPS 1 . alpn=h2 ipv4hint=192.0.2.8,192.0.2.9 ipv6hint=2001:db8::1",
    )
    assert told.answers == ("192.0.2.8", "192.0.2.9", "2001:db8::1")
    assert told.type == "HTTPS"


def test_pass_alias_of_https_leads_on() -> None:
    told = only_answer(
        "example.test HTTPS",
        "example.test. 30 IN HTTPS 0 edge.example.test.",
        "edge.example.test. 20 IN HTTPS 1 . ipv4hint=192.0.2.8",
    )
    assert told.chain == ("example.test", "edge.example.test")
    assert told.answers == ("192.0.2.8",)
    assert told.ttl_s == 20


@pytest.mark.parametrize(
    ("kind", "data", "answers"),
    [
        ("AAAA", "2001:db8:0:0:0:0:0:1", ("2001:db8::1",)),
        ("PTR", "Host.Example.test.", ("host.example.test",)),
        ("MX", "10 mail.example.test.", ("mail.example.test",)),
        ("NS", "ns1.example.test.", ("ns1.example.test",)),
        ("SRV", "0 5 8883 broker.example.test.", ("broker.example.test",)),
        ("TXT", '"v=1" " more"', ("v=1 more",)),
        ("CNAME", "edge.example.test.", ("edge.example.test",)),
        ("NAPTR", '100 10 "S" "SIP+D2U" "" _sip._udp.example.test.', ("_sip._udp.example.test",)),
        ("NAPTR", '100 10 "u" "E2U+sip" "!^.*$!sip:info@example.test!" .', ("!^.*$!sip:info@example.test!",)),
        ("HTTPS", "1 . alpn=h3 ech=AEX+DQBBpQAgACBzcMKC5v+BUD6WpFbN2Gg2hOV3fAUWIP4dWmBgh8m4XQAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA= ipv4hint=192.0.2.8", ("192.0.2.8", "ech")),
        ("SVCB", "1 dot.example.test. alpn=dot port=853", ("dot.example.test",)),
        ("SVCB", "2 svc.example.test. ech=AEX+DQBBpQAgACBzcMKC5v+BUD6WpFbN2Gg2hOV3fAUWIP4dWmBgh8m4XQAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA=", ("svc.example.test", "ech")),
    ],
)
def test_pass_each_type_gives_its_answers(kind: str, data: str, answers: tuple[str, ...]) -> None:
    told = only_answer(f"example.test {kind}", f"example.test. 30 IN {kind} {data}")
    assert told.answers == answers
    assert told.chain == ("example.test",)


def test_pass_alias_without_addresses_gives_its_target() -> None:
    told = only_answer("example.test AAAA", "example.test. 30 IN CNAME edge.example.test.")
    assert told.answers == ("edge.example.test",)


def test_pass_missing_name_has_its_code() -> None:
    told = only_answer("gone.example.test A", rcode=3)
    assert (told.rcode, told.answers, told.ttl_s) == ("NXDOMAIN", (), 0)


def test_pass_bytes_of_labels_are_escaped() -> None:
    # a dot, a backslash, a zero and a byte beyond ASCII inside labels
    query = "0001 0100 0001 0000 0000 0000 03 612e62 03 635c64 04 65ff0066 00 0001 0001"
    assert [e.name for e in udp(device(query)) if isinstance(e, DnsQuery)] == [
        "a\\046b.c\\092d.e\\255\\000f"
    ]


def test_pass_long_label_of_the_client_is_content_once_and_as_sent() -> None:
    # 44:38:39:AA:BB:CC as a label
    query = "0001 0100 0001 0000 0000 0000 0c 343433383339414142424343 07 6578616d706c65 00 0001 0001"
    found = udp(device(query), device(query), server(query))
    assert [c.data for c in found if isinstance(c, Content)] == [b"443839AABBCC.example"]
    assert [c.where for c in found if isinstance(c, Content)] == ["dns.name"]


def options(text: str) -> str:
    """Gives the query with an OPT record of these options (hexadecimal)."""
    size = len(bytes.fromhex(text))
    return QUERY.replace("0001 0000 0000 0000", "0001 0000 0000 0001") + f"00 0029 04d0 00000000 {size:04x} {text}"


@pytest.mark.parametrize(
    ("option", "network"),
    [
        ("0008 0007 0001 18 00 c00002", b"192.0.2.0/24"),  # client subnet, IPv4, 24 bits
        ("000a 0008 0102030405060708 0008 000b 0002 38 00 20010db8000000", b"2001:db8::/56"),  # behind a cookie
    ],
)
def test_pass_the_network_that_a_query_tells_is_content_once(option: str, network: bytes) -> None:
    found = udp(device(options(option)), device(options(option)))
    (content,) = [item for item in found if isinstance(item, Content)]
    assert (content.where, content.key, content.data) == ("dns.client_subnet", "client_subnet", network)
    assert [type(item) for item in found] == [DnsQuery, Content, DnsQuery]


@pytest.mark.parametrize(
    "option",
    [
        "",
        "0008 0004 0001 00 00",  # no address: "do not tell"
        "0008 0005 0001 00 00 00",  # 0 bits
        "0008 0007 0003 18 00 c00002",  # a family that is not known
        "0008 0009 0001 18 00 c000020000",  # longer than an address
        "0008 0007 0001 21 00 c00002",  # 33 bits
        "0008 0009 0001 18 00 c00002",  # cut
        "0008",
    ],
)
def test_inconclusive_options_that_tell_no_network_are_read_over(option: str) -> None:
    assert [type(item) for item in udp(device(options(option)))] == [DnsQuery]


def test_fail_a_network_in_an_answer_is_not_told_by_the_client() -> None:
    answer = options("0008 0007 0001 18 18 c00002").replace("0100", "8180", 1)
    assert [type(item) for item in udp(server(answer))] == [DnsAnswer]


def test_fail_data_that_cannot_be_that_of_its_type_is_an_oddity() -> None:
    head = "1a2b 8180 0001 0001 0000 0000 01 61 00 0023 0001 c00c 0023 0001 0000003c"
    for data in ("0004 0064000a", "0006 0064000a 0553", "0008 0064000a 00 00 00 05"):
        found = udp(server(f"{head} {data}"))
        assert [type(item) for item in found] == [DnsAnswer, Oddity]


def test_signatures_and_keys_say_nothing_and_break_nothing() -> None:
    types = ("00fa", "00f9", "002e", "0030", "0101", "ff00")  # TSIG, TKEY, RRSIG, DNSKEY, CAA, private
    records = "".join(f"00 {kind} 00ff 00000000 0003 ffffff" for kind in types)
    found = udp(device(QUERY.replace("0001 0000 0000 0000", f"0001 0000 0000 {len(types):04x}") + records))
    assert found == [ASKED]


def test_fail_records_off_the_chain_are_not_believed() -> None:
    told = only_answer(
        "api.example.test A",
        "api.example.test. 30 IN CNAME edge.example.test.",
        "edge.example.test. 30 IN A 192.0.2.7",
        "bank.example.test. 30 IN A 203.0.113.66",
    )
    assert told.answers == ("192.0.2.7",)


def test_fail_other_sections_answer_nothing_even_under_the_name_asked_for() -> None:
    question = "0001 8180 0001 0000 0001 0001 01 61 00 0001 0001"
    record = "c00c 0001 0001 0000003c 0004 cb007109"
    (told,) = udp(server(question + record + record))
    assert isinstance(told, DnsAnswer)
    assert told.answers == ()


def test_fail_text_that_reads_like_an_address_does_not_answer_any() -> None:
    told = only_answer(
        "example.test ANY", 'example.test. 30 IN TXT "203.0.113.66"', "example.test. 30 IN A 192.0.2.7"
    )
    assert told.answers == ("192.0.2.7",)


def test_fail_circle_of_aliases_ends() -> None:
    told = only_answer(
        "a.example.test A", "a.example.test. 30 IN CNAME b.example.test.", "b.example.test. 30 IN CNAME a.example.test."
    )
    assert told.chain == ("a.example.test", "b.example.test")
    assert told.answers == ("b.example.test",)


def test_fail_pointer_that_leads_forward_is_an_oddity_and_the_question_stays() -> None:
    answer = ANSWER.replace("c00c 0005", "c0ff 0005")
    found = udp(server(answer))
    assert [type(e) for e in found] == [DnsAnswer, Oddity]
    assert isinstance(found[1], Oddity)
    assert found[1].kind == "malformed_message"


def test_fail_question_whose_name_stands_behind_it_is_not_read() -> None:
    found = udp(device("0001 0100 0001 0000 0000 0000 c012 0001 0001 01 61 00"))
    assert [e.detail for e in found if isinstance(e, Oddity)] == ["dns: a name's pointer does not lead back"]
    assert len(found) == 1


def test_fail_message_that_ends_in_a_record_keeps_its_question() -> None:
    found = udp(server(bytes.fromhex(ANSWER)[:45]))
    assert [e.name for e in found if isinstance(e, DnsAnswer)] == ["api.example.test"]
    assert [e.detail for e in found if isinstance(e, Oddity)] == ["dns: a record is cut"]


def test_fail_count_of_questions_is_bounded() -> None:
    many = "0001 0100 ffff 0000 0000 0000" + "00 0001 0001" * 2000
    found = udp(device(many))
    assert len([e for e in found if isinstance(e, DnsQuery)]) == 64
    assert isinstance(found[-1], Oddity)


def test_fail_datagram_of_another_protocol_says_nothing_but_that() -> None:
    found = udp(device("ffffffffffffffffffffffffffffffff"))
    assert [e.detail for e in found if isinstance(e, Oddity)] == ["dns: no DNS message"]
    assert len(found) == 1


def test_inconclusive_message_cut_by_the_snap_length_is_no_oddity() -> None:
    data = bytes.fromhex(ANSWER)
    found = udp(server(data[:45], truncated_len=len(data) - 45))
    assert [type(e) for e in found] == [DnsAnswer]


def test_inconclusive_after_a_gap_the_framing_is_lost() -> None:
    assert play(module, device(framed(QUERY)), gap(7, outbound=True), device(framed(QUERY))) == [ASKED]


def test_message_on_another_port_is_recognised() -> None:
    assert recognise(module, QUERY, UDP) is Likeness.LIKELY
    assert recognise(module, framed(QUERY), TCP) is Likeness.LIKELY
    flow = open_flow(1, UDP, DEVICE, Endpoint("192.0.2.1", 5300))
    assert flow.feed(Segment(1, True, 1, SECOND_NS, 0, bytes.fromhex(QUERY))) == (ASKED,)
    assert flow.summary().application == "dns"


def test_inconclusive_stream_without_a_question_needs_the_port() -> None:
    assert recognise(module, "000c 1a2b 8181 0000 0000 0000 0000", TCP) is Likeness.WEAK


@pytest.mark.parametrize(
    "data",
    [
        "474554202f20485454502f312e310d0a0d0a",  # GET / HTTP/1.1
        "16030100c8010000c40303" + "00" * 40,  # TLS hello
        "5353482d322e302d4f70656e5353480d0a" + "00" * 8,  # SSH banner
        "00" * 40,
    ],
)
def test_other_protocols_are_not_taken_for_dns(data: str) -> None:
    assert recognise(module, data, TCP) is Likeness.NO
    assert recognise(module, data, UDP) < Likeness.LIKELY


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_give_events_or_an_oddity(data: bytes) -> None:
    for protocol in (UDP, TCP):
        for item in play(module, device(data), server(data), protocol=protocol):
            assert isinstance(item, DnsQuery | DnsAnswer | Oddity | Content)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 200), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_any_damage_gives_events_or_an_oddity(tail: bytes, at: int, byte: int) -> None:
    data = bytearray(bytes.fromhex(ANSWER) + tail)
    data[at % len(data)] = byte
    assert udp(server(bytes(data)))


@given(st.binary(max_size=120))
@settings(max_examples=300, deadline=None)
def test_likeness_of_a_stream_never_changes_once_it_is_said(data: bytes) -> None:
    flight = framed(QUERY)[: len(data) % 30] + data
    said = Likeness.MORE
    for length in range(1, len(flight) + 1):
        now = module.recognise(Head(flight[:length], TCP))
        assert said is Likeness.MORE or now is said
        said = now


@given(
    st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=6),
    st.sampled_from(["A", "AAAA", "TXT", "HTTPS"]),
)
@settings(max_examples=100, deadline=None)
def test_names_are_those_that_dnspython_encodes(labels: list[bytes], kind: str) -> None:
    name = dns.name.Name([*labels, b""])
    message = parse(dns.message.make_query(name, kind).to_wire())
    assert message is not None
    assert message.fault is None
    (question,) = message.questions
    assert question.raw == b".".join(labels)
    assert question.type == kind
    assert dns.name.from_text(question.name).canonicalize() == name.canonicalize()


@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=4), st.integers(1, 6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_pointers_to_a_name_read_before_give_that_name(labels: list[bytes], count: int, deep: bool) -> None:  # noqa: FBT001
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    record = bytes.fromhex("0001 0001 0000003c 0004 c0000207")  # A, IN, TTL 60, 192.0.2.7
    at = 12
    message = bytes.fromhex("1a2b 8180 0001") + count.to_bytes(2) + bytes(4) + name + bytes.fromhex("0001 0001")
    for _ in range(count):
        at, before = (len(message) if deep else at), at
        message += (0xC000 | before).to_bytes(2) + record
    found = parse(message)
    assert found is not None
    assert (found.fault, found.read_len) == (None, len(message))
    assert {r.name for r in found.records} == {found.questions[0].name}


@given(
    st.binary(min_size=12, max_size=40),
    st.sampled_from([b"", b"\x03api\0\0\1\0\1", b"\0\0\1\0\1", b"\xc0\x0c\0\1\0\1"]),
    st.booleans(),
)
def test_the_early_refusal_and_the_memory_change_nothing(
    data: bytes, question: bytes, unicode: bool  # noqa: FBT001 - drawn by hypothesis
) -> None:
    for message in (data, data[:12] + question, data[:4] + b"\0\1\0\0\0\0\0\0" + question + data[12:]):
        found = parse(message, unicode=unicode)
        slow = _read_all(message[2:], unicode)
        assert (found is None) == (slow is None)
        if found and slow:
            assert found.flags == int.from_bytes(message[2:4])
            assert found.questions == slow.questions
            assert (found.records, found.rcode, found.fault) == (slow.records, slow.rcode, slow.fault)
