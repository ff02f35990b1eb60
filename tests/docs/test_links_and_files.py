"""Files that the docs name exist, and relative links lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [
        t.split("#")[0]
        for t in re.findall(r"\]\(([^)]+)\)", text)
        if "://" not in t and not t.startswith("#")
    ]
    missing = [t for t in links if t and not (page.parent / t).exists()]
    named = re.findall(r"`((?:docs|configs|benchmarks|examples|src|tests)/[\w./-]+\.(?:md|py|yaml))`", text)
    missing += [t for t in named if not (ROOT / t).exists()]
    assert not missing, f"{page.name} names what is not there: {missing}"
