"""The viewer that ships is what its sources build, is small, and needs no looser rules of the browser."""

import gzip
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "src" / "discover" / "app" / "static"


def source_hash() -> str:
    """The hash that frontend/build.mjs writes: names and bytes of all sources, in order of name."""
    files = [p for p in (FRONTEND / "src").rglob("*") if p.is_file()]
    files += [FRONTEND / n for n in ("build.mjs", "package.json", "package-lock.json", "tsconfig.json")]
    found = hashlib.sha256()
    for name, path in sorted((path.relative_to(FRONTEND).as_posix(), path) for path in files):
        found.update(f"{name}\n".encode() + path.read_bytes())
    return found.hexdigest()


def test_the_bundle_was_built_from_these_sources() -> None:
    """Fails when a source was changed and `make app` was not run, also where node is not installed."""
    assert (STATIC / "sources.sha256").read_text().strip() == source_hash()


def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; the recorded hash of the sources is compared instead")
    if not (FRONTEND / "node_modules" / "esbuild").is_dir():
        pytest.skip("frontend/node_modules is missing (`npm ci` in frontend/); the recorded hash is compared")
    subprocess.run([node, "build.mjs", str(tmp_path)], cwd=FRONTEND, check=True, timeout=60)
    built = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    shipped = {p.name: p.read_bytes() for p in STATIC.iterdir()}
    assert built.keys() == shipped.keys()
    assert [name for name in built if built[name] != shipped[name]] == []


def test_the_bundle_is_small() -> None:
    """60 kB for everything that a first visit loads: it opens at once, also on a slow machine in the home."""
    for loaded in (("index.html", "app.js", "app.css", "icon.svg"), ("widget.js",)):
        assert sum(len(gzip.compress((STATIC / name).read_bytes())) for name in loaded) <= 60_000


def test_the_page_has_no_inline_script_or_style_and_asks_nobody_else() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    for name in ("index.html", "app.js", "app.css", "widget.js"):
        addresses = re.findall(r"https?://[^\s\"'`)]+", (STATIC / name).read_text())
        # Names of the XML namespaces that preact sets on elements; nothing is fetched from them.
        assert [a for a in addresses if not a.startswith("http://www.w3.org/")] == [], name
