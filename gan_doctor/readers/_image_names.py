"""Which images of a folder are samples of which step, and which are real, told by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gan_doctor.core import Source
from gan_doctor.core.run import Clock
from gan_doctor.readers._pictures import ENDINGS

_CLOCKS: Mapping[str, Clock] = {
    "kimg": "kimg",
    **dict.fromkeys(("epoch", "epochs", "ep"), "epoch"),
    **dict.fromkeys(("iter", "iters", "iteration", "iterations", "itr", "it"), "iteration"),
    **dict.fromkeys(("step", "steps", "batch", "batches"), "iteration"),
}
_NUMBER = re.compile(r"([a-z]*)[^a-z\d]*(\d+)")
_A_NUMBER = "\0"  # stands for one in the name of a series; no file name has it
_REAL = frozenset(("real", "reals"))
_MOST_FOLDERS = 20  # that are looked into where the folder itself has no images


@dataclass(frozen=True)
class FoundImages:
    """What the names in a folder tell.

    Args:
        steps: The images of each step.
        clock: What the steps are, None where no word says so.
        reals: The real images.
        apart: Whether each step has a folder, whose images are samples each.
        notes: What was left out.
    """

    steps: Mapping[float, Sequence[str]]
    clock: Clock | None
    reals: Sequence[str] = ()
    apart: bool = False
    notes: tuple[str, ...] = ()


def found_images(source: Source) -> FoundImages | None:
    """The series of images in a folder, in the folders in it, or in the only one that has any."""
    if not source.is_dir():
        return None
    folders = [name for name in source.folders() if not name.startswith(".")]
    real = next((name for name in folders if _is_real(name)), None)
    others = [name for name in folders if not _is_real(name)]
    found = _in_files(source, "") or _in_folders(source, others)
    if found is None:
        below = [one for name in others[:_MOST_FOLDERS] if (one := _in_files(source, name))]
        found = max(below, key=lambda one: len(one.steps), default=None)
    if found is None or real is None:
        return found
    return replace(found, reals=_images(source, real) or found.reals)


def _in_files(source: Source, folder: str) -> FoundImages | None:
    """The longest series of images in a folder."""
    families = _families(_images(source, folder), _stem)
    real = [name for name in families if _is_real(name)]
    series = [name for name in families if _A_NUMBER in name and name not in real]
    chosen = _longest({name: families[name] for name in series})
    if chosen is None:
        return None
    others = [path for n in families if n != chosen and n not in real for path in families[n]]
    notes = [_left_out(others)] if others else []
    if len(real) > 1:
        notes.append("several kinds of real images: put the right ones into a folder real")
        real = []
    steps, clock = _by_step(families[chosen], _stem)
    reals = families[real[0]] if real else ()
    return FoundImages(steps, clock, reals, notes=tuple(notes))


def _in_folders(source: Source, folders: Sequence[str]) -> FoundImages | None:
    """The longest series of folders with images in them."""
    families = _families(folders, str.lower)
    chosen = _longest({name: paths for name, paths in families.items() if _A_NUMBER in name})
    if chosen is None or not any(_images(source, name) for name in families[chosen][:2]):
        return None
    by_folder, clock = _by_step(families[chosen], str.lower)
    steps = {step: _images(source, names[-1]) for step, names in by_folder.items()}
    steps = {step: paths for step, paths in steps.items() if paths}
    return FoundImages(steps, clock, apart=True) if len(steps) > 1 else None


def _families(names: Sequence[str], stem: Callable[[str], str]) -> dict[str, list[str]]:
    """Names that differ in their numbers alone."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(re.sub(r"\d+", _A_NUMBER, stem(name)), []).append(name)
    return families


def _longest(families: Mapping[str, Sequence[str]]) -> str | None:
    """The family with the most names, the plainest of several; None where nothing is counted.

    Of names such as hashes no family is large.
    """
    longest = max(families, key=lambda name: (len(families[name]), -len(name)), default=None)
    if longest is None or len(families[longest]) < 2:
        return None
    enough = 4 * len(families[longest]) >= sum(map(len, families.values()))
    return longest if enough else None


def _by_step(
    family: Sequence[str], stem: Callable[[str], str]
) -> tuple[dict[float, list[str]], Clock | None]:
    """The names of each step in order, and what the steps are.

    They are the number behind a word that says so, else the first one that varies.
    """
    numbers = {name: [float(n) for _, n in _NUMBER.findall(stem(name))] for name in family}
    words = [word for word, _ in _NUMBER.findall(stem(family[0]))]
    known = [i for i, word in enumerate(words) if word in _CLOCKS]
    columns = zip(*numbers.values(), strict=True)
    varying = [i for i, column in enumerate(columns) if len(set(column)) > 1]
    at = (known or varying or [0])[0]
    steps: dict[float, list[str]] = {}
    for name in sorted(family, key=lambda name: numbers[name]):
        steps.setdefault(numbers[name][at], []).append(name)
    if len(known) > 1:  # such as epoch and iteration: pictures of one noise must not be pooled
        steps = {step: names[-1:] for step, names in steps.items()}
    return dict(sorted(steps.items())), _clock(family[0], stem, words[at])


def _clock(name: str, stem: Callable[[str], str], word: str) -> Clock | None:
    """What a number counts; StyleGAN's `fakes000200` are kimg."""
    return "kimg" if re.fullmatch(r"fakes\d{6}", stem(name)) else _CLOCKS.get(word)


def _images(source: Source, folder: str) -> list[str]:
    below = f"{folder}/" if folder else ""
    names = source.files("*", below=folder)
    return [below + name for name in names if name.lower().endswith(ENDINGS)]


def _is_real(name: str) -> bool:
    words = set(re.findall("[a-z]+", name.lower()))
    return bool(words & _REAL) and not words & {"fake", "fakes"}


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0].lower()


def _left_out(paths: Sequence[str]) -> str:
    n = len(paths)
    return f"{n} image{'s' * (n > 1)} left out, {paths[0]}{' and the like' * (n > 1)}"
