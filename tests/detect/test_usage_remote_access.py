"""The detector `usage.remote_access`: true hits, near misses, and what cannot be decided."""

from typing import Any

ID = "usage.remote_access"


def test_pass_identification_of_ssh(lab: Any) -> None:
    assert lab.values(ID, "SSH-2.0-dropbear_2022.83", where="ssh.banner") == ["SSH"]
    assert lab.sure(ID, "SSH-2.0-dropbear_2022.83", where="ssh.banner") == ["proven"]


def test_pass_version_of_a_remote_frame_buffer(lab: Any) -> None:
    assert lab.values(ID, "RFB 003.008\n", where="text") == ["VNC"]
    assert lab.values(ID, b"RFB 003.008\n\x01\x01\x00\x00\xff\xfe", where="binary") == ["VNC"]


def test_pass_request_of_remote_desktop(lab: Any) -> None:
    # TPKT version 3, length 19; X.224 of 14 bytes: connection request, references, class 0; negotiation of 8 bytes
    request = bytes.fromhex("03000013 0e e0 0000 0000 00 01 00 0800 03000000")
    assert lab.values(ID, request, where="binary") == ["RDP"]


def test_pass_login_of_a_reverse_tunnel(lab: Any) -> None:
    login = {
        "version": "0.51.3",
        "hostname": "",
        "os": "linux",
        "privilege_key": "a" * 32,
        "run_id": "",
        "timestamp": 1,
    }
    assert lab.values(ID, login, where="text") == ["frp tunnel"]


def test_fail_other_beginnings(lab: Any) -> None:
    assert lab.hits(ID, "SSH is off", where="ssh.banner") == []
    assert lab.hits(ID, "see RFB 003.008\n", where="text") == []
    assert (
        lab.hits(ID, bytes.fromhex("03000013 0e f0 0000 0000 00 01 00 0800 03000000"), where="binary") == []
    )


def test_fail_banner_that_is_told_elsewhere(lab: Any) -> None:
    assert lab.hits(ID, {"note": "SSH-2.0-dropbear"}) == []


def test_inconclusive_key_of_that_name_without_the_rest(lab: Any) -> None:
    assert lab.hits(ID, {"privilege_key": "a" * 32, "version": "1.0"}) == []
