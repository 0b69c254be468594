"""Which folders of event files make one run, and what their tags are called there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from posixpath import commonpath

from gan_doctor.core import canonical
from gan_doctor.readers._naming import Naming

# Folders for one side of a training, never a run beside a sibling.
_SIDES = frozenset((
    "train", "training", "val", "valid", "validation", "test", "eval", "real", "fake",
    "d", "dis", "disc", "discriminator", "critic", "g", "gen", "generator",
))  # fmt: skip
_COUNTERS = frozenset(("epoch", "step", "global_step", "hp_metric"))


@dataclass(frozen=True)
class Folder:
    """Event files that lie side by side.

    Args:
        path: Below the log, "" for the log itself.
        found: Of what there are scalars in them.
        told: What a person says of the tags.
    """

    path: str
    found: Collection[str]
    told: Mapping[str, str]

    @property
    def name(self) -> str:
        """Without the folders that it lies in."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str | None:
        """The folder that it lies in, None for the log itself."""
        return self.path.rpartition("/")[0] if self.path else None

    @cached_property
    def tags(self) -> frozenset[str]:
        """Of what there are scalars, but for counters."""
        return frozenset(self.found) - _COUNTERS

    @cached_property
    def meanings(self) -> frozenset[str]:
        """What the tags stand for, themselves where nobody knows."""
        keys = Naming(self.told).of(sorted(self.tags)).keys
        return frozenset(str(keys.get(tag, tag)) for tag in self.tags)

    @property
    def named_for_its_tag(self) -> bool:
        """Whether it is the folder of one writer among those of a training."""
        return any(self.name.startswith(f"{tag.replace('/', '_')}_") for tag in self.tags) or (
            canonical(self.name) is not None
        )


def one_run(folders: Iterable[Folder]) -> list[Folder] | None:
    """The folders if they make one run; None, as soon as that is clear, if they are several."""
    taken: list[Folder] = []
    for folder in folders:
        if any(_are_runs(folder, other) for other in taken):
            return None
        taken.append(folder)
    shared = [(a, b) for a, b in combinations(taken, 2) if a.meanings & b.meanings]
    one = all(
        _related(a, b) and (_is_side(a) or _is_side(b) or _one_for_each_tag(a, b, taken))
        for a, b in shared
    )
    return taken if one else None


def called(folders: Sequence[Folder]) -> dict[str, dict[str, str]]:
    """What each tag is called in the run, by folder and tag.

    Example: `add_scalars("loss", {"D": 1, "G": 2})` writes a tag `loss` into `loss_D` and `loss_G`.
    """
    there = Counter(tag for folder in folders for tag in folder.tags)
    return {
        folder.path: {tag: _called(tag, folder, there[tag] > 1) for tag in folder.tags}
        for folder in folders
    }


def told_apart(paths: Collection[str]) -> list[str]:
    """The names by which a person tells runs apart: the first folders in which they differ."""
    common = commonpath(paths)
    below = (path[len(common) :].lstrip("/").partition("/")[0] for path in paths)
    return list(dict.fromkeys(f"{common}/{name}".strip("/") or "." for name in below))


def _are_runs(a: Folder, b: Folder) -> bool:
    """Whether two folders have so much in common that each must be a run of its own."""
    if _related(a, b) and (_is_side(a) or _is_side(b)):
        return False
    return len(a.meanings & b.meanings) > 1


def _related(a: Folder, b: Folder) -> bool:
    return a.parent in (b.parent, b.path) or b.parent == a.path


def _is_side(folder: Folder) -> bool:
    return folder.name.lower() in _SIDES


def _one_for_each_tag(a: Folder, b: Folder, folders: Sequence[Folder]) -> bool:
    """Whether a trainer may have had a writer for each metric."""
    if a.parent != b.parent:
        return True
    if len(a.tags) > 1 or len(b.tags) > 1:
        return False
    siblings = [one for one in folders if one.parent == a.parent and len(one.tags) == 1]
    several = len(frozenset.union(*(one.tags for one in siblings))) > 1
    return several or any(one.named_for_its_tag for one in siblings)


def _called(tag: str, folder: Folder, elsewhere: bool) -> str:
    if not elsewhere or not folder.path:
        return tag
    return folder.name if len(folder.tags) == 1 else f"{folder.name}/{tag}"
