"""One look over a body tells which detectors are worth asking."""

import pytest

from iotaudit.detect import DETECTORS
from iotaudit.detect.shapes import NAMES, present


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("x a4:5e:60:01:02:03", "mac"),
        ("A4-5E-60-01-02-03", "mac"),
        ("a45e60010203", "hex12"),
        ("d41d8cd98f00b204e9800998ecf8427e", "digest"),
        ("3f2b8c1e-9a4d-4c7e-8b1f-0123456789ab", "uuid"),
        ("4111111111111111", "digits"),
        ("4111 1111 1111 1111", "digit_groups"),
        ("3782 822463 10005", "digit_groups"),
        ("+4920155501234", "phone"),
        ("DE89", "iban"),
        ("192.168.1.17", "ipv4"),
        ("10.1.2.3", "ipv4"),
        ("a@b", "email"),
        ("11-24 22:00:01", "log_lines"),
    ],
)
def test_shape_is_seen(text: str, shape: str) -> None:
    assert shape in present(text.encode())


def test_words_have_no_shape() -> None:
    assert present(b"the robot moves to the next room in 12 s") == frozenset()


def test_every_shape_has_a_detector() -> None:
    wanted = {shape for detector in DETECTORS for shape in detector.WANTS.shapes}
    assert wanted <= NAMES
    assert NAMES - wanted <= {"digest"}
