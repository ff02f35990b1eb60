"""Labels that homes share: coarse labels and `described` prompts from `activity_labels.yaml`.

Evaluation only. Nothing that a model learns from reads this.
"""

import re
from functools import cache
from importlib import resources
from typing import Any

from discover.core.home import Activity, Home
from discover.core.reading import parse_yaml
from discover.homes._labels_in_lines import label_key, split_resident

__all__ = ["activity_for", "coarse_labels", "everyday_activities", "sentence_known", "with_labels"]


_STOP_WORDS = frozenset(["a", "an", "the", "my", "some", "his", "her", "their", "your", "and"])
_SAME = {
    word: one
    for one, words in {
        "prepare": "preparing prep make making made fix",
        "eat": "eating have having ate",
        "clean": "cleaning cleanup",
        "use": "using",
        "take": "taking",
        "medicine": "medication medications medicines meds pills pill drugs",
        "phone": "telephone telephoning phoning cellphone",
        "tv": "television telly",
        "toilet": "toileting wc lavatory restroom",
        "shower": "showering",
        "bathe": "bathing bath",
        "teeth": "tooth",
        "house": "residence",
        "couch": "sofa",
        "dinner": "supper",
        "guest": "guests visitor visitors",
        "trash": "garbage waste rubbish",
        "computer": "computing pc laptop",
        "clothes": "clothing clothe",
        "beverage": "beverages",
        "drink": "drinking drinks",
        "nap": "napping naps",
        "conversation": "conversing converse",
    }.items()
    for word in words.split()
}
"""Words of a label -> the word they stand for; `-ing` forms not listed here lose their ending."""


@cache
def _file() -> dict[str, Any]:
    text = resources.files("discover.homes").joinpath("activity_labels.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = parse_yaml(text, "activity_labels.yaml")
    return content


@cache
def _table() -> dict[tuple[str, ...], tuple[str, tuple[str, ...]]]:
    table: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {}
    for group in _file()["groups"]:
        for label in group["labels"]:
            table.setdefault(_words(label), (group["coarse"], tuple(group["described"])))
    return table


def _words(label: str) -> tuple[str, ...]:
    """What a label means: its words in one form each, in order of the alphabet."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", " ", label)
    kept = (word for word in spaced.lower().split() if word not in _STOP_WORDS)
    return tuple(sorted({_one_form(word) for word in kept}))


def _one_form(word: str) -> str:
    if word in _SAME or word in _SAME.values():
        return _SAME.get(word, word)
    if word.endswith("ing") and len(word) > 4:
        stem = word[:-3]
        if stem[-1] == stem[-2] and stem[-1] not in "sl":
            stem = stem[:-1]
        return _SAME.get(stem, stem)
    return word.rstrip("e") if len(word) > 4 else word


def coarse_labels() -> tuple[str, ...]:
    """All coarse labels, in a fixed order."""
    return tuple(_file()["coarse"])


def everyday_activities() -> tuple[Activity, ...]:
    """The first activity of each coarse label with its sentences, for a home that lists none."""
    first = {group["coarse"]: group["labels"][0] for group in reversed(_file()["groups"])}
    unnamed = ("other", "no_activity", "no_sensor_readings")
    return tuple(activity_for(first[c]) for c in coarse_labels() if c in first and c not in unnamed)


def sentence_known(raw: str) -> bool:
    """Whether the table has sentences for a raw label."""
    return _words(split_resident(raw)[1]) in _table()


def activity_for(raw: str, *, raws: tuple[str, ...] = ()) -> Activity:
    """The activity a raw label means: resident removed, spelling harmonised, prompts filled in.

    A label that the table does not know keeps its own words as its sentence, and coarse `other`.
    """
    plain = split_resident(raw)[1]
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain)
    label = label_key(spaced) or label_key(raw) or "other"
    words = " ".join(re.sub(r"[^\w]+|_", " ", label).split()) or label
    coarse, described = _table().get(_words(plain), ("other", (words,)))
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
        {**home.model_dump(exclude_unset=True), "activities": [a.model_dump() for a in activities.values()]}
    )
    return complete, scored
