"""The detector `device.logs`: true hits, near misses, and what cannot be decided."""

import io
import struct
import zipfile
from typing import Any

ID = "device.logs"


def test_true_three_lines_in_a_row(lab: Any) -> None:
    assert lab.values(
        ID,
        "11-24 22:00:01.123  1200  1201 I navd: a\n11-24 22:00:02.123  1200  1201 W navd: b\n11-24 22:00:03.123  1200  1201 E navd: c\n",
    ) == ["logcat lines"]


def test_true_trace(lab: Any) -> None:
    assert lab.values(ID, {"err": "Traceback (most recent call last):\n  File x"}) == [
        "stack trace"
    ]


def elf(kind: int, *, segments: int = 3) -> bytes:
    """Gives an ELF head: 64 bit, little-endian, version; type, AArch64, version; number of segments; its end."""
    head = b"\x7fELF" + bytes.fromhex("02 01 01") + bytes(9) + struct.pack("<HHI", kind, 0xB7, 1)
    return head.ljust(56, b"\0") + struct.pack("<H", segments) + bytes(40)


def test_true_core_dump_is_proven(lab: Any) -> None:
    assert lab.sure(ID, elf(4)) == ["proven"]


def test_near_miss_two_lines(lab: Any) -> None:
    assert (
        lab.hits(
            ID,
            "11-24 22:00:01.123  1200  1201 I navd: a\n11-24 22:00:02.123  1200  1201 W navd: b\n",
        )
        == []
    )


def test_near_miss_program_instead_of_core(lab: Any) -> None:
    assert lab.hits(ID, elf(2)) == []


def test_undecidable_word_panic_alone(lab: Any) -> None:
    assert lab.hits(ID, {"button": "panic alarm, please press"}) == []


def test_true_message_of_syslog(lab: Any) -> None:
    assert lab.values(ID, "navd: battery low, going home", where="syslog.message") == ["syslog message"]
    assert lab.hits(ID, "navd: battery low, going home", where="http.body") == []


def test_pass_traces_of_other_runtimes(lab: Any) -> None:
    java = "Boot failed\n" + "".join(f"\n\tat com.vendor.Part.run(Part.java:{at})" for at in range(4))
    for text in (java, "goroutine 1 [running]:\nmain.main()", "thread 'main' panicked at src/main.rs:4:5",
                 "signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0"):
        assert lab.values("device.logs", {"text": text}) == ["stack trace"], text


def test_pass_dated_lines(lab: Any) -> None:
    lines = "".join(f"2026-11-24 08:00:0{at},123 [main] INFO brush: turned\n" for at in range(3))
    assert lab.values("device.logs", lines) == ["log lines"]


def test_fail_two_dated_lines_and_dates_without_a_level(lab: Any) -> None:
    lines = [f"2026-11-24 08:00:0{at} the brush turned\n" for at in range(5)]
    assert lab.hits("device.logs", "".join(lines)) == []


def test_core_dump_needs_its_byte_order(lab: Any) -> None:
    head = elf(4)
    assert lab.values("device.logs", head) == ["core dump"]
    assert lab.hits("device.logs", head[:5] + b"\x02" + head[6:]) == []


def test_near_miss_a_core_without_segments(lab: Any) -> None:
    assert lab.hits("device.logs", elf(4, segments=0)) == []


def test_pass_minidump(lab: Any) -> None:
    assert lab.values("device.logs", b"MDMP\x93\xa7\x00\x00" + bytes.fromhex("09000000 20000000") + bytes(64)) == [
        "minidump"
    ]


def test_pass_an_archive_of_logs(lab: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(zipfile.ZipInfo("robot/kernel.log"), b"\0\1\2")
    assert lab.values("device.logs", packed.getvalue()) == ["archive"]
    assert lab.hits("device.logs", packed.getvalue().replace(b"kernel.log", b"kernel.bin")) == []
