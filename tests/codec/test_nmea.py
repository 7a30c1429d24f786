"""The decoding `nmea`: positions of sentences, what is none of it, wrong check sums."""

from hypothesis import given, settings
from hypothesis import strategies as st

from iotaudit.codec import nmea
from iotaudit.codec.budget import Budget

SENTENCE = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"


def test_pass_a_position_in_degrees() -> None:
    assert nmea.parse(b"x " + SENTENCE + b"\r\n") == [
        {"sentence": "GGA", "latitude": 48.1173, "longitude": 11.51667}
    ]
    assert [p.data for p in nmea.decode(SENTENCE, Budget())] == [b"GGA", b"48.1173", b"11.51667"]


def test_pass_south_and_west_are_negative() -> None:
    body = b"GPGLL,4807.038,S,01131.000,W,123519,A"
    check = 0
    for byte in body:
        check ^= byte
    rows = nmea.parse(b"$" + body + b"*%02X" % check)
    assert rows == [{"sentence": "GLL", "latitude": -48.1173, "longitude": -11.51667}]


def test_fail_other_sentences_and_texts_are_none_of_it() -> None:
    for data in (b"", b"$GPGSV,3,1,11,03,03,111,00*74", b"costs $GP 5", SENTENCE[1:]):
        assert nmea.parse(data) is None


def test_inconclusive_a_wrong_check_sum_is_none_of_it() -> None:
    assert nmea.parse(SENTENCE[:-1] + b"6") is None


@given(st.binary(max_size=300) | st.text("$GPGA,NSEW.0123*", max_size=80).map(str.encode))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_pieces_and_never_an_exception(data: bytes) -> None:
    budget = Budget()
    for piece in nmea.decode(data, budget):
        assert isinstance(piece.data, bytes)
    assert budget.bytes_left >= 0
