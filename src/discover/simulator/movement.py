"""From episodes to what could be sensed: who moves where when, and which things are used.

One call draws a whole day: no loop over visits or movements. Letters: E episodes, V visits (stays at
one place), T moments at which someone moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from discover.simulator.day_plan import Episode
from discover.simulator.household import PET
from discover.simulator.rooms import RoomGraph, Ways
from discover.simulator.tables import BehaviourTables, always_used

__all__ = ["Activations", "Moments", "Movement", "SeenMovement", "Visits", "concatenate", "opened"]

_RANGE_M = 1.7
_SEEN = 0.95


@dataclass(frozen=True)
class Activations:
    """Times at which a sensor is set off, unordered, one row each; seconds from the day's midnight."""

    sensor: NDArray[np.int64]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    who: NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """Movements that someone could see, the `n_walked` on ways between places first."""

    place: NDArray[np.int64]
    at_s: NDArray[np.float64]
    who: NDArray[np.int64]
    n_walked: int


@dataclass(frozen=True)
class Visits:
    """Stays at one place, by person and time. `thing` is used there for `thing_s`; -1 none."""

    episode: NDArray[np.int64]
    behaviour: NDArray[np.int64]
    who: NDArray[np.int64]
    place: NDArray[np.int64]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    thing: NDArray[np.int64]
    thing_s: NDArray[np.float64]


class Movement:
    """Draws movement between the places of a home, whether or not a sensor is there."""

    def __init__(self, ways: Ways, tables: BehaviourTables) -> None:
        self._ways = ways
        self._tables = tables

    def drawn(
        self,
        behaviour: NDArray[np.int64],
        who: NDArray[np.int64],
        begin: NDArray[np.float64],
        end: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> tuple[Activations, Visits, Moments]:
        """Things on for most of an episode, stays, and movements that could be seen, from episodes (E,)."""
        spans = self._spans(behaviour, who, begin, end, rng)
        visits, way = self._visits(behaviour, who, begin, end, rng)
        walk_place, walk_s, walk_who, arrival = self._walks(visits, way, rng)
        stir_place, stir_s, stir_who = self._stirs(visits, arrival, rng)
        moments = Moments(
            np.concatenate([walk_place, stir_place]),
            np.concatenate([walk_s, stir_s]),
            np.concatenate([walk_who, stir_who]),
            len(walk_place),
        )
        return spans, replace(visits, begin_s=arrival), moments

    def _spans(
        self,
        behaviour: NDArray[np.int64],
        who: NDArray[np.int64],
        begin: NDArray[np.float64],
        end: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> Activations:
        """Things that are on for most of an episode, such as a television."""
        t = self._tables
        share = t.use_span[behaviour]
        on = (share > 0) & (rng.random(share.shape) < t.use_mean[behaviour])
        e, u = np.nonzero(on)
        length = end[e] - begin[e]
        first = begin[e] + length * (1 - share[e, u]) * rng.random(len(e))
        lasting = length * share[e, u] * rng.uniform(0.75, 1.08, size=len(e))
        return Activations(self._candidate(behaviour[e], u, rng), first, first + lasting, who[e])

    def _candidate(
        self, behaviour: NDArray[np.int64], use: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        t = self._tables
        # The first sensor that fits is the usual one (main door, first cupboard).
        chosen = (rng.random(len(use)) ** 1.6 * t.use_choices[behaviour, use]).astype(np.int64)
        result: NDArray[np.int64] = t.candidates[t.use_first[behaviour, use] + chosen]
        return result

    def _visits(
        self,
        behaviour: NDArray[np.int64],
        who: NDArray[np.int64],
        begin: NDArray[np.float64],
        end: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> tuple[Visits, NDArray[np.int64]]:
        """Stays in order of person and time, and each one's way (row into the graph's ways)."""
        t = self._tables
        minutes = (end - begin) / 60
        n_free = 1 + rng.poisson(t.moves[behaviour] * minutes)
        means = np.where(t.use_span[behaviour] > 0, 0.0, t.use_mean[behaviour])
        # A short episode has fewer uses than a usual one.
        n_use = rng.poisson(means * np.minimum(1.0, minutes / 3)[:, None])
        certain = always_used(t.use_phase[behaviour]) & (means > 0)
        n_use = np.where(certain, 1, n_use)
        free_e = np.repeat(np.arange(len(behaviour)), n_free)
        use_e = np.repeat(np.arange(len(behaviour)), n_use.sum(axis=1))
        use_u = np.repeat(np.tile(np.arange(n_use.shape[1]), len(behaviour)), n_use.ravel())
        thing = self._candidate(behaviour[use_e], use_u, rng)
        key = np.concatenate(
            [
                rng.random(len(free_e)),
                t.use_phase[behaviour[use_e], use_u]
                + t.use_spread[behaviour[use_e], use_u] * rng.standard_normal(len(use_e)),
            ]
        )
        low, high = t.use_low_s[behaviour[use_e], use_u], t.use_high_s[behaviour[use_e], use_u]
        thing_s = low * (high / np.maximum(low, 1e-9)) ** rng.random(len(use_e))
        episode = np.concatenate([free_e, use_e])
        stay = np.concatenate(
            [
                rng.standard_exponential(len(free_e)) * (minutes * 60 / n_free)[free_e] + 1.0,
                np.clip(thing_s, 3.0, 25.0) * rng.uniform(1.0, 2.0, size=len(use_e)),
            ]
        )
        place = np.concatenate(
            [self._places(behaviour[free_e], who[free_e], rng), self._ways.place_of[thing]]
        )
        nothing = np.full(len(free_e), -1)
        order = np.lexsort((key, episode))
        stays = Visits(
            episode[order],
            behaviour[episode[order]],
            who[episode[order]],
            place[order],
            *_fit(stay[order], episode[order], begin, end),
            np.concatenate([nothing, thing])[order],
            np.concatenate([np.zeros(len(free_e)), thing_s])[order],
        )
        return _by_person(stays, len(self._ways.place_room))

    def _places(
        self, behaviour: NDArray[np.int64], who: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """One place per stay by the behaviour's weights: one search over all rows laid end to end."""
        cumulative = self._tables.place_cumulative
        n_people, n_behaviours, n_places = cumulative.shape
        person = np.where((who >= 0) & (who < n_people), who, 0)
        row = person * n_behaviours + behaviour
        ladder = (cumulative.reshape(-1, n_places) + np.arange(n_people * n_behaviours)[:, None]).ravel()
        found = np.searchsorted(ladder, row + rng.random(len(row)), side="right") - row * n_places
        result: NDArray[np.int64] = np.minimum(found, n_places - 1)
        return result

    def _walks(
        self, visits: Visits, way: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Places passed on the way to each visit, and when the visitor arrives there."""
        g = self._ways
        count = np.where(way >= 0, g.way_count[way], 0)
        v = np.repeat(np.arange(len(way)), count)
        step = np.arange(len(v)) - np.repeat(np.cumsum(count) - count, count)
        hop = g.way_first[way[v]] + step
        pace = rng.uniform(0.8, 1.35, size=len(way))
        passed_s = visits.begin_s[v] + g.hop_s[hop] * pace[v] + rng.uniform(0.0, 0.6, size=len(v))
        arrival = visits.begin_s.copy()
        np.maximum.at(arrival, v, passed_s)
        arrival = np.minimum(arrival, visits.end_s)
        return g.hops[hop], passed_s, visits.who[v], arrival

    def _stirs(
        self, visits: Visits, arrival: NDArray[np.float64], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Movements during stays; they come in small bursts."""
        length = np.maximum(visits.end_s - arrival, 0.0)
        rate = self._tables.stirs[visits.behaviour] / 60
        v = np.repeat(np.arange(len(length)), rng.poisson(rate * length * 0.6))
        at = arrival[v] + rng.random(len(v)) * length[v]
        again = np.repeat(np.arange(len(v)), rng.poisson(0.65, size=len(v)))
        at = np.concatenate([at, at[again] + rng.exponential(4.0, size=len(again))])
        # Who gets up to leave a place is seen there.
        leaving = np.repeat(np.arange(len(length)), rng.poisson(0.8, size=len(length)))
        v = np.concatenate([v, v[again], leaving])
        at = np.concatenate([at, visits.end_s[leaving] - rng.exponential(14.0, size=len(leaving))])
        keep = at >= arrival[v]
        v, at = v[keep], at[keep]
        within = at < visits.end_s[v]
        v, at = v[within], at[within]
        return visits.place[v], at, visits.who[v]


class SeenMovement(Movement):
    """Movement where every place is a motion sensor of the home's own list."""

    def __init__(self, graph: RoomGraph, tables: BehaviourTables, hold_s: NDArray[np.float64]) -> None:
        """`hold_s`: how long each sensor stays on after a movement, (number of sensors,)."""
        super().__init__(graph, tables)
        self._graph = graph
        self._hold_s = hold_s
        self._side_place, self._side_share = _side_views(graph)

    def activations(self, episodes: Sequence[Episode], rng: np.random.Generator) -> Activations:
        """All activations of one day's episodes."""
        behaviour = np.array([e.behaviour for e in episodes], dtype=np.int64)
        who = np.array([e.who for e in episodes], dtype=np.int64)
        begin = np.array([e.begin_s for e in episodes])
        end = np.array([e.end_s for e in episodes])
        spans, visits, moments = self.drawn(behaviour, who, begin, end, rng)
        seen = self._seen(moments.place, moments.at_s, moments.who, rng)
        return concatenate([seen, opened(visits, rng), spans])

    def _seen(
        self,
        place: NDArray[np.int64],
        at_s: NDArray[np.float64],
        who: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Activations:
        """Motion sensors that see each movement: the one at the place, sometimes those beside it."""
        share = np.concatenate([np.full((len(place), 1), _SEEN), self._side_share[place]], axis=1)
        share[who == PET] *= 0.5  # a pet is small
        places = np.concatenate([place[:, None], self._side_place[place]], axis=1)
        sensor = self._graph.place_sensor[places]
        t, k = np.nonzero((rng.random(share.shape) < share) & (sensor >= 0))
        found = sensor[t, k]
        begin = at_s[t] + np.where(k > 0, rng.uniform(0.0, 0.8, size=len(t)), 0.0)
        hold = self._hold_s[found] * rng.uniform(0.92, 1.12, size=len(t))
        return Activations(found, begin, begin + hold, who[t])


def opened(visits: Visits, rng: np.random.Generator) -> Activations:
    """Things opened or taken on arrival."""
    used = visits.thing >= 0
    opened = visits.begin_s[used] + rng.uniform(0.4, 2.5, size=int(used.sum()))
    return Activations(visits.thing[used], opened, opened + visits.thing_s[used], visits.who[used])


def concatenate(parts: Sequence[Activations]) -> Activations:
    """One table after the other."""
    return Activations(
        np.concatenate([p.sensor for p in parts]),
        np.concatenate([p.begin_s for p in parts]),
        np.concatenate([p.end_s for p in parts]),
        np.concatenate([p.who for p in parts]),
    )


def _fit(
    stay: NDArray[np.float64],
    episode: NDArray[np.int64],
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Stretch the stays of each episode (grouped) so that they fill it exactly."""
    total = np.bincount(episode, weights=stay, minlength=len(begin))
    share = stay / total[episode]
    after = np.cumsum(share)
    # Shares of an episode add up to 1, so the sum before episode e is its rank among episodes.
    first = np.flatnonzero(np.diff(episode, prepend=-1))
    base = np.repeat(after[first] - share[first], np.diff(np.append(first, len(episode))))
    length = (end - begin)[episode]
    return begin[episode] + (after - share - base) * length, begin[episode] + (after - base) * length


def _by_person(visits: Visits, n_places: int) -> tuple[Visits, NDArray[np.int64]]:
    order = np.lexsort((visits.begin_s, visits.who))
    stays = Visits(*(getattr(visits, name)[order] for name in Visits.__dataclass_fields__))
    before = np.roll(stays.place, 1)
    way = before * n_places + stays.place
    new_person = np.diff(stays.who, prepend=stays.who[:1] - 1) != 0
    return stays, np.where(new_person, -1, way)


def _side_views(graph: RoomGraph) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Up to three other places of the same room, and how likely their sensor sees a movement here."""
    n = len(graph.place_room)
    same = (graph.place_room[:, None] == graph.place_room[None, :]) & ~np.eye(n, dtype=bool)
    watched = np.array([s >= 0 and graph.sensors[s].object is not None for s in graph.place_sensor])
    # A sensor without an object watches the whole room; one on an object has a narrow view.
    share = 0.4 * np.exp(-((graph.distance / _RANGE_M) ** 2)) + np.where(watched, 0.0, 0.22)[None, :]
    share = np.where(same, share, 0.0)
    width = min(3, n)
    place = np.argsort(-share, axis=1, kind="stable")[:, :width]
    return place, np.take_along_axis(share, place, axis=1)
