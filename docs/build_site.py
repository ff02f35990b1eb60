"""Build the documentation site: stage the pages, then let zensical check every link and write HTML.

The pages keep their places relative to each other, so that a link works in the repository and on the site.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "pages"
_FOLDERS = (
    "docs", "configs", "examples", "benchmarks/results", "benchmarks/queries",
    "src/discover/pretraining/weights",
)  # fmt: skip
_FILES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "CITATION.cff")


def stage() -> None:
    """Copy what the pages need below `build/pages`; the README is the first page."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for folder in _FOLDERS:
        shutil.copytree(
            ROOT / folder, PAGES / folder, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors")
        )
    for name in _FILES:
        shutil.copy(ROOT / name, PAGES / name)
    (PAGES / "README.md").rename(PAGES / "index.md")


def main() -> int:
    """Stage and build; the exit code is not 0 where a link leads nowhere."""
    stage()
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
