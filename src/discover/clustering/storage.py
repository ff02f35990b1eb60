"""A fitted clustering on disk, to be used on windows that were not there when it was found.

One file, `clusterer.safetensors`: arrays, and a JSON text about them in the file's header. Nothing in it is
code, so a file from a stranger can be read safely; and being one file, it is whole or absent.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from discover.clustering.baselines import (
    Clusterer,
    GMMClusterer,
    HDBSCANClusterer,
    KMeansClusterer,
    Projection,
)
from discover.clustering.config import FeatureSpace, SCANConfig
from discover.clustering.merged import MergedClusterer
from discover.core.artifacts import atomic_path
from discover.core.errors import ArtifactError, ShapeError
from discover.core.reading import mapping_of, parse_json, taken_apart

# Shape letters: N windows, D width, C clusters.

__all__ = ["CLUSTERER_FILE", "SavedClustering", "load_clustering", "save_clustering"]

CLUSTERER_FILE = "clusterer.safetensors"
_FORMAT = "discover-clusterer/1"
_ENCODER = "encoder/"
_MAX_WIDTH = 1_000_000

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class SavedClustering:
    """Clusters that were found once, ready for new windows; scikit-learn's `predict` and `predict_proba`.

    Attributes:
        clusterer: The fitted method. One that was loaded predicts, but has no `labels_`.
        space: What the vectors must be: window vectors of the model (sensor), those before its head
            (encoder), mean caption vectors (captions) or counts per sensor (bag).
        model_sha256: The model whose windows the clusters were found in.
        columns: Space "bag": the sensor of each column, in order. Empty else.
        about: Further facts about the vectors, as plain data.
        encoder: Weights of the model that were trained together with the clusters, by name; the vectors must
            then come from a model with these weights (`LoadedModel.with_weights`). Empty else.
    """

    clusterer: Clusterer
    space: FeatureSpace
    model_sha256: str
    columns: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    encoder: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)

    @property
    def n_features_in_(self) -> int:
        """D, the width of the vectors."""
        return int(self.clusterer.n_features_in_)

    def predict(self, X: NDArray[np.floating]) -> NDArray[np.int32]:
        """Cluster of each row of vectors (N, D), (N,); -1 for none.

        Raises:
            ShapeError: The vectors are not of width D.
        """
        self._check(X)
        return self.clusterer.predict(X)

    def predict_proba(self, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Assignment of each row of vectors (N, D) to each cluster, (N, C).

        Raises:
            ShapeError: The vectors are not of width D.
        """
        self._check(X)
        return self.clusterer.predict_proba(X)

    def _check(self, X: NDArray[np.floating]) -> None:
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ShapeError(
                f"These clusters were found in vectors of width {self.n_features_in_} (space "
                f"'{self.space}'), got {X.shape}. Make the vectors with the same model and space."
            )


def save_clustering(folder: Path, clustering: SavedClustering) -> Path:
    """Write a fitted clustering into a folder; equal ones give equal bytes. Returns the file's path.

    Raises:
        ArtifactError: The folder cannot be written.
        TypeError: A clusterer of a class that cannot be saved.
    """
    described = {
        "format": _FORMAT,
        "space": clustering.space,
        "model_sha256": clustering.model_sha256,
        "columns": list(clustering.columns),
        "about": dict(clustering.about),
    }
    arrays: Arrays = {}
    described["clusterer"] = _pack(clustering.clusterer, "", arrays)
    arrays |= {f"{_ENCODER}{name}": weight for name, weight in clustering.encoder.items()}
    path = folder / CLUSTERER_FILE
    with atomic_path(path) as temporary:
        # One key only: the header keeps several in no fixed order.
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        described["arrays_sha256"] = _arrays_sha256(whole)
        save_file(whole, temporary, metadata={"discover": json.dumps(described, sort_keys=True)})
    return path


def load_clustering(folder: Path | str, *, model_sha256: str | None = None) -> SavedClustering:
    """Read a fitted clustering; its predictions are those of the one that was saved, bit for bit.

    Args:
        folder: A clustering's folder, as `discover cluster` writes it.
        model_sha256: Hash of the model that makes the vectors; None skips the check.

    Raises:
        ArtifactError: Missing, damaged, of another version, or found in the windows of another model.
    """
    path = Path(folder) / CLUSTERER_FILE
    if not path.is_file():
        raise ArtifactError(
            f"{folder} holds no fitted clustering ({CLUSTERER_FILE}). Run `discover cluster` with its "
            "settings: a clustering of an earlier version is then made anew."
        )
    described, arrays = _read(path)
    if described.get("format") != _FORMAT:
        raise ArtifactError(
            f"{path} has format {described.get('format')!r}; this version reads {_FORMAT!r}. "
            "Run `discover cluster` again."
        )
    encoder = {name.removeprefix(_ENCODER): a for name, a in arrays.items() if name.startswith(_ENCODER)}
    arrays = {name: a for name, a in arrays.items() if not name.startswith(_ENCODER)}
    with taken_apart(path, "It is no whole clustering; run `discover cluster` again."):
        found = SavedClustering(
            clusterer=_unpack(described["clusterer"], "", arrays),
            space=described["space"],
            model_sha256=str(described["model_sha256"]),
            columns=tuple(str(name) for name in described["columns"]),
            about=mapping_of(described["about"], path),
            encoder=encoder,
        )
        _try(found)
    if model_sha256 is not None and found.model_sha256 != model_sha256:
        raise ArtifactError(
            f"The clusters in {folder} were found in windows of model {found.model_sha256[:12]}, and this is "
            f"model {model_sha256[:12]}: its vectors mean something else. Give the model they belong to, "
            "or find clusters of this one with `discover cluster`."
        )
    return found


def _read(path: Path) -> tuple[dict[str, Any], Arrays]:
    try:
        with safe_open(path, framework="numpy") as stream:
            text = (stream.metadata() or {})["discover"]
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, KeyError, OSError, ValueError, TypeError) as error:
        raise ArtifactError(
            f"{path} is not a readable clustering ({type(error).__name__}). Run `discover cluster` again."
        ) from error
    described = mapping_of(parse_json(text, str(path)), path)
    # Files of earlier versions carry no hash.
    if described.get("arrays_sha256", _arrays_sha256(arrays)) != _arrays_sha256(arrays):
        raise ArtifactError(f"{path} is damaged: its arrays have another hash. Cluster again.")
    return described, arrays


def _arrays_sha256(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _try(found: SavedClustering) -> None:
    """Assign one made-up vector, so that arrays which do not fit each other are noticed here."""
    if found.space not in get_args(FeatureSpace):
        raise ValueError(f"its space {found.space!r} is none of {', '.join(get_args(FeatureSpace))}")
    if not 0 < found.n_features_in_ <= _MAX_WIDTH:
        raise ValueError(f"its vectors would be {found.n_features_in_:,} wide")
    zeros = np.zeros((1, found.n_features_in_), np.float32)
    labels, shares = found.predict(zeros), found.predict_proba(zeros)
    if labels.shape != (1,) or shares.ndim != 2 or not np.isfinite(shares).all():
        raise ValueError("its arrays do not fit each other")


def _pack(clusterer: Clusterer, prefix: str, arrays: Arrays) -> dict[str, Any]:
    """Facts about a clusterer; its arrays go into `arrays` under a prefix."""
    for name, kind in _KINDS.items():
        if type(clusterer).__name__ == kind.made:
            own = kind.pack(clusterer, prefix, arrays)
            return {"kind": name, "width": int(clusterer.n_features_in_), **own}
    known = ", ".join(kind.made for kind in _KINDS.values())
    raise TypeError(f"A {type(clusterer).__name__} cannot be saved; these can: {known}.")


def _unpack(facts: Mapping[str, Any], prefix: str, arrays: Arrays) -> Clusterer:
    clusterer = _KINDS[facts["kind"]].unpack(facts, prefix, arrays)
    clusterer.n_features_in_ = int(facts["width"])
    fitted: Clusterer = clusterer
    return fitted


def _pack_heads(clusterer: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    state = clusterer.head_.state_dict()
    arrays |= {f"{prefix}{name}": value.detach().cpu().numpy() for name, value in state.items()}
    return {"config": clusterer.settings.model_dump(mode="json")}


def _unpack_heads(facts: Mapping[str, Any], prefix: str, arrays: Arrays) -> Any:
    import torch

    from discover.clustering.heads import ClusterHeads
    from discover.clustering.scan import SCANClusterer

    config = SCANConfig.model_validate(facts["config"])

    def heads(mean: torch.Tensor) -> ClusterHeads:
        return ClusterHeads(
            mean, 1, config.n_clusters, hidden_dim=config.hidden_dim, temperature=config.temperature
        )

    names = [name.removeprefix(prefix) for name in arrays if name.startswith(prefix)]
    state = {name: torch.from_numpy(arrays[f"{prefix}{name}"].copy()) for name in names}
    # Built without memory first: the settings may require far more than the file holds.
    with torch.device("meta"):
        planned = heads(state["mean"].to("meta")).state_dict()
    other = sorted(k for k in {*planned, *state} if k not in planned or k not in state)
    other += sorted(k for k in planned.keys() & state.keys() if planned[k].shape != state[k].shape)
    if other:
        raise ValueError(f"its array '{other[0][:80]}' is not of the size that its settings ask for")
    head = heads(state["mean"])
    head.load_state_dict(state)
    clusterer = SCANClusterer(config)
    clusterer.head_ = head.eval()
    return clusterer


def _pack_kmeans(clusterer: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    arrays[f"{prefix}centres"] = clusterer.centres_
    arrays[f"{prefix}spread"] = np.array([clusterer.spread_])
    return {"n_clusters": clusterer.n_clusters}


def _unpack_kmeans(facts: Mapping[str, Any], prefix: str, arrays: Arrays) -> Any:
    clusterer = KMeansClusterer(int(facts["n_clusters"]))
    clusterer.centres_ = arrays[f"{prefix}centres"]
    clusterer.spread_ = float(arrays[f"{prefix}spread"][0])
    return clusterer


_MIXTURE = ("weights_", "means_", "covariances_", "precisions_cholesky_")


def _pack_gmm(clusterer: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    _pack_projection(clusterer.projection_, prefix, arrays)
    arrays |= {f"{prefix}{name}": getattr(clusterer.model_, name) for name in _MIXTURE}
    return {"n_clusters": clusterer.n_clusters}


def _unpack_gmm(facts: Mapping[str, Any], prefix: str, arrays: Arrays) -> Any:
    from sklearn.mixture import GaussianMixture

    clusterer = GMMClusterer(int(facts["n_clusters"]))
    clusterer.projection_ = _unpack_projection(prefix, arrays)
    clusterer.model_ = GaussianMixture(clusterer.n_clusters, covariance_type="diag")
    for name in _MIXTURE:
        setattr(clusterer.model_, name, arrays[f"{prefix}{name}"])
    return clusterer


def _pack_hdbscan(clusterer: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    _pack_projection(clusterer.projection_, prefix, arrays)
    arrays[f"{prefix}points"] = clusterer.points_
    arrays[f"{prefix}labels"] = clusterer.fitted_labels_
    arrays[f"{prefix}strength"] = clusterer.strength_
    return {}


def _unpack_hdbscan(facts: Mapping[str, Any], prefix: str, arrays: Arrays) -> Any:
    del facts
    clusterer = HDBSCANClusterer()
    clusterer.projection_ = _unpack_projection(prefix, arrays)
    clusterer.points_ = arrays[f"{prefix}points"]
    clusterer.fitted_labels_ = arrays[f"{prefix}labels"]
    clusterer.strength_ = arrays[f"{prefix}strength"]
    return clusterer


def _pack_projection(projection: Projection, prefix: str, arrays: Arrays) -> None:
    arrays |= {f"{prefix}projection.mean": projection.mean, f"{prefix}projection.axes": projection.axes}


def _unpack_projection(prefix: str, arrays: Arrays) -> Projection:
    return Projection(arrays[f"{prefix}projection.mean"], arrays[f"{prefix}projection.axes"])


def _pack_merged(clusterer: Any, prefix: str, arrays: Arrays) -> dict[str, Any]:
    arrays[f"{prefix}groups"] = clusterer.groups_
    fine = _pack(clusterer.fine_, f"{prefix}fine.", arrays)
    return {"n_clusters": clusterer.n_clusters, "fine": fine}


def _unpack_merged(facts: Mapping[str, Any], prefix: str, arrays: Arrays) -> Any:
    fine = _unpack(facts["fine"], f"{prefix}fine.", arrays)
    clusterer = MergedClusterer(fine, int(facts["n_clusters"]))
    clusterer.fine_ = fine
    clusterer.groups_ = arrays[f"{prefix}groups"]
    return clusterer


class _Kind(NamedTuple):
    """How one class of clusterer, known by its name, is taken apart and put together again."""

    made: str
    pack: Callable[[Any, str, Arrays], dict[str, Any]]
    unpack: Callable[[Mapping[str, Any], str, Arrays], Any]


_KINDS: Mapping[str, _Kind] = {
    "heads": _Kind("SCANClusterer", _pack_heads, _unpack_heads),
    "kmeans": _Kind("KMeansClusterer", _pack_kmeans, _unpack_kmeans),
    "gmm": _Kind("GMMClusterer", _pack_gmm, _unpack_gmm),
    "hdbscan": _Kind("HDBSCANClusterer", _pack_hdbscan, _unpack_hdbscan),
    "merged": _Kind("MergedClusterer", _pack_merged, _unpack_merged),
}
