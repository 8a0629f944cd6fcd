"""Parts that other packages register by entry points; docs/extending.md explains how.

The groups are looked up once for each process; a package is imported when its part is first used.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from augcon_lib.errors import SettingsError

Kind = Literal["converter", "store", "strategy", "exporter", "gate"]
GROUPS: Final[Mapping[Kind, str]] = {
    "converter": "augcon.converters",
    "store": "augcon.stores",
    "strategy": "augcon.strategies",
    "exporter": "augcon.exporters",
    "gate": "augcon.gates",
}


@dataclass(frozen=True, slots=True)
class Extension:
    """A part that a package registers: ``package`` and ``version`` are those of its metadata."""

    kind: Kind
    name: str
    package: str
    version: str
    entry_point: EntryPoint

    @property
    def origin(self) -> str:
        """Package and version: what the part makes depends on them."""
        return f"{self.package} {self.version}"

    def __str__(self) -> str:
        return f"the {self.kind} {self.name!r} of the package {self.origin}"

    def load(self) -> Callable[..., Any]:
        """Import the part; raises ``SettingsError`` if that fails or it is not callable."""
        registered = f"{GROUPS[self.kind]}: {self.name} = {self.entry_point.value}"
        try:
            part = self.entry_point.load()
        # A package may raise anything when it is imported.
        except Exception as error:
            raise SettingsError(
                f"{self} cannot be imported ({registered}; {type(error).__name__}: {error}); "
                "repair, upgrade or uninstall the package"
            ) from error
        if not callable(part):
            raise SettingsError(
                f"{self} is not callable but {type(part).__name__} ({registered}); repair, upgrade "
                "or uninstall the package"
            )
        found: Callable[..., Any] = part
        return found


def find(kind: Kind, name: str, built_in: Collection[str] = ()) -> Extension | None:
    """Return the part that a package registers as *name*; None if no package does.

    Raises ``SettingsError`` if two packages register it, or augcon has it itself (*built_in*).
    """
    found = _registered(kind).get(name, ())
    if not found:
        return None
    packages = " and ".join(sorted({each.package for each in found}))
    if name in built_in:
        raise SettingsError(
            f"the package {packages} registers the {kind} {name!r} ({GROUPS[kind]}), but augcon's "
            "own cannot be replaced; uninstall the package, or have it register another name"
        )
    if len(found) > 1:
        raise SettingsError(
            f"the {kind} {name!r} is registered twice ({GROUPS[kind]}), by {packages}; uninstall "
            "one package, or have it register another name"
        )
    return found[0]


def known_names(kind: Kind, built_in: Iterable[str] = ()) -> str:
    """Return every name of a *kind* for a message, those of packages last."""
    return ", ".join([*built_in, *sorted(_registered(kind))]) or "none"


def installed_extensions() -> Mapping[Kind, Mapping[str, str]]:
    """Return the package and version of every registered part, by kind and name."""
    return {
        kind: {
            name: " and ".join(sorted(each.origin for each in found))
            for name, found in _registered(kind).items()
        }
        for kind in GROUPS
    }


def suffix_of(name: str) -> str:
    """The name of a file's converter: its suffix in lower case, without the dot."""
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def scheme_of(uri: str) -> str:
    """The name of a URI's store: its scheme in lower case; empty for a path or a chain of them."""
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator and "::" not in uri else ""


def _registered(kind: Kind) -> Mapping[str, tuple[Extension, ...]]:
    return _all_registered()[kind]


@lru_cache(maxsize=1)
def _all_registered() -> Mapping[Kind, Mapping[str, tuple[Extension, ...]]]:
    # Each call of entry_points reads the metadata of every installed package: one for all groups.
    installed = entry_points()
    return {kind: _by_name(kind, installed.select(group=GROUPS[kind])) for kind in GROUPS}


def _by_name(kind: Kind, registered: Iterable[EntryPoint]) -> Mapping[str, tuple[Extension, ...]]:
    found: defaultdict[str, list[Extension]] = defaultdict(list)
    for each in registered:
        package, version = (each.dist.name, each.dist.version) if each.dist else ("unknown", "")
        found[each.name].append(Extension(kind, each.name, package, str(version), each))
    return {name: tuple(parts) for name, parts in found.items()}
