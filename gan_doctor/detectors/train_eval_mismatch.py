"""GD607: G or D is trained in evaluation mode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan_doctor.core import Evidence, Finding, FloatArray, Missing, Network, Run
from gan_doctor.core.setup import Role
from gan_doctor.detectors._base import Detector, Score
from gan_doctor.stats import Alarm, Persistence

__all__ = ["TrainEvalMismatch"]

_ROLES: tuple[Role, ...] = ("g", "d")


class TrainEvalMismatch(Detector):
    """Finds a network that was put into evaluation mode and never put back.

    What it does:
        Looks at the mode in which the optimizers of G and D find their networks.

    Why this is a problem:
        In evaluation mode BatchNorm subtracts statistics that are not learnt any more, and dropout
        is off. A preview calls G.eval(), nobody calls G.train(), and from then on another network
        is trained than before.

    How it is measured:
        The mode is noted when it changes, at the first optimizer step that is read after it. It
        counts where the network has BatchNorm or dropout; where it has neither, both modes are the
        same. It is a fact and alarms in the warm-up too.

    Limits:
        None.

    Known false alarms:
        Fine-tuning with frozen BatchNorm statistics, on purpose.

    Remedies:
        Call G.train() and D.train() at the start of each step, or after each preview.

    References:
        Catalogue 6.4 of section 1.
    """

    code = "GD607"
    title = "Trained in evaluation mode"

    def scores(self, run: Run, player: str = "") -> Sequence[Score] | Missing:
        """1 at each tick at which G, or D, was last stepped in a mode that it should not be in."""
        networks = {role: run.setup.network(role, player) for role in _ROLES}
        watched = any(optimizer.player == player for optimizer in run.setup.optimizers)
        if not watched or not any(networks.values()):
            return Missing(
                "no series",
                "the networks, and the mode that their optimizers find them in",
                "attach the Monitor with hooks",
            )
        return [
            Score(
                "warning", run.ticks, _mistaken(run, role, networks[role], player),
                1.0, Persistence(3, 1.0), fact=True,
            )
            for role in _ROLES
        ]  # fmt: skip

    def finding(self, run: Run, score: Score, alarm: Alarm, player: str = "") -> Finding:
        """Says who is in evaluation mode, and what that changes."""
        who = [
            (role, network)
            for role in _ROLES
            if (network := run.setup.network(role, player)) is not None
            and np.array_equal(_mistaken(run, role, network, player), score.values)
        ]
        role, network = who[0]
        layers = _batch_norms(network)
        what = [f"{layers} BatchNorm layers" if layers > 1 else "BatchNorm"] if layers else []
        what += [f"dropout of {network.dropout:g}"] if network.dropout else []
        evidence = Evidence(
            "events", f"{role.upper()} stepped in evaluation mode", 1.0, 0.0,
            (alarm.onset, run.last_step), important=True,
        )  # fmt: skip
        message = (
            f"{role.upper()} has been trained in evaluation mode up to step {alarm.alarm:g}, since "
            f"step {alarm.onset:g} at the latest, and has {' and '.join(what)}."
        )
        return self._report(score, alarm, player, message, (evidence,))


def _mistaken(run: Run, role: Role, network: Network | None, player: str) -> FloatArray:
    """(T,) 1 where the last event says evaluation mode and the network is another one in it."""
    evaluating = np.zeros(len(run.ticks))
    if network is None or not (_batch_norms(network) or network.dropout):
        return evaluating
    for event in run.events:
        if event.kind == "mode" and event.player == player and event.detail.get("role") == role:
            # It is dated at the end of the step before.
            evaluating[run.ticks > event.step] = not event.detail.get("training")
    return evaluating


def _batch_norms(network: Network) -> int:
    """How many layers keep statistics of the batches."""
    counted = sum(n for kind, n in network.layers.items() if "BatchNorm" in kind)
    return counted or sum("BatchNorm" in norm for norm in network.norms)
