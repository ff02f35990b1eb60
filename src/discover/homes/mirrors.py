"""Where the logs of public homes can be downloaded. Facts only; `fetch.py` does the work."""

import re
from dataclasses import dataclass

__all__ = ["Mirror", "is_archived_home", "known_mirrors", "mirrors_of"]

_WSU = "https://casas.wsu.edu/datasets"
_WSU_NAMES = {"milan": "milan", "aruba": "aruba", "cairo": "cairo", "kyoto": "twor.2009", "tulum": "tulum"}
_ARCHIVED_HOME = re.compile(r"(?:hh|tm|rw|atmo|csh|mv|ihs|shib)\d{1,3}")
"""Names of CASAS homes that no description ships for, and that the archive of 2025 may hold."""


@dataclass(frozen=True)
class Mirror:
    """One place to get a home's log from.

    Attributes:
        url: The file. Plain http is refused, except on this machine itself.
        file_name: Name to keep the file under.
        size, sha256, md5: Where they are known beforehand; checked before the file is opened.
        members: The file is an archive of many homes: names of this home's file in it, without ending.
        terms: Licence or terms of use, as its publisher states them.
    """

    url: str
    file_name: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    members: tuple[str, ...] = ()
    terms: str = ""


def _casas_2025(*names: str) -> Mirror:
    """CASAS, about 82 labelled homes in one CSV shape, doi 10.5281/zenodo.15708568."""
    return Mirror(
        url="https://zenodo.org/records/15708568/files/labeled_data.zip",
        file_name="labeled_data.zip",
        size=236_037_656,
        md5="ec37d679e85a6ae39e84994888afd514",
        members=names,
        terms="CC BY 4.0, cite doi 10.5281/zenodo.15708568; Milan and Aruba are without labels in it",
    )


def mirrors_of(home_name: str) -> tuple[Mirror, ...]:
    """Mirrors of a home, the preferred one first; empty for homes without a public address."""
    name = _WSU_NAMES.get(home_name)
    if name is not None:
        terms = "research use, cite, do not redistribute (WSU CASAS)"
        return (Mirror(f"{_WSU}/{name}.zip", f"{name}.zip", terms=terms), _casas_2025(home_name, name))
    return (_casas_2025(home_name),) if is_archived_home(home_name) else ()


def is_archived_home(name: str) -> bool:
    """Whether a name is that of a home that only the archive of 2025 may hold."""
    return _ARCHIVED_HOME.fullmatch(name) is not None


def known_mirrors() -> list[tuple[str, Mirror]]:
    """(home, mirror) of every address, for `discover homes fetch --list`."""
    found = [(home, mirror) for home in _WSU_NAMES for mirror in mirrors_of(home)]
    return [*found, ("hh101, hh102, ...", _casas_2025("hh101"))]
