"""How real do random homes look? Figures of real and simulated logs, and a classifier that tells them apart.

    python -m benchmarks.quality.realism [--without bosch_b2] [--homes 6] [--no-write]

Real logs are opened for unlabelled statistics only. Each real home is set beside random homes with the kind
of kit it has. A window is 20 events in a row. Its features know no names, rooms or types: gaps, bursts, how
long sensors stay on, repeats, how many sensors, the hour. The classifier is tested on homes it never saw: one
real home and its random homes are held out in turn, and every home counts the same. AUC 0.5: the two cannot
be told apart; 1: they always can.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.harness import ROOT, BenchmarkParser, data_root, markdown_table, write_result
from discover.core.home import Home
from discover.homes import import_log, load_home
from discover.simulator import RandomLifeConfig, SimulatorConfig, simulate_log, simulate_random

__all__ = ["FEATURES", "REAL", "statistics_of", "told_apart", "window_features"]

REAL = {
    "bosch_b2": ("casas/bosch_b2/data.gz", "dense_motion"),
    "tm000": ("casas/tm000_unlabelled/tm000.multiday_absence.txt.gz", "casas_rooms"),
    "homeassist_1": ("homeassist/home1_2017/Home1_2017.csv.gz", "sparse_pir"),
    "van_kasteren_a": ("van_kasteren/houseA", "contacts"),
    "van_kasteren_b": ("van_kasteren/houseB", "contacts"),
    "ordonez_a": ("uci_adl_binary/ordonezA", "mats"),
    "ordonez_b": ("uci_adl_binary/ordonezB", "mats"),
    "mit_1": ("mit_tapia/subject1", "objects"),
    "mit_2": ("mit_tapia/subject2", "objects"),
}
"""Real home -> its log in the data folder, and the kind of kit it has."""

WINDOW = 20
FEATURES = (
    "gap p10", "gap p25", "gap p50", "gap p75", "gap p90", "largest gap", "span", "gaps < 1 s", "gaps < 5 s",
    "gaps > 60 s", "sensors", "entropy", "same sensor next", "there and back", "ends", "on p25", "on p50",
    "on p90", "still on", "hour sin", "hour cos",
)  # fmt: skip
_ENDS = ("OFF", "CLOSE", "PRESENT", "END", "STOP")
_MOST = 400


@dataclass(frozen=True)
class HomeLog:
    """One home's log: seconds, sensor codes, whether an event ends something."""

    name: str
    kit: str
    time_s: NDArray[np.float64]
    sensor: NDArray[np.int64]
    end: NDArray[np.bool_]

    @property
    def days(self) -> float:
        """Days with events."""
        return float(len(np.unique(self.time_s // 86_400)))


def home_log(name: str, kit: str, events: pl.DataFrame, home: Home) -> HomeLog:
    """The events of sensors that show activity."""
    shown = [s.id for s in home.sensors if s.is_activity]
    events = events.filter(pl.col("sensor").cast(pl.String).is_in(shown))
    state = events["state"].cast(pl.String)
    end = state.is_in(_ENDS) | ((state == "VALUE") & (events["value"].fill_null(0.0) <= 0))
    seconds = events["time"].dt.timestamp("us").to_numpy() / 1e6
    return HomeLog(
        name, kit, seconds, events["sensor"].to_physical().to_numpy().astype(np.int64), end.to_numpy()
    )


def real_log(name: str) -> HomeLog | None:
    """A real home's log, None where its data is not there."""
    root = data_root()
    path, kit = REAL[name]
    if root is None or not (root / path).exists():
        return None
    log = import_log(root / path, home=load_home(name)).log
    return home_log(name, kit, log.events, log.home)


def random_logs(kit: str, number: int, seed: int, days: int = 10) -> list[HomeLog]:
    """Logs of random homes with one kit."""
    lives = [simulate_random(RandomLifeConfig(seed=seed + i, days=days, kit=kit)) for i in range(number)]
    return [home_log(f"{kit} {i}", kit, life.events, life.true_home) for i, life in enumerate(lives)]


def earlier_logs(name: str, number: int) -> list[HomeLog]:
    """Logs of the simulator that lives in a home file, here in the real home's own layout."""
    home = load_home(name)
    logs = [simulate_log(home, SimulatorConfig(days=10, seed=s)) for s in range(number)]
    return [home_log(f"{name} {s}", REAL[name][1], log.events, log.home) for s, log in enumerate(logs)]


def _on_seconds(log: HomeLog) -> NDArray[np.float64]:
    """Seconds until the same sensor ends what each event begins; NaN for ends and what never ends."""
    order = np.lexsort((np.arange(len(log.sensor)), log.sensor))
    sensor, time, end = log.sensor[order], log.time_s[order], log.end[order]
    ends_next = np.append((sensor[1:] == sensor[:-1]) & end[1:] & ~end[:-1], False)
    found = np.full(len(order), np.nan)
    found[order[ends_next]] = (np.append(time[1:], np.nan) - time)[ends_next]
    return found


def window_features(log: HomeLog) -> NDArray[np.float64]:
    """Features of up to 400 windows of 20 events, spread evenly over the log, (W, F)."""
    n = len(log.time_s) // WINDOW
    chosen = np.unique(np.linspace(0, n - 1, min(n, _MOST)).astype(int)) if n else np.zeros(0, dtype=int)
    rows = chosen[:, None] * WINDOW + np.arange(WINDOW)
    time, sensor, end = log.time_s[rows], log.sensor[rows], log.end[rows]
    on = np.log1p(_on_seconds(log)[rows])
    gap = np.maximum(np.diff(time, axis=1), 0.0)
    log_gap = np.log1p(gap)
    same = sensor[:, :, None] == sensor[:, None, :]
    share = same.mean(axis=2)
    dwell = np.full((len(rows), 3), -1.0)
    some = ~np.isnan(on).all(axis=1)
    if some.any():
        dwell[some] = np.nanquantile(on[some], (0.25, 0.5, 0.9), axis=1).T
    hour = (time[:, 0] % 86_400) / 86_400 * 2 * np.pi
    same_next = (sensor[:, 1:] == sensor[:, :-1]).mean(axis=1)
    back = ((sensor[:, 2:] == sensor[:, :-2]) & (sensor[:, 1:-1] != sensor[:, :-2])).mean(axis=1)
    gaps = [*np.quantile(log_gap, (0.1, 0.25, 0.5, 0.75, 0.9), axis=1), log_gap.max(axis=1)]
    bursts = [np.log1p(time[:, -1] - time[:, 0]), *((gap < s).mean(axis=1) for s in (1, 5))]
    order = [
        (1 / same.sum(axis=2)).sum(axis=1),
        -np.log(share).mean(axis=1),
        same_next,
        back,
        end.mean(axis=1),
    ]
    ons = [*dwell.T, np.isnan(on).mean(axis=1)]
    columns = [*gaps, *bursts, (gap > 60).mean(axis=1), *order, *ons, np.sin(hour), np.cos(hour)]
    return np.stack(columns, axis=1)


def statistics_of(log: HomeLog) -> dict[str, float]:
    """Figures of a whole log."""
    gap = np.maximum(np.diff(log.time_s), 0.0)
    on = _on_seconds(log)
    on = on[~np.isnan(on)]
    begins = ~log.end
    per_day = np.unique(log.time_s // 86_400, return_counts=True)[1]
    hour = log.time_s % 86_400 / 3600
    order = log.sensor[begins]
    return {
        "events a day": float(np.median(per_day)),
        "day to day, p90/p10": float(np.quantile(per_day, 0.9) / max(np.quantile(per_day, 0.1), 1)),
        "sensors": float(len(np.unique(log.sensor))),
        "events 0-6 h, %": 100 * float((hour < 6).mean()),
        "events 17-22 h, %": 100 * float(((hour >= 17) & (hour < 22)).mean()),
        "gap p50, s": float(np.median(gap)),
        "gap p90, s": float(np.quantile(gap, 0.9)),
        "gap p99, s": float(np.quantile(gap, 0.99)),
        "gaps < 1 s, %": 100 * float((gap < 1).mean()),
        "gaps < 5 s, %": 100 * float((gap < 5).mean()),
        "on p50, s": float(np.median(on)) if len(on) else float("nan"),
        "on p90, s": float(np.quantile(on, 0.9)) if len(on) else float("nan"),
        "same sensor begins next, %": 100 * float((order[1:] == order[:-1]).mean()),
        "there and back, %": 100 * float(((order[2:] == order[:-2]) & (order[1:-1] != order[:-2])).mean()),
    }


def told_apart(
    real: Sequence[HomeLog], made: Sequence[Sequence[HomeLog]]
) -> tuple[float, dict[str, float], dict[str, float]]:
    """AUC over all held-out windows, AUC per held-out real home, and |2 AUC - 1| of each feature alone.

    Args:
        real: Real homes.
        made: Simulated homes that stand beside each of them.
    """
    x, y, group, weight = [], [], [], []
    for g, (home, others) in enumerate(zip(real, made, strict=True)):
        for log, label in ((home, 1), *((o, 0) for o in others)):
            rows = window_features(log)
            x.append(rows)
            y.append(np.full(len(rows), label))
            group.append(np.full(len(rows), g))
            weight.append(np.full(len(rows), 1 / max(len(rows), 1) / (1 if label else len(others))))
    X, Y, G, W = (np.concatenate(parts) for parts in (x, y, group, weight))
    score = np.zeros(len(Y))
    per_home = {}
    for g, home in enumerate(real):
        test = g == G
        model = HistGradientBoostingClassifier(
            max_iter=120, learning_rate=0.08, max_leaf_nodes=15, min_samples_leaf=40, random_state=0
        )
        model.fit(X[~test], Y[~test], sample_weight=W[~test] / W[~test].mean())
        score[test] = model.decision_function(X[test])
        per_home[home.name] = float(roc_auc_score(Y[test], score[test], sample_weight=W[test]))
    pooled = float(roc_auc_score(Y, score, sample_weight=W))
    alone = {
        name: abs(2 * float(roc_auc_score(Y, X[:, i], sample_weight=W)) - 1)
        for i, name in enumerate(FEATURES)
    }
    return pooled, per_home, alone


def known_home_auc(home: HomeLog, others: Sequence[HomeLog]) -> float:
    """AUC on the second halves of a real home and its random homes, by a classifier that saw the first.

    An upper bound: a classifier that has seen a home recognises it, real or not.
    """
    rows = [window_features(log) for log in (home, *others)]
    first = [x[: len(x) // 2] for x in rows]
    second = [x[len(x) // 2 :] for x in rows]

    def joined(parts: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.bool_], Any]:
        label = np.concatenate([np.full(len(x), k == 0) for k, x in enumerate(parts)])
        weight = np.where(label, 1 / label.sum(), 1 / (~label).sum())
        return np.concatenate(parts), label, weight / weight.mean()

    x, y, w = joined(first)
    model = HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=20, random_state=0).fit(
        x, y, sample_weight=w
    )
    x, y, w = joined(second)
    return float(roc_auc_score(y, model.decision_function(x), sample_weight=w))


def statistics_table(real: Sequence[HomeLog], made: Sequence[Sequence[HomeLog]]) -> str:
    """Each real figure beside the 10-90 % range of the random homes of its kit; * where it lies outside."""
    own = [statistics_of(home) for home in real]
    theirs = [[statistics_of(o) for o in others] for others in made]
    rows, outside = [], 0
    for name in own[0]:
        cells = []
        for mine, others in zip(own, theirs, strict=True):
            low, high = np.nanquantile([t[name] for t in others], (0.1, 0.9))
            out = not low <= mine[name] <= high
            outside += out
            cells.append(f"{mine[name]:.3g}{'*' if out else ''} ({low:.3g}–{high:.3g})")
        rows.append((name, *cells))
    table = markdown_table(("figure", *(home.name for home in real)), rows)
    total = len(real) * len(rows)
    return f"{table}\n\nOutside the range: {outside} of {total} figures (20 % would be, were they alike)."


def picture(real: Sequence[HomeLog], made: Sequence[Sequence[HomeLog]], path: Path) -> None:
    """Gaps, seconds on and hours of the day, real (black) and random (colour), one row per home."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(real), 3, figsize=(11, 1.9 * len(real)), squeeze=False)
    for row, home, others in zip(axes, real, made, strict=True):
        for log in (*others, home):
            style = (
                {"color": "black", "lw": 1.6}
                if log is home
                else {"color": "tab:orange", "lw": 0.7, "alpha": 0.8}
            )
            gap = np.sort(np.maximum(np.diff(log.time_s), 1e-3))
            on = np.sort(_on_seconds(log))
            on = np.maximum(on[~np.isnan(on)], 1e-3)
            row[0].plot(
                gap[:: max(len(gap) // 500, 1)],
                np.linspace(0, 1, len(gap[:: max(len(gap) // 500, 1)])),
                **style,
            )
            if len(on):
                row[1].plot(
                    on[:: max(len(on) // 500, 1)],
                    np.linspace(0, 1, len(on[:: max(len(on) // 500, 1)])),
                    **style,
                )
            hours = np.bincount((log.time_s % 86_400 // 3600).astype(int), minlength=24)
            row[2].plot(hours / hours.sum(), **style)
        row[0].set_xscale("log")
        row[1].set_xscale("log")
        row[0].set_ylabel(home.name, fontsize=8)
        for axis in row:
            axis.tick_params(labelsize=7)
    for axis, title in zip(
        axes[0], ("gap to the next event, s", "time on, s", "share of events by hour"), strict=True
    ):
        axis.set_title(title, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    """Measure and write benchmarks/results/realism.md with its picture."""
    parser = BenchmarkParser(__doc__, writes=False)
    parser.add_argument("--without", nargs="*", default=[], help="real homes to leave out, e.g. while tuning")
    parser.add_argument("--homes", type=int, default=6, help="simulated homes per real home")
    parser.add_argument("--seed", type=int, default=900_000)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--skip-earlier", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    real = [log for name in REAL if name not in chosen.without and (log := real_log(name))]
    made = [random_logs(log.kit, chosen.homes, chosen.seed + 1000 * i) for i, log in enumerate(real)]
    parts = []
    results = {"random homes": told_apart(real, made)}
    if not chosen.skip_earlier:
        earlier = [earlier_logs(log.name, min(chosen.homes, 4)) for log in real]
        results = {"simulator in the real home's own layout": told_apart(real, earlier), **results}
    columns = ("simulated logs", "AUC, all held-out homes", "mean of homes", *(log.name for log in real))
    rows = [
        (name, f"{auc:.3f}", f"{np.mean(list(per.values())):.3f}", *(f"{per[log.name]:.2f}" for log in real))
        for name, (auc, per, _) in results.items()
    ]
    known = [known_home_auc(home, others) for home, others in zip(real, made, strict=True)]
    bound = "random homes, the classifier has seen this home's first half"
    rows.append((bound, "–", f"{np.mean(known):.3f}", *(f"{k:.2f}" for k in known)))
    parts.append(markdown_table(columns, rows))
    alone = results["random homes"][2]
    strongest = sorted(alone, key=lambda f: -alone[f])[:8]
    parts.append(
        "Features that tell most alone (|2 AUC - 1|): "
        + ", ".join(f"{f} {alone[f]:.2f}" for f in strongest)
        + "."
    )
    parts.append(statistics_table(real, made))
    text = "\n\n".join(parts)
    print(text)
    if chosen.no_write:
        return
    picture(real, made, ROOT / "benchmarks" / "results" / "realism.png")
    command = f"python -m benchmarks.quality.realism --homes {chosen.homes}"
    note = "![real and random homes](realism.png)"
    print(f"Wrote {write_result('realism', command, text + chr(10) * 2 + note)}")


if __name__ == "__main__":
    main()
