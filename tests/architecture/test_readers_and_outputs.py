"""Files are read, and text is printed, by the modules that bound and escape them."""

import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "discover"
READERS = {"core/reading.py"}
READING = re.compile(
    r"\byaml\.(safe_)?load|\bjson\.loads?\((?!json\.dumps)|\bnp\.load\(|\bfrom (json|yaml|numpy) import"
)
# Answers from the network, not files; their size is bounded there.
FROM_NETWORK = {
    "homes/_download.py": "json.loads(answer.read(",
    "serving/llm_parser.py": "json.loads(text)",
}
PRINTERS = {"api/shown.py", "cli/console.py", "cli/entry.py"}


def source_lines() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(SOURCE)), line)
        for path in sorted(SOURCE.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def test_yaml_json_and_npz_are_read_in_one_module() -> None:
    found = [
        (name, line.strip())
        for name, line in source_lines()
        if name not in READERS
        and READING.search(line)
        and not (name in FROM_NETWORK and FROM_NETWORK[name] in line)
    ]
    assert not found


def test_tables_are_read_in_one_module() -> None:
    found = {name for name, line in source_lines() if re.search(r"\bpl\.(read|scan)_parquet\(", line)}
    assert found <= {"core/table_files.py"}


def test_terminal_output_goes_through_the_console() -> None:
    """`typer.echo` and `print` only with text that was made harmless, `markup=True` nowhere."""
    wrong = []
    for name, line in source_lines():
        if "markup=True" in line or (re.search(r"\bConsole\(", line) and name not in PRINTERS):
            wrong.append((name, line.strip()))
        plain = re.search(r"(?<![\w.])print\(|typer\.echo\(", line)
        harmless = (
            line.strip().startswith("...")
            or "terminal_text" in line
            or "__version__" in line
            or "metrics_schema()" in line
        )
        if plain and name not in PRINTERS and "def " not in line and not harmless:
            wrong.append((name, line.strip()))
    assert not wrong
