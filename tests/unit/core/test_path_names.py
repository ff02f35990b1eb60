"""Names that become folders: one rule, wherever they come from."""

from pathlib import Path

import pytest

from discover.alignment import AlignmentConfig
from discover.clustering import ClusteringConfig
from discover.core.config import config_from_mapping
from discover.core.errors import ConfigError
from discover.core.home import Home
from discover.core.names import check_path_name
from discover.pipeline.clusters import cluster_model

BAD = {
    "parent": "..",
    "here": ".",
    "hidden": ".lock",
    "empty": "",
    "absolute": "/etc/discover",
    "inside": "a/b",
    "up": "../x",
    "backslash": "a\\b",
    "drive": "C:x",
    "escape": "a\x1b[2Jb",
    "newline": "a\n",
    "nul": "a\0",
    "space": "a b",
    "turned": "a\u202eb",
    "wide": "ａ",
    "dot at the end": "a.",
    "device": "con",
    "device with an ending": "Aux.txt",
    "port": "COM1",
    "long": "a" * 101,
}


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_a_name_that_leaves_its_folder_or_breaks_a_system_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name") as caught:
        check_path_name(name)
    assert str(caught.value).isprintable()
    with pytest.raises(ConfigError, match="experiment_name"):
        config_from_mapping({"experiment_name": name}, AlignmentConfig)
    for field in ("name", "family"):
        with pytest.raises(ConfigError, match=field):
            config_from_mapping({"name": "demo", field: name}, Home)
    with pytest.raises(ConfigError, match="clustering's name"):
        cluster_model(tmp_path, ClusteringConfig(), name=name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["demo", "kyoto_adl-normal", "FD_60", "v1.2", "console", "com", "-x"])
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert check_path_name(name) == name
    assert AlignmentConfig(experiment_name=name).experiment_name == name
