"""Plug-ins: each module of a package, or entry point, names one class in its `__all__`."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from gan_doctor.core.errors import ConfigError


def discover(package: ModuleType) -> dict[str, type]:
    """The plug-ins of a package, by slug: its own modules, and the entry points of its name.

    The slug is the module's name with hyphens: `mode_collapse.py` is `mode-collapse`. Modules that
    begin with an underscore are not plug-ins. An entry point of the group `gan_doctor.detectors`
    (`.tricks`, `.readers`) names a module of the same form in another distribution.

    Args:
        package: `gan_doctor.detectors`, `.tricks` or `.readers`.

    Raises:
        ConfigError: A module does not name exactly one class in `__all__`, two plug-ins share a
            slug, or an entry point cannot be loaded.
    """
    own = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_")
    ]
    foreign = [_load(point) for point in entry_points(group=package.__name__)]
    found: dict[str, type] = {}
    for module in [*own, *foreign]:
        slug = module.__name__.rpartition(".")[2].replace("_", "-")
        names = getattr(module, "__all__", [])
        if len(names) != 1 or not isinstance(getattr(module, names[0], None), type):
            raise ConfigError(
                f"Plug-in {module.__name__} must name exactly one class in __all__, got {names}"
            )
        if slug in found:
            raise ConfigError(
                f"Two plug-ins of {package.__name__} are called {slug!r}: "
                f"{found[slug].__module__} and {module.__name__}. Rename or uninstall one of them."
            )
        found[slug] = getattr(module, names[0])
    return dict(sorted(found.items()))


def _load(point: EntryPoint) -> ModuleType:
    try:
        module = point.load()
    except Exception as error:  # foreign code may fail in any way
        raise ConfigError(
            f"Plug-in {point.name!r} ({point.value}) cannot be loaded: {error}. "
            f"Repair or uninstall the package that brings it."
        ) from error
    if not isinstance(module, ModuleType):
        raise ConfigError(
            f"Plug-in {point.name!r} ({point.value}) must name a module, "
            f"got {type(module).__name__}"
        )
    return module
