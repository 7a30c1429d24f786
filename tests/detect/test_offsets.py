"""Where in a content a value stands: after its name, at its encoded word, or nowhere; within a bound of work."""

from iotaudit.detect.node import Hit, Kind, Node
from iotaudit.detect.offsets import Offsets
from iotaudit.model.exposures import Confidence

BODY = b'{"a":"12","pin":"12","blob":"eyJzbiI6IkFCIn0="}'


def hit(*texts: str) -> Hit:
    return Hit("device.serial", "v", Confidence.DETECTED, "", texts)


def test_pass_the_value_behind_its_name_is_meant() -> None:
    assert Offsets(BODY).of(Node(Kind.TEXT, "pin", "http.body", text="12"), hit("12"), ()) == BODY.index(b'12","blob')


def test_pass_an_encoded_word_is_named_by_its_own_place() -> None:
    word = "eyJzbiI6IkFCIn0="
    assert Offsets(BODY).of(Node(Kind.TEXT, "sn", "http.body", text="AB", cover=word), hit("AB"), (word,)) == BODY.index(b"eyJ")


def test_pass_bytes_as_a_whole_begin_at_their_beginning() -> None:
    assert Offsets(BODY).of(Node(Kind.BINARY, "", "http.body", data=BODY), hit(), ()) == 0


def test_inconclusive_what_stands_nowhere_has_no_place() -> None:
    assert Offsets(BODY).of(Node(Kind.TEXT, "sn", "http.body", text="zz"), hit("zz"), ()) is None


def test_fail_no_more_is_looked_through_than_the_bound() -> None:
    offsets = Offsets(bytes(1 << 20))
    tries = [offsets.of(Node(Kind.TEXT, "", "http.body", text="q"), hit("q"), ()) for _ in range(10_000)]
    assert tries == [None] * 10_000
    assert offsets._left <= 0
