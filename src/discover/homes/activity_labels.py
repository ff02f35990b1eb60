"""Labels that homes share: coarse labels and `described` prompts from `activity_labels.yaml`.

Evaluation only. Nothing that a model learns from reads this.
"""

from functools import cache
from importlib import resources

from discover.core.home import Activity, Home
from discover.core.reading import parse_yaml
from discover.homes._labels_in_lines import label_key, split_resident

__all__ = ["activity_for", "coarse_labels", "with_labels"]


@cache
def _table() -> dict[str, tuple[str, tuple[str, ...]]]:
    text = resources.files("discover.homes").joinpath("activity_labels.yaml").read_text(encoding="utf-8")
    groups = parse_yaml(text, "activity_labels.yaml")["groups"]
    return {label: (g["coarse"], tuple(g["described"])) for g in groups for label in g["labels"]}


def coarse_labels() -> tuple[str, ...]:
    """All coarse labels, in a fixed order."""
    text = resources.files("discover.homes").joinpath("activity_labels.yaml").read_text(encoding="utf-8")
    return tuple(parse_yaml(text, "activity_labels.yaml")["coarse"])


def activity_for(raw: str, *, raws: tuple[str, ...] = ()) -> Activity:
    """The activity a raw label means: resident removed, spelling harmonised, prompts filled in.

    A label nobody listed keeps its own words, coarse `other`, and one sentence made of them.
    """
    label = label_key(split_resident(raw)[1]) or label_key(raw) or "other"
    words = label.replace("_", " ")
    coarse, described = _table().get(label, ("other", (f"someone is busy with {words}",)))
    spellings = tuple(dict.fromkeys((raw, *raws)))
    return Activity(label=label, raw=spellings, coarse=coarse, name=words, described=described)


def with_labels(home: Home, raw_labels: list[str]) -> tuple[Home, dict[str, str]]:
    """A home that knows every raw label, and the scored label of each.

    A raw spelling belongs to a listed activity if it equals its label or one of its spellings, first as it
    stands, then without resident and regardless of case, spaces, hyphens and underscores.
    """
    activities = {a.label: a for a in home.activities}
    by_spelling: dict[str, str] = {}
    for a in home.activities:
        for spelling in (a.label, *a.raw):
            by_spelling.setdefault(label_key(spelling), a.label)
            by_spelling.setdefault(label_key(split_resident(spelling)[1]), a.label)
    scored: dict[str, str] = {}
    for raw in sorted(set(raw_labels)):
        plain = label_key(split_resident(raw)[1])
        label = by_spelling.get(label_key(raw)) or by_spelling.get(plain)
        if label is None:
            new = activity_for(raw)
            label = new.label
            activities.setdefault(label, new)
            by_spelling[label] = label
        known = activities[label]
        if raw != label and raw not in known.raw:
            activities[label] = known.model_copy(update={"raw": (*known.raw, raw)})
        scored[raw] = label
    complete = Home.model_validate(
        {**home.model_dump(), "activities": [a.model_dump() for a in activities.values()]}
    )
    return complete, scored
