"""Options of the whole suite, and what a test may ask of the machine."""

import os
import shutil
from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-update", action="store_true", help="write the expected audits again; read the diff")


@pytest.fixture(autouse=True, scope="session")
def no_knowledge_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps what is installed on this machine out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IOTAUDIT_DATA", str(tmp_path_factory.mktemp("user") / "none"))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, lacking in (
            ("root", _lacks_root()),
            ("tshark", "" if shutil.which("tshark") else "tshark is not installed"),
            ("chromium", "" if shutil.which("chromium") else "chromium is not installed"),
        ):
            if lacking and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=lacking))


def _lacks_root() -> str:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "needs root for network namespaces"
    for program in ("unshare", "ip"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return ""
