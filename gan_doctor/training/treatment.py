"""Closes the loop: a training that goes wrong is begun again with what the doctor prescribes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gan_doctor.core import ConfigError, Diagnosis, Finding, Remedy, RunExistsError
from gan_doctor.diagnosis import diagnose, wanted_by
from gan_doctor.training.config import TrainConfig
from gan_doctor.training.loop import train
from gan_doctor.tricks import known

if TYPE_CHECKING:
    from gan_doctor.monitor import Monitor

RECORD = "treatment.json"
CHECKS = 50  # of the samples, in each attempt
PATIENCE = 0.1  # of the budget, for which something critical must stand: most of it passes
_FACTS = ("GD1", "GD6")  # what no patience mends: no numbers, and faults of the wiring
TRIES = 3  # as many remedies as a finding has at most

# The faults that a person would mend on being told so.
_MENDED: Mapping[str, tuple[str, ...]] = {
    "player-not-updated": ("frozen-generator", "frozen-discriminator"),
    "double-sigmoid": ("double-sigmoid",),
    "labels-swapped": ("labels-swapped",),
    "loss-not-backpropagated": ("penalty-detached",),
    "train-eval-mismatch": ("generator-in-eval",),
    "latent-ignored": ("latent-ignored", "latent-damped"),
    "condition-ignored": ("condition-ignored",),
    "augmentation-leak": ("rotated",),
    "learning-rate-exhausted": ("rates-exhausted",),
}


def treated(config: TrainConfig, remedy: Remedy) -> TrainConfig | None:
    """The configuration with a remedy carried out, as a person would who knows nothing else.

    Args:
        config: Of the training that went wrong.
        remedy: Of one of its findings.

    Returns:
        None where the remedy cannot be carried out here, or changes nothing.
    """
    try:
        changed = _changed(config, remedy)
    except ConfigError:
        return None
    return None if changed == config else changed


def prescribed(diagnosis: Diagnosis) -> Sequence[Remedy]:
    """The remedies of the critical headline, then those of what stands under it.

    Args:
        diagnosis: Of a training that went wrong.

    Returns:
        Nothing where nothing critical stands.
    """
    worst = _critical(diagnosis)
    if worst is None:
        return ()
    return wanted_by(worst, *(f for f in diagnosis.findings if f.cause == worst.slug))


def _changed(config: TrainConfig, remedy: Remedy) -> TrainConfig:
    slug, values = remedy.slug, remedy.values
    if slug in known():
        names = known()[slug].settings
        # A rate that is not prescribed stays as it was, where the card has one of its own.
        kept = {name: getattr(config, name) for name in ("lr_g", "lr_d") if name in names}
        given = kept | {name: v for name, v in values.items() if name in names}
        # Of two cards that set the same, the one that is prescribed now counts.
        others = {
            other: settings
            for other, settings in config.tricks.items()
            if not set(known()[other].sets) & set(known()[slug].sets)
        }
        return replace(config, tricks={**others, slug: given})
    if config.fault and config.fault in _MENDED.get(slug, ()):
        return replace(config, fault="")
    if slug == "value-range-mismatch":
        return replace(config, data_range="tanh")
    if slug in ("data-not-shuffled", "shuffled-stream"):
        return replace(config, shuffle=True)
    if slug == "capacity":
        width = (config.d_width or config.width) * values["d_width_factor"]
        return replace(config, d_width=max(1, round(width)))
    if slug == "auxiliary-loss-dominates" and "divide_by" in values:
        return replace(config, tricks=_lighter(config, values["divide_by"]))
    return config


def _lighter(config: TrainConfig, divide_by: float) -> dict[str, dict[str, Any]]:
    """The tricks with the weights of losses on G divided."""
    tricks = {slug: dict(given) for slug, given in config.tricks.items()}
    for slug in ("pixel-loss", "feature-matching", "mode-seeking"):
        if slug in tricks:
            weight = tricks[slug].get("weight", known()[slug].settings["weight"])
            tricks[slug]["weight"] = weight / divide_by
    return tricks


@dataclass(frozen=True)
class Attempt:
    """One training of a treatment.

    Args:
        directory: Of its log.
        remedy: The name of what was changed, "" for the first.
        action: In words.
        values: What was set.
        steps: Generator steps until it was stopped, or came to its end.
        found: The code of the critical finding that it was stopped for, "" if none.
        message: Its message.
    """

    directory: str
    remedy: str
    action: str
    values: Mapping[str, Any]
    steps: int
    found: str
    message: str


def treat(
    config: TrainConfig,
    directory: str | Path,
    tries: int = TRIES,
    sample_every: int | Literal["auto"] = "auto",
    progress: Callable[[str, int, Mapping[str, float]], None] | None = None,
) -> tuple[Attempt, ...]:
    """Trains, and on a critical finding begins anew with its first remedy, then with the next.

    A training is given up where something critical has stood for a tenth of the budget, or at once
    for what no patience mends. Every attempt has all steps of the configuration. What was tried
    stands in `treatment.json`.

    Args:
        config: What to train.
        directory: Where each attempt gets a folder of its own.
        tries: Remedies at most.
        sample_every: Generator steps between two checks of the samples; "auto" makes fifty of them,
            for what is to be acted on must be seen.
        progress: As of `train`, with the name of the attempt first.

    Returns:
        The attempts in order; only the last can have come to its end without a critical finding.

    Raises:
        RunExistsError: The directory holds a treatment.
    """
    every = max(1, config.steps // CHECKS) if sample_every == "auto" else sample_every
    folder = Path(directory)
    if folder.exists() and any(folder.iterdir()):
        raise RunExistsError(f"{folder} is not empty: choose another directory")
    attempts: list[Attempt] = []
    plans: list[tuple[TrainConfig, Remedy | None]] = [(config, None)]
    while plans and len(attempts) <= tries:
        now, remedy = plans.pop(0)
        name = f"{len(attempts)}-{remedy.slug if remedy else 'untreated'}"
        diagnosis = _tried(now, folder / name, name, every, progress)
        worst = _critical(diagnosis)
        attempts.append(_attempt(name, remedy, diagnosis, worst))
        _write(attempts, folder)
        if worst is None:
            break
        if remedy is None:
            plans = [(c, r) for r in prescribed(diagnosis) if (c := treated(config, r))]
    return tuple(attempts)


def _tried(
    config: TrainConfig,
    folder: Path,
    name: str,
    sample_every: int,
    progress: Callable[[str, int, Mapping[str, float]], None] | None,
) -> Diagnosis:
    since: int | None = None  # the step from which on something critical has stood

    def given_up(step: int, doctor: Monitor | None) -> bool:
        nonlocal since
        if step % sample_every or doctor is None:
            return False
        diagnosis = doctor.diagnose()
        worst = _critical(diagnosis) if diagnosis is not None else None
        if worst is None:
            since = None
            return False
        if worst.code.startswith(_FACTS):
            return True
        since = step if since is None else since
        return step - since >= PATIENCE * config.steps

    def tell(step: int, losses: Mapping[str, float]) -> None:
        if progress is not None:
            progress(name, step, losses)

    train(config, folder, sample_every=sample_every, progress=tell, until=given_up)
    return diagnose(folder)


def _critical(diagnosis: Diagnosis) -> Finding | None:
    """The first headline that is critical."""
    standing = (f for f in diagnosis.findings if f.standing and not f.cause)
    return next((f for f in standing if f.severity == "critical"), None)


def _attempt(
    name: str, remedy: Remedy | None, diagnosis: Diagnosis, worst: Finding | None
) -> Attempt:
    return Attempt(
        name,
        remedy.slug if remedy else "",
        remedy.action if remedy else "",
        dict(remedy.values) if remedy else {},
        int(diagnosis.run.last_step),
        worst.code if worst else "",
        worst.message if worst else "",
    )


def _write(attempts: Sequence[Attempt], folder: Path) -> None:
    text = json.dumps([asdict(attempt) for attempt in attempts], indent=1)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8")
