"""Questions asked of simulated homes whose true answers are known: parsing, counting, moments.

    python -m benchmarks.quality.questions --calibrate     development seeds and wordings
    python -m benchmarks.quality.questions                 test seeds and wordings

--calibrate rewrites src/discover/serving/evidence.yaml, by which intervals hold what sensors miss and invent.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.harness import BenchmarkParser, markdown_table, write_result
from benchmarks.queries.asked import HomeAsker
from benchmarks.queries.simulated import TEMPLATES, Template, home_of_seed, true_occurrences
from discover.query import ParsedQuery
from discover.serving import evidence, refusals
from discover.serving.answer_words import NO_NUMBER
from discover.serving.answering import answer_question
from discover.serving.asker import Asker
from discover.serving.evidence import OFFSET
from discover.serving.occurrences import Occurrences
from discover.serving.replies import AskedMoment, Reply

DEVELOPMENT_SEEDS = range(3_000, 3_060)
TEST_SEEDS = range(4_000, 4_040)
DAYS = 28
TABLE = Path(evidence.__file__).with_name("evidence.yaml")
_LEAST_HOMES = 8


@dataclass(frozen=True)
class Asked:
    """One question asked of one home."""

    seed: int
    kit: str
    template: Template
    text: str
    query: ParsedQuery
    reply: Reply
    truth: Reply
    kind_of_evidence: str

    @property
    def read_rightly(self) -> bool:
        """The right question about the right thing, and nothing that was not said."""
        query, template = self.query, self.template
        names = [t.name for t in query.wanted]
        at_night = bool(query.hours) == (template.thing == "getting up" and template.asks == "how often")
        plain = not (
            query.unwanted or query.unread or query.weekdays or query.lasts or query.times or query.days
        )
        return query.asks == template.asks and names == [template.thing] and at_night and plain

    @property
    def inverted(self) -> bool:
        """The thing is read as one that must not happen."""
        return self.template.thing in [t.name for t in self.query.unwanted]

    @property
    def told(self) -> bool:
        """Whether the answer tells a number. One with too wide an interval tells none."""
        return NO_NUMBER not in self.reply.said

    @property
    def right(self) -> bool | None:
        """Whether the true value equals the answer or lies in its interval; None where it is refused."""
        if self.reply.refusal or self.reply.value is None or self.truth.value is None:
            return None
        if abs(self.reply.value - self.truth.value) < 1e-9:
            return True
        low, high = self.reply.low, self.reply.high
        return low is not None and high is not None and low <= self.truth.value <= high


@dataclass(frozen=True)
class AskedHome:
    """One home: all questions, and how well moments are found."""

    asked: tuple[Asked, ...]
    found: Mapping[str, tuple[float, float]]


def ask_home(seed: int, bank: str, homes: HomeAsker, *, wordings: int | None = None) -> AskedHome:
    """All questions in all wordings of a bank (or the first ones), asked of the home of one seed."""
    life, sensed = home_of_seed(seed, days=DAYS)
    asker, truly = homes.of(life), true_occurrences(life, sensed)
    now = asker.log_end
    asked = []
    for template in TEMPLATES:
        intended = _intended(template)
        truth = answer_question(intended, truly, now=now, top_k=0)
        if truth.refusal or truth.value is None:
            continue
        kind = asker.happened.of(intended.wanted[0], intended).kind
        for text in getattr(template, bank)[:wordings]:
            reply = asker.ask(text, top_k=0)
            asked.append(Asked(seed, life.facts["kit"], template, text, reply.query, reply, truth, kind))
    return AskedHome(tuple(asked), moments(asker, truly) if wordings is None else {})


def _intended(template: Template) -> ParsedQuery:
    """The question as it is meant."""
    night = template.thing == "getting up" and template.asks == "how often"
    return ParsedQuery.model_validate(
        {
            "text": template.development[0],
            "asks": template.asks,
            "wanted": [{"kind": "activity", "name": template.thing}],
            "hours": [(21.0, 5.0)] if night else [],
        }
    )


def calibrate() -> None:
    """Write how far counts, lengths and times of day are off in the homes of the development seeds."""
    found: dict[str, dict[str, list[float]]] = {k: defaultdict(list) for k in ("count", "hours", "clock")}
    group = {"how often": "count", "how long": "hours", "when": "clock"}
    evidence.likely_range = lambda value, low, high, *rest: (low, high, "")
    refusals.proven = lambda *rest: True
    homes = HomeAsker()
    for seed in DEVELOPMENT_SEEDS:
        for asked in ask_home(seed, "development", homes, wordings=1).asked:
            if asked.right is None:
                continue
            kind, name, how = group[asked.template.asks], asked.template.thing, asked.kind_of_evidence
            value, truth = float(asked.reply.value or 0.0), float(asked.truth.value or 0.0)
            gap = truth - value if kind == "clock" else (truth + OFFSET) / (value + OFFSET)
            for key in (f"{name} {how}", how):
                found[kind][key].append(gap)
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    for kind, rows in found.items():
        head.append(f"{kind}:")
        for key, gaps in sorted(rows.items()):
            if len(gaps) >= _LEAST_HOMES:
                # Of few homes the outermost ones: the next home lies inside with nine chances in ten or more.
                n = len(gaps)
                aside = int(0.05 * (n + 1)) - 1
                low, high = (sorted(gaps)[k] for k in (max(aside, 0), n - 1 - max(aside, 0)))
                head.append(f"  {key}: [{low:.3g}, {high:.3g}]  # {len(gaps)} homes")
    TABLE.write_text("\n".join(head) + "\n", encoding="utf-8")
    print(f"Wrote {TABLE}")


def main() -> None:
    """Calibrate, or test and write benchmarks/results/questions.md."""
    parser = BenchmarkParser(__doc__)
    parser.add_argument("--calibrate", action="store_true", help="Development homes: rewrite evidence.yaml.")
    parser.add_argument("--development", action="store_true", help="Score the development homes, no file.")
    arguments = parser.parse_args()
    if arguments.calibrate:
        calibrate()
        return
    bank = "development" if arguments.development else "test"
    seeds = DEVELOPMENT_SEEDS if arguments.development else TEST_SEEDS
    asker = HomeAsker()
    homes = [ask_home(seed, bank, asker) for seed in seeds]
    asked = [one for home in homes for one in home.asked]
    body = "\n\n".join(
        (
            _HEAD.format(n=len(seeds), days=DAYS, bank=bank),
            _by_question(asked),
            _by_kit(asked),
            _by_moment([home.found for home in homes]),
        )
    )
    print(body)
    if not arguments.development:
        print(f"Wrote {write_result('questions', 'python -m benchmarks.quality.questions', body)}")


_HEAD = (
    "{n} simulated homes of one person, {days} days each, seeds and wordings of the {bank} bank, asked as "
    "`discover ask` asks a raw log. *Number*: share of the questions whose answer tells a number; the other "
    "answers say that the interval is too wide for one. *Right*: the true value is the answer or lies in "
    "its 95 % interval, of the questions that are answered; *of those read*: of those that are read "
    "rightly. *Factor*: median of the answer over the truth (times of day: minutes late). *Width*: median "
    "width of the interval over the answer (times of day: hours)."
)


def _row(name: str, rows: Sequence[Asked]) -> tuple[object, ...]:
    answered = [a for a in rows if a.right is not None]
    understood = [a for a in answered if a.read_rightly]
    clock = all(a.template.asks == "when" for a in rows)
    values = np.array([float(a.reply.value or 0) for a in answered])
    truth = np.array([float(a.truth.value or 0) for a in answered])
    factors = 60 * (values - truth) if clock else (values + OFFSET) / (truth + OFFSET)
    widths = [
        (a.reply.high - a.reply.low) / (1.0 if clock else max(float(a.reply.value or 0), OFFSET))
        for a in answered
        if a.reply.low is not None and a.reply.high is not None
    ]
    return (
        name,
        len(rows),
        f"{np.mean([a.read_rightly for a in rows]):.2f}",
        sum(a.inverted for a in rows),
        f"{len(answered) / len(rows):.2f}",
        f"{np.mean([a.right is not None and a.told for a in rows]):.2f}",
        f"{np.mean([bool(a.right) for a in answered]):.2f}" if answered else "",
        f"{np.mean([bool(a.right) for a in understood]):.2f}" if understood else "",
        f"{np.median(factors):.2f}" if answered else "",
        f"{np.median(widths):.2f}" if widths else "",
    )


_COLUMNS = (
    "",
    "asked",
    "read rightly",
    "inverted",
    "answered",
    "number",
    "right",
    "of those read",
    "factor",
    "width",
)


def _by_question(asked: Sequence[Asked]) -> str:
    rows = [
        _row(f"{t.asks}: {t.thing}", [a for a in asked if a.template is t])
        for t in TEMPLATES
        if any(a.template is t for a in asked)
    ]
    return markdown_table(_COLUMNS, [*rows, _row("all", asked)])


def _by_kit(asked: Sequence[Asked]) -> str:
    kits = sorted({a.kit for a in asked})
    return markdown_table(_COLUMNS, [_row(kit, [a for a in asked if a.kit == kit]) for kit in kits])


_FIND = (
    ("going out", "out for more than two hours"), ("going out", "went out on a Sunday"),
    ("getting up", "up in the middle of the night"), ("sleeping", "slept for less than six hours"),
    ("breakfast", "had breakfast before eight"), ("going to bed", "went to bed after midnight"),
)  # fmt: skip


def moments(asker: Asker, truly: Occurrences) -> dict[str, tuple[float, float]]:
    """nDCG@10 and F1 of found moments; one is relevant that shares half of its time with a true one."""
    found = {}
    for _, text in _FIND:
        reply = asker.ask(text, top_k=10_000)
        truth = answer_question(reply.query, truly, now=asker.log_end, top_k=10_000)
        if reply.refusal or not truth.moments:
            continue
        relevant = [any(_same(m, t) for t in truth.moments) for m in reply.moments]
        gains = 1 / np.log2(np.arange(2, 12))
        dcg = sum(g for g, hit in zip(gains, relevant[:10], strict=False) if hit)
        recall = np.mean([any(_same(m, t) for m in reply.moments) for t in truth.moments])
        precision = float(np.mean(relevant)) if relevant else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        found[text] = (dcg / gains[: min(10, len(truth.moments))].sum(), float(f1))
    return found


def _by_moment(found: Sequence[Mapping[str, tuple[float, float]]]) -> str:
    scores = {text: [one[text] for one in found if text in one] for _, text in _FIND}
    scores["all"] = [pair for pairs in scores.values() for pair in pairs]
    rows = [
        (text, len(v), f"{np.mean([n for n, _ in v]):.2f}", f"{np.mean([f for _, f in v]):.2f}")
        for text, v in scores.items()
        if v
    ]
    return markdown_table(("moments", "homes", "nDCG@10", "F1"), rows)


def _same(a: AskedMoment, b: AskedMoment) -> bool:
    """Whether two moments share half of their time; points lie within 20 minutes."""
    shared = (min(a.end, b.end) - max(a.begin, b.begin)).total_seconds()
    union = (max(a.end, b.end) - min(a.begin, b.begin)).total_seconds()
    near = abs((a.begin - b.begin).total_seconds()) <= 1_200
    short = min(a.end - a.begin, b.end - b.begin).total_seconds() < 1_200
    return shared >= 0.5 * union or (near and short)


if __name__ == "__main__":
    main()
