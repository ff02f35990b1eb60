"""From numbers to words: a short title and one honest sentence per cluster, the same every time.

`PlainWording` needs no model. Another `Wording` (for example one that asks a language model) may be passed
instead; it gets the profile, which holds no label and no sensor id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from discover.clustering.profiles import ClusterProfile, Thing
from discover.core.day_parts import DAY_PARTS

__all__ = ["ClusterWords", "PlainWording", "Wording", "hour_ranges", "hour_words", "word_clusters"]

_TYPICAL_SHARE = 0.25
_TYPICAL_LIFT = 1.5
_ROOM_SHARE = 0.4
_HOURS_COVERED = 0.6
_WHEN_COVERED = 0.6
_WHEN_LIFT = 1.25

# Things a home has several of: "the sink" says little without its room.
_SEVERAL = frozenset(
    {"cabinet", "chair", "closet", "door", "drawer", "lamp", "light", "sink", "table", "tap"}
)

# Day parts told as one when two neighbours share a cluster.
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
    """Words by rule: what stands out, where, when and how long."""

    def word(self, profile: ClusterProfile) -> ClusterWords:
        """Title such as "Stove and fridge in the morning", and a sentence with the numbers behind it."""
        what = _what(profile)
        when = _when(profile)
        title = what if not when else f"{what} {when}"
        return ClusterWords(title[:1].upper() + title[1:], _sentence(profile))


def word_clusters(profiles: Sequence[ClusterProfile], wording: Wording | None = None) -> list[ClusterWords]:
    """Words of all clusters; equal titles are told apart by what differs, then by a number."""
    writer = wording or PlainWording()
    words = [writer.word(p) for p in profiles]
    titles = [w.title for w in words]
    for make in (_with_room, _with_hours, _with_length):
        for title in {t for t in titles if titles.count(t) > 1}:
            same = [i for i, t in enumerate(titles) if t == title]
            for i in same:
                titles[i] = make(profiles[i], title)
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


def _what(profile: ClusterProfile) -> str:
    objects = _standing_out(profile.objects)
    if objects:
        return _join(_placed(objects, profile))
    rooms = [r for r in profile.rooms if r.share >= _ROOM_SHARE]
    if not rooms:
        rooms = _standing_out(profile.rooms)
    if not rooms:
        return "movement through the home" if profile.rooms else "sensor events without a place"
    return _join([room.words for room in rooms[:2]])


def _standing_out(things: Sequence[Thing]) -> list[Thing]:
    """Up to two things that are common inside the cluster and rarer outside it."""
    typical = [t for t in things if t.share >= _TYPICAL_SHARE and t.lift >= _TYPICAL_LIFT]
    if len(typical) > 1 and typical[1].share < typical[0].share / 2:
        return typical[:1]
    return typical[:2]


def _placed(objects: Sequence[Thing], profile: ClusterProfile) -> list[str]:
    """Words of objects; what a home has several of is said with the cluster's main room."""
    main = profile.rooms[0] if profile.rooms and profile.rooms[0].share >= _ROOM_SHARE else None
    return [f"{main.words} {o.words}" if main and o.words in _SEVERAL else o.words for o in objects]


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
    """What, when, how long and how often, each with the number behind it."""
    objects = _standing_out(profile.objects)
    rooms = list(profile.rooms[:2])
    if objects:
        said = zip(_placed(objects, profile), objects, strict=True)
        what = "Mostly " + _join([f"{words} ({t.share:.0%} of its windows)" for words, t in said])
        if rooms and rooms[0].share >= _ROOM_SHARE:
            what += f", {rooms[0].words}"
    elif rooms and rooms[0].share >= _ROOM_SHARE:
        what = "Mostly " + _join([f"{r.words} ({r.share:.0%} of its windows)" for r in rooms])
    elif rooms:
        what = f"Mixed: no room is in more than {rooms[0].share:.0%} of its windows"
    else:
        what = "Events that name no room"
    return (
        f"{what}; {hour_words(profile.hours)}; {_length(profile.episode_s)} at a time, "
        f"on {profile.days:.0%} of the days; {profile.share:.1%} of all windows."
    )


def _with_room(profile: ClusterProfile, title: str) -> str:
    # The first room is where the title's objects are: it tells nothing new.
    for thing in (*profile.rooms[1:], *profile.objects):
        if thing.share >= _TYPICAL_SHARE and thing.words.lower() not in title.lower():
            return f"{title}, with {thing.words}"
    return title


def _with_hours(profile: ClusterProfile, title: str) -> str:
    ranges = hour_ranges(profile.hours)
    return f"{title}, {_join([f'{a}–{b} h' for a, b in ranges])}" if ranges else title


def _with_length(profile: ClusterProfile, title: str) -> str:
    return f"{title}, {_length(profile.episode_s)}"


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _join(words: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(words))
    return distinct[0] if len(distinct) == 1 else ", ".join(distinct[:-1]) + " and " + distinct[-1]
