"""Docstrings are wrapped as prose: no line breaks in the middle of a sentence long before the limit."""

import ast
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "discover"
LIMIT = 110
# A line may end this many characters before the limit, counted with the next word: editors wrap differently.
SLACK = 20
VERBATIM = re.compile(r"   |>>>|\t|→ |-> |^\d+[-:/]|[=∑]")


def broken_lines(text: str) -> list[tuple[int, str]]:
    """(line number, line) of docstring lines that end early although a lower-case line continues them."""
    lines = text.splitlines()
    found = []
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        if not isinstance(node.value.value, str):
            continue
        for i in range(node.lineno - 1, (node.end_lineno or node.lineno) - 1):
            line, following = lines[i].rstrip(), lines[i + 1]
            indent, next_indent = (len(x) - len(x.lstrip()) for x in (line, following))
            word = (following.split() or [""])[0]
            prose = re.match(r"[a-z(`\"]", word) and not re.match(r"[\w`, ]+: ", following.strip())
            if not prose or next_indent < indent or line.endswith((".", ":", ";")) or not line.strip():
                continue
            verbatim = VERBATIM.search(line.strip()) or VERBATIM.search(following.strip())
            if len(line) + 1 + len(word) <= LIMIT - SLACK and not verbatim and word.strip('"'):
                found.append((i + 1, line.strip()))
    return found


def test_no_docstring_line_breaks_by_accident() -> None:
    broken = {
        f"{path.relative_to(SOURCE)}:{number}": line
        for path in sorted(SOURCE.rglob("*.py"))
        for number, line in broken_lines(path.read_text(encoding="utf-8"))
    }
    assert not broken


def test_a_broken_line_is_found() -> None:
    text = '''
def f():
    """Find the moments of a log.

    A sentence vector reflects neither absence, nor duration, nor movement in time and space ("from the
    kitchen into the living room"), so the
    words are read. This sentence ends here.
    another paragraph may begin in lower case.

        loss = 1/B sum_ij
            m_ij
    """
'''
    assert [line for _, line in broken_lines(text)] == ['kitchen into the living room"), so the']
