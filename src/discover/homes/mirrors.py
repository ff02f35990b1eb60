"""Where the logs of public homes can be downloaded. Facts only; `fetch.py` does the work."""

from dataclasses import dataclass

__all__ = ["Mirror", "mirrors_of"]

_WSU = "casas.wsu.edu/datasets"
_ZENODO_RECORD = "https://zenodo.org/api/records/15708568"
"""CASAS, 82 labelled homes in one CSV shape, doi 10.5281/zenodo.15708568."""

_WSU_NAMES = {"milan": "milan", "aruba": "aruba", "cairo": "cairo", "kyoto": "twor.2009", "tulum": "tulum"}


@dataclass(frozen=True)
class Mirror:
    """One place to get a home's log from.

    Attributes:
        url: The file, or (`is_record`) a Zenodo record's JSON, which lists files, sizes and checksums.
        file_name: Name to keep the file under; "" for the record's own name.
        sha256: Where it is known beforehand.
        is_record: See url.
        members: File names of this home within a record, without suffix.
    """

    url: str
    file_name: str = ""
    sha256: str | None = None
    is_record: bool = False
    members: tuple[str, ...] = ()


def mirrors_of(home_name: str) -> tuple[Mirror, ...]:
    """Mirrors of a home, the preferred one first; empty for homes without a public address."""
    name = _WSU_NAMES.get(home_name)
    if name is None:
        return ()
    return (
        Mirror(f"https://{_WSU}/{name}.zip", f"{name}.zip"),
        Mirror(f"http://{_WSU}/{name}.zip", f"{name}.zip"),
        Mirror(_ZENODO_RECORD, is_record=True, members=(home_name, name)),
    )
