"""The detector `device.installed_apps`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "device.installed_apps"
APPS = [
    "com.vendor.map",
    "com.vendor.ota",
    "com.android.shell",
    "org.example.player",
    "com.vendor.speech.engine",
]


def test_pass_five_package_names(lab: Any) -> None:
    names = [name if name.count(".") > 1 else name + ".main" for name in APPS]
    assert lab.values(ID, {"installed_apps": names}) == ["installed software"]
    assert lab.values(ID, {"packages": ";".join(names)}) == ["installed software"]


def test_pass_programs_with_versions_or_numbers(lab: Any) -> None:
    rows = [{"name": f"part{at}", "version": f"1.{at}"} for at in range(5)]
    assert lab.values(ID, {"software": rows}) == ["installed software"]
    assert lab.values(ID, {"processes": [{"name": f"p{at}", "pid": at} for at in range(6)]}) == [
        "installed software"
    ]


def test_pass_output_of_the_package_managers(lab: Any) -> None:
    assert lab.values(ID, "".join(f"package:{name}\n" for name in APPS)) == ["installed software"]
    rows = "".join(f"ii  lib{at}:arm64  1.{at}-2  arm64  a library\n" for at in range(6))
    assert lab.values(ID, {"packages": rows}) == ["installed software"]


def test_pass_process_table(lab: Any) -> None:
    rows = "".join(f"root {at} 0.0 /usr/bin/part{at}\n" for at in range(1, 7))
    assert lab.values(ID, {"process_list": "USER PID %CPU COMMAND\n" + rows}) == ["process list"]


def test_fail_four_names_and_host_names(lab: Any) -> None:
    assert (
        lab.hits(ID, {"installed_apps": ["com.vendor.map.a", "com.vendor.ota.b", "com.a.b.c", "com.a.b.d"]})
        == []
    )
    assert lab.hits(ID, {"packages": [f"cdn{at}.vendor.com" for at in range(8)]}) == []


def test_fail_the_same_name_five_times(lab: Any) -> None:
    assert lab.hits(ID, {"packages": ["com.vendor.map.a"] * 8}) == []


def test_inconclusive_names_without_a_version_are_not_reported(lab: Any) -> None:
    assert lab.hits(ID, {"apps": [{"name": f"tile {at}"} for at in range(9)]}) == []
