"""Key logs: lines taken, lines refused, nothing printed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec.keylog import KeyLog

RANDOM = bytes(range(32))
LINE = b"CLIENT_RANDOM " + RANDOM.hex().encode() + b" " + b"ab" * 48


def test_pass_secrets_are_found_by_random_and_label() -> None:
    log = KeyLog()
    other = b"SERVER_TRAFFIC_SECRET_0 " + b"FF" * 32 + b" " + b"01" * 32
    assert log.add(b"# made by a client\r\n\r\n" + LINE + b"\r\n" + other + b"\n") == 2
    assert log.secret(RANDOM, "CLIENT_RANDOM") == b"\xab" * 48
    assert log.secret(b"\xff" * 32, "SERVER_TRAFFIC_SECRET_0") == b"\x01" * 32
    assert (log.knows(RANDOM), len(log), log.refused) == (True, 2, 0)


def test_fail_other_lines_are_refused_and_counted() -> None:
    log = KeyLog()
    odd = LINE[:-1]
    assert log.add(b"\n".join([b"RSA 0011223344556677 " + b"00" * 48, b"hello", odd, LINE + b" more", b"X" * 5000])) == 0
    assert log.refused == 5


def test_inconclusive_a_session_without_the_label_has_no_secret() -> None:
    log = KeyLog()
    log.add(LINE)
    assert log.secret(RANDOM, "EXPORTER_SECRET") is None
    assert log.secret(bytes(32), "CLIENT_RANDOM") is None


def test_no_secret_is_in_the_repr() -> None:
    log = KeyLog()
    log.add(LINE)
    assert repr(log) == "KeyLog(1 sessions)"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.just(LINE), st.binary(max_size=200)), max_size=8))
def test_any_bytes_are_taken_or_refused(lines: list[bytes]) -> None:
    log = KeyLog()
    assert log.add(b"\n".join(lines)) >= sum(line == LINE for line in lines)
