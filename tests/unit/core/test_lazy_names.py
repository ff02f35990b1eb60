"""Packages that import their names on first use: every listed name is there, and none is hidden."""

from importlib import import_module
from pathlib import Path

import pytest

import discover
from discover.core.lazy import _listed

SOURCE = Path(discover.__file__).parent
PACKAGES = sorted(
    path.parent.name for path in SOURCE.glob("*/__init__.py") if "lazy_names(__name__)" in path.read_text()
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_found_and_no_module_has_it(package: str) -> None:
    module = import_module(f"discover.{package}")
    listed = _listed(f"discover.{package}")
    assert set(module.__all__) == set(listed)
    for name, (defined_in, own) in listed.items():
        assert getattr(module, name) is getattr(import_module(defined_in), own)
    # Importing such a module would put it in the name's place.
    assert not set(listed) & {path.stem for path in (SOURCE / package).glob("*.py")}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'discover\.clustering' has no attribute 'nothing'"):
        import_module("discover.clustering").nothing  # noqa: B018 - asking is the test
