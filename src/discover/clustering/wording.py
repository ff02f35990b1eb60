"""Words for clusters: a short title and one sentence per cluster, deterministic.

`PlainWording` needs no model. Another `Wording` (for example one with a language model) may be passed
instead; it receives the profile, which holds no label and no sensor id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from discover.clustering.profiles import ClusterProfile, Thing
from discover.core.day_parts import DAY_PARTS

__all__ = [
    "ClusterWords",
    "PlainWording",
    "Wording",
    "hour_ranges",
    "hour_words",
    "length_words",
    "share_words",
    "word_clusters",
]

_NAMED_SHARE = 0.5
_SOMETIMES_SHARE = 0.25
_UNLIKE_NAMESAKES = 1.5
_WALK_S = 300.0
_HOURS_COVERED = 0.6
_WHEN_COVERED = 0.6
_WHEN_LIFT = 1.25

# Rooms that people pass through: they are no destination of a walk.
_PASSAGES = ("hallway", "corridor", "stairs", "landing")

# Neighbouring parts of the day that get one name when both are typical.
_WHEN: tuple[tuple[frozenset[int], str], ...] = (
    (frozenset({0}), "in the middle of the night"),
    (frozenset({1}), "in the early morning"),
    (frozenset({2}), "in the late morning"),
    (frozenset({3}), "in the afternoon"),
    (frozenset({4}), "in the evening"),
    (frozenset({5}), "late in the evening"),
    (frozenset({0, 5}), "at night"),
    (frozenset({1, 2}), "in the morning"),
    (frozenset({0, 1}), "at night and in the early morning"),
    (frozenset({2, 3}), "around noon"),
    (frozenset({3, 4}), "in the afternoon and evening"),
    (frozenset({4, 5}), "in the evening"),
    (frozenset({1, 4}), "in the early morning and evening"),
    (frozenset({2, 4}), "in the late morning and evening"),
)


@dataclass(frozen=True)
class ClusterWords:
    """Title and sentence of a cluster."""

    title: str
    sentence: str


class Wording(Protocol):
    """Turns a profile into words; must give the same words for the same profile."""

    def word(self, profile: ClusterProfile) -> ClusterWords:
        """Title and sentence."""
        ...


class PlainWording:
    """Words by rule: what is in most of its windows, where, when and how long.

    A title names only objects and rooms that are in at least half of the cluster's windows. Where these lie
    in several rooms and the episodes are short, it is a walk: "Between kitchen and bedroom". Where it is sure
    what is done, that comes first: "Meal preparation, kitchen, 17–19 h".
    """

    def word(self, profile: ClusterProfile) -> ClusterWords:
        """Title such as "Kitchen sink in the morning", and a sentence with the numbers behind it."""
        if profile.activity:
            rooms = [room.words for room in _common(profile.rooms)[:1]]
            title = _with_hours(profile, (), ", ".join([profile.activity, *rooms]))
        else:
            title = " ".join(filter(None, (_what(profile), _when(profile))))
        return ClusterWords(title[:1].upper() + title[1:], _sentence(profile))


def word_clusters(profiles: Sequence[ClusterProfile], wording: Wording | None = None) -> list[ClusterWords]:
    """Words of all clusters; equal titles get a distinguishing feature, else a number."""
    writer = wording or PlainWording()
    words = [writer.word(p) for p in profiles]
    titles = [w.title for w in words]
    for make in (_with_thing, _with_hours, _with_length):
        for title in sorted({t for t in titles if titles.count(t) > 1}):
            same = [i for i, t in enumerate(titles) if t == title]
            for i in same:
                titles[i] = make(profiles[i], [profiles[j] for j in same if j != i], title)
    for title in {t for t in titles if titles.count(t) > 1}:
        for number, i in enumerate((i for i, t in enumerate(titles) if t == title), start=1):
            titles[i] = f"{title} ({number})"
    return [ClusterWords(t, w.sentence) for t, w in zip(titles, words, strict=True)]


def hour_ranges(hours: Sequence[float], *, covered: float = _HOURS_COVERED) -> list[tuple[int, int]]:
    """Fewest hours of day that hold `covered` of the windows, as ranges [begin, end); at most three.

    A single hour missing between two ranges is taken in. A range over midnight ends before it begins:
    (22, 5). Nothing is returned when more than half of the day would be named, or no window is there.
    """
    if sum(hours) <= 0:
        return []
    order = sorted(range(24), key=lambda h: (-hours[h], h))
    picked: set[int] = set()
    held = 0.0
    for hour in order:
        picked.add(hour)
        held += hours[hour]
        if held >= covered * sum(hours) - 1e-9:
            break
    picked |= {h for h in range(24) if (h - 1) % 24 in picked and (h + 1) % 24 in picked}
    if len(picked) > 12:
        return []
    begins = sorted(h for h in picked if (h - 1) % 24 not in picked)
    ranges = []
    for begin in begins:
        end = begin
        while end % 24 in picked:
            end += 1
        ranges.append((begin, end % 24 if end > 24 else end))
    ranges.sort(key=lambda r: -sum(hours[h % 24] for h in range(r[0], r[1] if r[1] > r[0] else r[1] + 24)))
    return sorted(ranges[:3])


def hour_words(hours: Sequence[float]) -> str:
    """`hour_ranges` as words: "7–9 h and 17–19 h", or "at all hours"."""
    ranges = hour_ranges(hours)
    return _join([f"{a}–{b} h" for a, b in ranges]) if ranges else "at all hours"


def share_words(share: float, digits: int = 0) -> str:
    """A share as text, as in every table: "97 %"."""
    return f"{100 * share:.{digits}f} %"


def length_words(seconds: float) -> str:
    """A duration as text, as in every table: "35 s", "2 min", "1.5 h"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _what(profile: ClusterProfile) -> str:
    """What is in at least half of the windows: objects by room, then rooms of which no object is named."""
    rooms = _common(profile.rooms)
    ends: dict[str, list[str]] = {}
    for thing in _common(profile.objects)[:2]:
        place = thing.room or (rooms[0].words if rooms else "")
        ends.setdefault(place, []).append(thing.words)
    passages = [r for r in rooms if any(word in r.words for word in _PASSAGES)]
    for room in rooms:
        if room not in passages:
            ends.setdefault(room.words, [room.words])
    if len(ends) < 2 and not _common(profile.objects):
        ends |= {r.words: [r.words] for r in passages[:1]}
    if not ends:
        return "movement through the home" if profile.rooms else "sensor events without a place"
    if len(ends) == 1:
        return _join(next(iter(ends.values())))
    place = _join([words[0] for words in ends.values()][:3])
    return f"between {place}" if profile.episode_s <= _WALK_S else place


def _common(things: Sequence[Thing]) -> list[Thing]:
    """What is in at least half of the windows and no rarer than elsewhere, most frequent first."""
    named = [t for t in things if t.share >= _NAMED_SHARE and t.lift >= 1 - 1e-9]
    return sorted(named, key=lambda t: (-round(t.share, 2), -round(t.lift, 2), t.words))


def _when(profile: ClusterProfile) -> str:
    """The part of day in which most windows begin, if that is more than usual for this home."""
    shares = [sum(profile.hours[h] for h in range(p.begin_hour, p.end_hour)) for p in DAY_PARTS]
    usual = [
        sum(
            profile.hours[h] / profile.hour_lift[h] if profile.hour_lift[h] else 0.0
            for h in range(p.begin_hour, p.end_hour)
        )
        for p in DAY_PARTS
    ]
    best: tuple[float, str] | None = None
    for parts, words in _WHEN:
        share = sum(shares[i] for i in parts)
        expected = sum(usual[i] for i in parts)
        needed = _WHEN_COVERED if len(parts) == 1 else _WHEN_COVERED + 0.1
        if share < needed or (expected > 0 and share / expected < _WHEN_LIFT):
            continue
        if len(parts) > 1 and min(shares[i] for i in parts) < 0.2:
            continue
        if best is None or share - 0.15 * len(parts) > best[0]:
            best = (share - 0.15 * len(parts), words)
    return best[1] if best else ""


def _sentence(profile: ClusterProfile) -> str:
    """What, where, when, how long and how often, each with the number behind it."""
    by_share = [
        sorted(things, key=lambda t: (-t.share, t.words)) for things in (profile.objects, profile.rooms)
    ]
    objects, rooms = ([t for t in things if t.share >= _SOMETIMES_SHARE][:4] for things in by_share)
    parts = [f"{t.words} in {share_words(t.share)}" for t in (*objects[:3], *rooms)]
    if not parts:
        parts = ["No room is in a quarter of its windows" if profile.rooms else "Events that name no room"]
    else:
        parts[0] += " of its windows"
    what = ", ".join(parts)
    return (
        f"{what[:1].upper()}{what[1:]}; mostly {hour_words(profile.hours)}; half of its episodes last longer "
        f"than {length_words(profile.episode_s)}; on {profile.days_seen} of {profile.days_recorded} recorded "
        f"days; {share_words(profile.share, 1)} of all windows."
    )


def _with_thing(profile: ClusterProfile, namesakes: Sequence[ClusterProfile], title: str) -> str:
    """What is much more frequent here than in clusters of the same title: "with", or "sometimes"."""
    found = [t for t in (*profile.rooms, *profile.objects) if t.words.lower() not in title.lower()]
    for thing in sorted(found, key=lambda t: (-round(t.share, 2), t.words)):
        others = [t.share for n in namesakes for t in (*n.rooms, *n.objects) if t.name == thing.name]
        if thing.share >= _SOMETIMES_SHARE and thing.share >= _UNLIKE_NAMESAKES * max(others, default=0.0):
            return f"{title}, {'with' if thing.share >= _NAMED_SHARE else 'sometimes'} {thing.words}"
    return title


def _with_hours(profile: ClusterProfile, namesakes: Sequence[ClusterProfile], title: str) -> str:
    del namesakes
    words = _join([f"{a}–{b} h" for a, b in hour_ranges(profile.hours)] or [""])
    return f"{title}, {words}" if words and words not in title else title


def _with_length(profile: ClusterProfile, namesakes: Sequence[ClusterProfile], title: str) -> str:
    del namesakes
    return f"{title}, {length_words(profile.episode_s)}"


def _join(words: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(words))
    return distinct[0] if len(distinct) == 1 else ", ".join(distinct[:-1]) + " and " + distinct[-1]
