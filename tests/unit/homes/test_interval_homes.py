"""Shipped homes whose logs are tables of intervals."""

import pytest

from discover.homes import coarse_labels, load_home
from discover.homes.activity_labels import activity_for


@pytest.mark.parametrize("name", ["ordonez_a", "ordonez_b", "van_kasteren_a", "van_kasteren_b"])
def test_shipped_home_is_complete(name: str) -> None:
    home = load_home(name)
    assert home.name == name
    assert home.source
    assert home.time_zone.startswith("Europe/")
    assert home.floor_plan is None
    assert [s.id for s in home.sensors] == sorted(s.id for s in home.sensors)
    ids = {s.id.lower() for s in home.sensors}
    for activity in home.activities:
        assert activity.coarse in coarse_labels()
        assert len(activity.described) == 2
        assert activity.name == activity.label.replace("_", " ")
        words = {w.strip(".,").lower() for sentence in activity.described for w in sentence.split()}
        assert not ids & words
        # a log of the same family without a description gets the same coarse label; its sentences may differ,
        # since those of shipped homes are frozen with the figures that used them
        guessed = activity_for(activity.raw[0])
        assert guessed.coarse == activity.coarse
        assert len(guessed.described) == 2
