"""Start the app in Home Assistant's container: import the recorder once, then serve and sync the home."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONFIG, DATA = Path("/homeassistant"), Path("/data")
DATABASE, PORT = "home-assistant_v2.db", "8099"


def commands(options: dict[str, object], config: Path, data: Path) -> list[list[str]]:
    """What is run, in this order; the last one stays."""
    home = str(data / "home")
    if (data / "home").is_dir():
        first = ["discover", "sync", home]
    else:
        source = str(options.get("database") or config / DATABASE)
        first = ["discover", "import", "ha", source, "-o", home, "--config", str(config), "--name", "home"]
        first += ["--pseudonyms"] if options.get("pseudonyms") else []
    app = ["discover", "app", home, "--workspace", str(data / "work"), "--port", PORT, "--no-browser"]
    app += ["--behind-ingress", "--sync-every", str(options.get("sync_minutes", 15))]
    app += ["--writable"] if options.get("writable") else []
    return [first, app]


def main() -> None:
    """Run them. A first import that fails ends the app; a sync that fails is tried again while it serves."""
    options = json.loads((DATA / "options.json").read_text(encoding="utf-8"))
    known = (DATA / "home").is_dir()
    first, app = commands(options, CONFIG, DATA)
    done = subprocess.run(first, check=False)
    if done.returncode and not known:
        sys.exit(done.returncode)
    if options.get("token"):
        os.environ["DISCOVER_APP_TOKEN"] = str(options["token"])
    os.execvp(app[0], app)


if __name__ == "__main__":
    main()
