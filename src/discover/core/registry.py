"""Named parts of one kind, to which others add their own."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from discover.core.config import closest
from discover.core.errors import ConfigError

__all__ = ["Registry"]

PartT = TypeVar("PartT")


class Registry(Mapping[str, PartT], Generic[PartT]):
    """Parts by name: the project's own, those added from Python, and those of installed packages.

    A package offers a part as an entry point. It is loaded when its name is asked for, never before: only
    a package that the user installed can take part, and a file can only name it.

    Args:
        kind: What the parts are, for messages ("sensor encoder").
        group: Group of the entry points ("discover.encoders").
        own: The project's parts.
    """

    def __init__(self, kind: str, group: str, own: Mapping[str, PartT]) -> None:
        self.kind, self.group = kind, group
        self._parts = dict(own)
        self._own = frozenset(own)

    def register(self, name: str, part: PartT) -> None:
        """Add a part, or replace one that was added before.

        Raises:
            ConfigError: The name is one of the project's own.
        """
        if name in self._own:
            raise ConfigError(f"'{name}' is a built-in {self.kind}. Register yours under another name.")
        self._parts[name] = part

    def __getitem__(self, name: str) -> PartT:
        """The part of a name.

        Raises:
            ConfigError: No part has this name.
        """
        if name not in self._parts:
            found = [e for e in entry_points(group=self.group) if e.name == name]
            if not found:
                known = ", ".join(sorted(self))
                raise ConfigError(
                    f"No {self.kind} is called '{name}'. {closest(name, tuple(self))} Known: {known}. "
                    f"Register yours first, or install the package that offers it."
                )
            self._parts[name] = found[0].load()
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        offered = (e.name for e in entry_points(group=self.group))
        return iter(dict.fromkeys([*self._parts, *offered]))

    def __len__(self) -> int:
        return len(list(iter(self)))
