"""Makes elements of BER for tests: `element(0x30, integer(1), text(b"a"))`."""


def element(tag: int, *parts: bytes) -> bytes:
    """Gives an element of a tag with what it holds."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(body).to_bytes(size) + body


def integer(value: int, tag: int = 0x02) -> bytes:
    """Gives an integer."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def text(data: bytes, tag: int = 0x04) -> bytes:
    """Gives an octet string."""
    return element(tag, data)
