"""Run measurements and keep their tables.

    python -m benchmarks                       every speed theme with its defaults
    python -m benchmarks reader sampling       some themes
    python -m benchmarks simulator -- --days 7 one theme with its own options

Each theme is a module of benchmarks/speed that prints Markdown; what it prints goes to
benchmarks/results/speed_<theme>.md with the machine, the commit and the command. Quality and reliability
take longer and have commands of their own: benchmarks.quality.recognition, benchmarks.reliability.kills.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.harness import ROOT, BenchmarkParser, write_result

THEMES = tuple(sorted(p.stem for p in (ROOT / "benchmarks/speed").glob("*.py") if p.stem != "__init__"))


def main() -> None:
    """Run the themes asked for; a failing one is named at the end and makes the exit code 1."""
    arguments, extra = sys.argv[1:], []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, extra = arguments[:cut], arguments[cut + 1 :]
    parser = BenchmarkParser(__doc__)
    parser.add_argument(
        "themes", nargs="*", choices=[*THEMES, []], default=[], metavar="THEME", help=", ".join(THEMES)
    )
    themes = parser.parse_args(arguments).themes or THEMES
    if extra and len(themes) != 1:
        parser.error("options after -- belong to one theme")
    failed = []
    for theme in themes:
        print(f"== {theme}", file=sys.stderr)
        command = [sys.executable, "-m", f"benchmarks.speed.{theme}", *extra]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            failed.append(theme)
            continue
        # Where a log lies is nobody's business; which one it is, the table says.
        named = ["FILE" if Path(part).is_absolute() else part for part in extra]
        shown = " ".join(["python -m benchmarks", theme, *(["--", *named] if named else [])])
        name = f"speed_{theme}" + ("_gpu" if "--gpu" in extra else "")
        path = write_result(name, shown, done.stdout.strip())
        print(done.stdout, f"Wrote {path}", sep="\n")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
