"""Small writers of media files for tests, each from its standard; they share nothing with the readers."""

import struct
import zlib


def jpeg(width: int, height: int, exif: bytes = b"") -> bytes:
    """SOI, JFIF or EXIF, a quantisation table, a baseline frame of three parts, start of scan (ITU-T T.81)."""
    app = b"\xff\xe1" + (len(exif) + 8).to_bytes(2) + b"Exif\0\0" + exif if exif else b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    table = b"\xff\xdb\0\x43\0" + bytes(range(1, 65))
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + bytes.fromhex("03012200021101031101")
    return b"\xff\xd8" + app + table + frame + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0" + bytes(range(128, 192))


def png(width: int, height: int, colour: int = 2, more: bytes = b"") -> bytes:
    """Signature, IHDR with its check sum, other chunks, an empty IDAT."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0d" + head + zlib.crc32(head).to_bytes(4) + more + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of PNG."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def tiff(place: tuple[str, tuple[int, int, int], str, tuple[int, int, int]] | None = None, *, big: bool = False) -> bytes:
    """An EXIF block: maker, model, number, and the place in degrees, minutes and hundredths of a second."""
    sign = ">" if big else "<"
    heap_at, heap, out = 2048, b"", {}

    def put(data: bytes) -> bytes:
        nonlocal heap
        if len(data) <= 4:
            return data.ljust(4, b"\0")
        at = heap_at + len(heap)
        heap += data
        return struct.pack(sign + "I", at)

    def directory(rows: list[tuple[int, int, int, bytes]]) -> bytes:
        body = struct.pack(sign + "H", len(rows))
        for tag, kind, count, data in rows:
            body += struct.pack(sign + "HHI", tag, kind, count) + put(data)
        return body + bytes(4)

    def text(tag: int, value: bytes) -> tuple[int, int, int, bytes]:
        return tag, 2, len(value) + 1, value + b"\0"

    def angle(tag: int, value: tuple[int, int, int]) -> tuple[int, int, int, bytes]:
        return tag, 5, 3, struct.pack(sign + "6I", value[0], 1, value[1], 1, value[2], 100)

    first = [text(0x010F, b"Vendor Optics"), text(0x0110, b"Cam X7"), (0x8769, 4, 1, struct.pack(sign + "I", 512))]
    if place:
        first.append((0x8825, 4, 1, struct.pack(sign + "I", 1024)))
        north, latitude, east, longitude = place
        rows = [text(1, north.encode()), angle(2, latitude), text(3, east.encode()), angle(4, longitude)]
        out[1024] = directory(rows)
    out[8] = directory(first)
    out[512] = directory([text(0xA431, b"SN-0042-77")])
    block = bytearray((b"MM\0*" if big else b"II*\0") + struct.pack(sign + "I", 8) + bytes(heap_at - 8) + heap)
    for at, data in out.items():
        block[at : at + len(data)] = data
    return bytes(block)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(parts)
    return (len(body) + 8).to_bytes(4) + kind + body


def movie(*handlers: bytes) -> bytes:
    """An MP4 file with one track for each handler."""
    tracks = [box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"hdlr", bytes(8), h, bytes(13)))) for h in handlers]
    return box(b"ftyp", b"isom\0\0\2\0isomiso2") + box(b"moov", box(b"mvhd", bytes(100)), *tracks) + box(b"mdat", bytes(64))


SPS = bytes.fromhex("6742c01ed900a047fe88")
"""H.264, baseline profile, level 3.0, 640 x 480 with another crop: see the test for what it says."""


class BitWriter:
    """Writes bits of a parameter set."""

    def __init__(self) -> None:
        self.bits = ""

    def u(self, count: int, value: int) -> "BitWriter":
        """A number of so many bits."""
        self.bits += f"{value:0{count}b}" if count else ""
        return self

    def ue(self, value: int) -> "BitWriter":
        """An Exp-Golomb number (ITU-T H.264 section 9.1)."""
        plain = f"{value + 1:b}"
        self.bits += "0" * (len(plain) - 1) + plain
        return self

    def data(self) -> bytes:
        """The bytes, with stop bit and the bytes that prevent start codes."""
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        plain = int(bits, 2).to_bytes(len(bits) // 8)
        out = bytearray()
        for byte in plain:
            if byte < 4 and out[-2:] == b"\0\0":
                out.append(3)
            out.append(byte)
        return bytes(out)


def sps_264(width: int, height: int) -> bytes:
    """Main profile, level 3.1; order count of type 2, one reference, frames only, cropped to the height."""
    across, down = -(-width // 16), -(-height // 16)
    bits = BitWriter().ue(0).ue(4).ue(2).ue(1).u(1, 0).ue(across - 1).ue(down - 1).u(1, 1).u(1, 1)
    crop_x, crop_y = (across * 16 - width) // 2, (down * 16 - height) // 2
    bits.u(1, 1).ue(0).ue(crop_x).ue(0).ue(crop_y).u(1, 0)
    return b"\x67\x4d\x00\x1f" + bits.data()


def sps_265(width: int, height: int) -> bytes:
    """Main profile, one layer."""
    bits = BitWriter().u(4, 0).u(3, 0).u(1, 1).u(2, 0).u(1, 0).u(5, 1).u(32, 0x60000000).u(48, 0).u(8, 93)
    bits.ue(0).ue(1).ue(width).ue(height).u(1, 0).ue(0).ue(0).ue(4)
    return b"\x42\x01" + bits.data()


def annex_b(*units: bytes) -> bytes:
    """Units, each behind a start code of four bytes."""
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def h264(width: int = 1280, height: int = 720) -> bytes:
    """Both parameter sets and the beginning of a picture."""
    return annex_b(sps_264(width, height), bytes.fromhex("68ce3c80"), b"\x65\x88\x84" + bytes(range(128, 255)))


def h265(width: int = 1920, height: int = 1080) -> bytes:
    """All three parameter sets and the beginning of a picture."""
    vps, pps = bytes.fromhex("40010c01ffff016000000300b0000003000003005dac09"), bytes.fromhex("4401c172b46240")
    return annex_b(vps, sps_265(width, height), pps, b"\x26\x01\xaf" + bytes(range(128, 255)))


def transport(types: tuple[int, ...], packets: int = 6) -> bytes:
    """PAT, PMT with the stream types, then packets of the first stream (ISO/IEC 13818-1)."""

    def packet(number: int, body: bytes, start: int = 0x40) -> bytes:
        return (b"\x47" + (number | start << 8).to_bytes(2) + b"\x10" + body).ljust(188, b"\xff")

    pat = b"\0\0\xb0\x0d\0\1\xc1\0\0\0\1\xf0\x00" + bytes(4)
    rows = b"".join(bytes([kind]) + b"\xe1\0\xf0\0" for kind in types)
    pmt = b"\0\2" + (0xB000 | len(rows) + 13).to_bytes(2) + b"\0\1\xc1\0\0\xe1\0\xf0\0" + rows + bytes(4)
    return packet(0, pat) + packet(0x1000, pmt) + packet(0x100, bytes(range(180)), 0) * packets


def wave(code: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16) -> bytes:
    """RIFF WAVE with a format chunk and some samples."""
    block = channels * bits // 8
    head = struct.pack("<IHHIIHH", 16, code, channels, rate, rate * block, block, bits)
    return b"RIFF" + (36 + 256).to_bytes(4, "little") + b"WAVEfmt " + head + b"data\0\1\0\0" + bytes(range(256))


def ogg(head: bytes, check: int | None = None) -> bytes:
    """The first page of a stream, with its check sum (RFC 3533; reckoned bit by bit)."""
    page = b"OggS\0\2" + bytes(8) + b"\x07\0\0\0" + bytes(4) + bytes(4) + bytes([1, len(head)]) + head
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1) ^ (0x104C11DB7 if total >> 31 else 0)
    return page[:22] + (total if check is None else check).to_bytes(4, "little") + page[26:]


OPUS = b"OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0"


def adts(frames: int = 4, length: int = 40) -> bytes:
    """Frames of AAC-LC, 16 kHz, one channel."""
    head = bytes([0xFF, 0xF1, 0x60, 0x40 | length >> 11, length >> 3 & 255, (length & 7) << 5 | 0x1F, 0xFC])
    return (head + bytes(range(length - 7))) * frames


def mp3(frames: int = 4) -> bytes:
    """Frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes each."""
    return (b"\xff\xfb\x90\xc0" + bytes(413)) * frames


def occupancy(width: int, height: int, cells: bytes, *, cdr: bool = False) -> bytes:
    """nav_msgs/OccupancyGrid as ROS 1 writes it, or as CDR (little endian, each number at a multiple of its size)."""
    name = b"map"
    out = b"" if cdr else struct.pack("<I", 7)
    out += struct.pack("<II", 1, 2)
    out += struct.pack("<I", len(name) + cdr) + name + b"\0" * cdr
    out += bytes(-len(out) % 4) if cdr else b""
    out += struct.pack("<IIfII", 1, 2, 0.05, width, height)
    out += bytes(-len(out) % 8) if cdr else b""
    out += struct.pack("<7d", -10, -10, 0, 0, 0, 0, 1) + struct.pack("<I", len(cells)) + cells
    return (b"\0\1\0\0" if cdr else b"") + out


def cells(count: int) -> bytes:
    """Unknown, free and occupied cells."""
    return (b"\xff" * 7 + b"\0" * 20 + b"\x64" * 5) * (count // 32) + b"\xff" * (count % 32)


def robot_blocks(width: int = 96, height: int = 64) -> bytes:
    """The container `rr`: head of 20 bytes, charger, picture, robot, then a digest of 20 bytes."""
    charger = struct.pack("<HHIii", 1, 8, 8, 25_600, 25_500)
    image = struct.pack("<HHIIIII", 2, 24, width * height, 480, 490, height, width) + cells(width * height)
    robot = struct.pack("<HHIii", 8, 8, 8, 25_000, 25_100)
    body = charger + image + robot
    return b"rr" + struct.pack("<HIHHII", 20, len(body), 1, 0, 3, 9) + body + bytes(range(20))


def robot_frame(width: int = 60, height: int = 50) -> bytes:
    """27 bytes of head, the cells, a JSON object."""
    head = struct.pack("<hhc", 1, 12, b"I") + struct.pack("<3h3h", 10, 20, 90, 0, 0, 180) + struct.pack("<5h", 50, width, height, -900, -800)
    return head + cells(width * height) + b'{"tr":"S10,20L3,4","robot":[1,2]}'


PCD = (
    b"# .PCD v0.7\nVERSION 0.7\nFIELDS x y z intensity\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\nWIDTH 640\nHEIGHT 1\n"
    b"VIEWPOINT 0 0 0 1 0 0 0\nPOINTS 640\nDATA binary_compressed\n"
)
PLY = b"ply\nformat binary_little_endian 1.0\nelement vertex 12\nproperty float x\nproperty float y\nproperty float z\nend_header\n"


def las(kind: int = 1, top: float = 20.0) -> bytes:
    """The public header block of LAS 1.2."""
    head = bytearray(227)
    head[:4], head[24:26] = b"LASF", b"\1\2"
    struct.pack_into("<HIIBHI", head, 94, 227, 227, 0, kind, 28, 1000)
    struct.pack_into("<6d", head, 131, 0.01, 0.01, 0.01, 0, 0, 0)
    struct.pack_into("<6d", head, 179, top, -20.0, 20.0, -20.0, 3.0, 0.0)
    return bytes(head) + bytes(64)
