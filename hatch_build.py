"""Build hook: compiles the optional engine where there is a C compiler; without one the wheel is pure Python."""

import os
import runpy
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NativeBuildHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Builds `iotaudit/native/_engine.*` in the source tree, and puts it into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds before hatchling collects the files; an editable install finds the library in the tree."""
        if os.environ.get("IOTAUDIT_NATIVE") == "0":
            return
        folder = Path(self.root) / "iotaudit" / "native"
        library = runpy.run_path(str(folder / "build.py"))["build"]()
        if library is None:
            self.app.display_warning(
                "no C compiler, or it failed: iotaudit is installed without its C engine"
            )
        elif version != "editable":
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"
            build_data["artifacts"].append(f"/iotaudit/native/{library.name}")
