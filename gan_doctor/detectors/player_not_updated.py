"""GD601: the weights of a player stand still although its optimizer steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Run
from gan_doctor.core.setup import Role
from gan_doctor.detectors._base import Detector, Limit, Score
from gan_doctor.detectors._evidence import measured, percent, recorded, value_of
from gan_doctor.stats import Alarm, Persistence, latest_by_tick, mean_by_tick

__all__ = ["PlayerNotUpdated"]

_FIVE_TICKS = Persistence(5, 1.0)
_ROLES: tuple[Role, ...] = ("g", "d")


class PlayerNotUpdated(Detector):
    """Finds a G or D that does not learn because nothing changes its weights.

    What it does:
        Looks at how far each generator step moves the weights of G and D, and whether the
        optimizers hold all the weights that could be trained. It names the cause as far as it is
        on record: a rate of 0, a gradient of 0 or none, steps that mixed precision leaves out.

    Why this is a problem:
        The losses go on moving, because the other player learns. A frozen G leaves noise, a frozen
        D judges by chance, and both look like a training that is out of balance; no setting cures
        either.

    How it is measured:
        The change of the weights over a generator step, over their norm, is 0 at five ticks in a
        row; an optimizer that steps with any gradient at all moves some weight. Of a D whose
        optimizer never stepped, the norm of the weights stays the same to the last digit. Both are
        facts and alarm during the warm-up too. The weights that an optimizer holds are counted
        when it first steps, against those that asked for a gradient when the Monitor was attached.

    Limits:
        update 1e-12 of the weights (proposal: a change of one float32 weight in a million is
        6e-11); left_out .1% of the trainable weights (proposal, for what rounding leaves).

    Known false alarms:
        A loss that is multiplied by 0 up to a certain step, as VQGAN's, or a D that is trained only
        from then on: it clears there. Layers frozen by leaving them out of the optimizer, on
        purpose.

    Remedies:
        Look for zero_grad between backward and step, for a detach or no_grad around the player, for
        requires_grad set to False, and for an optimizer made before the network was moved,
        replaced or given its last layers.

    References:
        Catalogue S2 and section 6.
    """

    code = "GD601"
    title = "Player not updated"
    limits = {
        "update": Limit(1e-12, "change of the weights a step, over their norm", "proposal"),
        "left_out": Limit(1e-3, "share of the trainable weights in no optimizer", "proposal"),
    }

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """1 where a player stands still, or never stepped; and what no optimizer holds."""
        still = {role: self._still(run, role, player) for role in _ROLES}
        never, left_out = _never_stepped(run, player), _left_out(run, player)
        known = [*still.values(), never, *left_out.values()]
        if all(np.isnan(values).all() for values in known):
            return Missing(
                "no series",
                "how far the optimizers of G and D move the weights",
                "attach the Monitor with hooks to the networks that the optimizers step",
            )
        held = np.fmax(left_out["g"], left_out["d"])
        limit = self._limit["left_out"]
        return [
            *(Score("critical", run.ticks, v, 1.0, _FIVE_TICKS, fact=True) for v in still.values()),
            Score("warning", run.ticks, never, 1.0, _FIVE_TICKS, fact=True),
            Score("warning", run.ticks, held, limit, _FIVE_TICKS, fact=True),
        ]

    def _still(self, run: Run, role: Role, player: str) -> FloatArray:
        change = mean_by_tick(run.get(f"update/{role}", player), run.ticks)
        return np.where(np.isnan(change), np.nan, change <= self._limit["update"])

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says who stands still, and why, as far as it is known."""
        if score.severity == "critical":
            sentence, evidence = self._of_still(run, score, alarm, player)
        elif score.limit == 1.0:
            sentence, evidence = _of_never_stepped(run, alarm, player)
        else:
            sentence, evidence = self._of_left_out(run, alarm, player)
        return self._report(score, alarm, player, sentence, evidence)

    def _of_still(
        self, run: Run, score: Score, alarm: Alarm, player: str
    ) -> tuple[str, tuple[Evidence, ...]]:
        same = [
            role
            for role in _ROLES
            if np.array_equal(self._still(run, role, player), score.values, equal_nan=True)
        ]
        role = same[0]
        # The stretch may have begun with another fault of the player.
        change = mean_by_tick(run.get(f"update/{role}", player), run.ticks)
        update = np.where(score.values >= score.limit, change, np.nan)
        evidence = measured(
            run, alarm, f"update/{role}", "mean", run.ticks, update,
            self._limit["update"], "below", important=True,
        )  # fmt: skip
        evidence += recorded(run, alarm, (f"gradient/{role}", f"lr/{role}"), player)
        evidence = tuple(e for e in evidence if np.isfinite(e.value))
        why = _why(run, role, evidence)
        return (
            f"The weights of {role.upper()} have changed by {evidence[0].value:g} since step "
            f"{alarm.onset:g} although its optimizer steps: {why}."
        ), evidence

    def _of_left_out(self, run: Run, alarm: Alarm, player: str) -> tuple[str, tuple[Evidence, ...]]:
        shares = {role: values.max(initial=0) for role, values in _left_out(run, player).items()}
        role = max(shares, key=lambda r: np.nan_to_num(shares[r]))
        window = (alarm.onset, run.last_step)
        words = "share of the trainable weights in no optimizer"
        evidence = Evidence(
            "setup", words, float(shares[role]), self._limit["left_out"], window, important=True
        )
        return (
            f"No optimizer that has stepped by step {alarm.onset:g} holds {percent(shares[role])} "
            f"of the trainable weights of {role.upper()}, which never change."
        ), (evidence,)


def _why(run: Run, role: Role, evidence: Sequence[Evidence]) -> str:
    lr, gradient = value_of(evidence, f"lr/{role}"), value_of(evidence, f"gradient/{role}")
    if lr == 0:
        return "its learning rate is 0"
    if gradient is None and run.setup.amp == "float16":
        return "its gradients overflow, and mixed precision leaves the steps out"
    if gradient is None:
        return "no gradient is left on its weights"
    if gradient == 0:
        return "its gradient is 0"
    rate = "" if lr is None else f" at a learning rate of {lr:.3g}"
    return f"a gradient of {gradient:.3g}{rate} moves nothing"


def _never_stepped(run: Run, player: str) -> FloatArray:
    """(T,) 1 where no step of D was seen so far and its weights are as they were."""
    steps, weight = run.get("steps/d", player), run.get("weight/d", player)
    if steps is None or weight is None:
        return np.full(len(run.ticks), np.nan)
    taken = np.cumsum(np.nan_to_num(mean_by_tick(steps, run.ticks)))
    size = latest_by_tick(weight, run.ticks)
    return np.where(np.isnan(size), np.nan, (taken == 0) & (size == weight.values[0]))


def _of_never_stepped(run: Run, alarm: Alarm, player: str) -> tuple[str, tuple[Evidence, ...]]:
    steps = mean_by_tick(run.get("steps/d", player), run.ticks)
    evidence = measured(
        run, alarm, "steps/d", "mean", run.ticks, steps, 0.0, "below", important=True
    )
    return (
        f"No optimizer has stepped D up to step {run.last_step:g}, and its weights have been the "
        f"same since step {alarm.onset:g}."
    ), evidence + recorded(run, alarm, ("weight/d",), player)


def _left_out(run: Run, player: str) -> dict[Role, FloatArray]:
    """(T,) by role, the share of the trainable weights that no optimizer holds; NaN if unknown."""
    return {role: np.full(len(run.ticks), _share_left_out(run, role, player)) for role in _ROLES}


def _share_left_out(run: Run, role: Role, player: str) -> float:
    network = run.setup.network(role, player)
    held = [o.parameters for o in run.setup.optimizers if (o.role, o.player) == (role, player)]
    # Loops that switch gradients on for one phase at a time show a share of 1 that is frozen.
    if network is None or network.frozen == 1 or not held or None in held:
        return np.nan
    trainable = network.parameters * (1 - (network.frozen or 0.0))
    return max(0.0, 1 - sum(n or 0 for n in held) / trainable) if trainable else np.nan
