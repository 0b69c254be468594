"""Old fakes shown to D again (catalogue 1.1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gan_doctor.core import ConfigError, Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, of_family
from gan_doctor.tricks._plan import Plan

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ReplayBuffer"]

_SIZE, _SHARE = 1024, 0.5


class ReplayBuffer(Trick):
    """Shows D, in half of each fake batch, fakes that G made some time ago.

    What it does:
        D remembers where G has been. A G that leaves a mode for the next one cannot come back and
        find that D has forgotten it.

    When to use it:
        Mode hopping and oscillation, and collapse that moves about.

    When not to:
        Against a collapse that stands still: it only guards modes that G has already been to. With
        a Wasserstein critic, whose estimate becomes biased. Leave the old fakes out of whatever is
        measured of D, which knows them. After a change of the learning rate it is stale for a time.

    Values:
        Half of the batch is old, and as many random entries give way to new ones (Shrivastava
        2017). 1024 entries are our default: with batches of 64 an entry stays for 32 D steps on
        average. CycleGAN keeps 50, for batches of 1. size counts what D sees as one input.

    Cost:
        None, but for the memory of the old fakes, which stay on the CPU.

    How to see that it worked:
        The cluster counts of the fakes no longer change from check to check.

    References:
        Shrivastava 2017, SimGAN, section 2.3; Zhu 2017, CycleGAN, section 4.
    """

    title = "Replay buffer"
    category = "tuning"
    items = ("1.1.2",)
    treats = {
        "mode-hopping": 1,
        "non-convergence": 4,
        "mode-collapse": 4,
        "mode-dropping": 4,
    }
    cost_note = "The old fakes take memory on the CPU."
    check = "The share of fakes in each cluster no longer changes from check to check."
    avoid_when = "Not against a collapse that stands still, nor with a Wasserstein critic."
    references = ("Shrivastava et al. 2017, SimGAN, section 2.3", "Zhu et al. 2017, CycleGAN")
    settings = {"size": _SIZE, "share": _SHARE}
    with_care = {
        "d-gating": "the gate counts old fakes too, which D knows, so that it closes more often",
        "wasserstein-loss": "the critic then measures the distance to old fakes as well",
    }

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """A buffer of the default size, or of 16 batches where those are large."""
        if of_family(run.setup, "wasserstein"):
            return None
        batch = run.setup.batch_size
        size = max(_SIZE, 16 * batch) if batch else _SIZE
        action = (
            f"In the D step, replace half of the fakes by random ones of the last {size} kept, and "
            "let the replaced ones take their places; leave the G step as it is."
        )
        return Prescription(action, {"size": size, "share": _SHARE})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether it was declared; no hook can see it."""
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up forbids it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Passes the fakes of each D step through the buffer, pack by pack."""
        from gan_doctor.nn import ReplayBuffer as Buffer
        from gan_doctor.nn import pack, unpack

        size, share = settings["size"], settings["share"]
        if size < 1:
            raise ConfigError(f"{self.slug}.size must be at least 1, got {size}")
        if share >= 1:
            raise ConfigError(f"{self.slug}.share must lie in [0, 1), got {share}")
        buffer = Buffer(size, share, plan.generator(self.slug, "cpu"), "cpu")

        def replay(fake: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor | None, int]:
            m = plan.group
            of = y if y is None else y.unflatten(0, (-1, m))
            mixed = buffer.mix(pack(fake, m), of)
            of = mixed.y if mixed.y is None else mixed.y.flatten(0, 1)
            return unpack(mixed.fakes, m), of, m * mixed.fresh

        plan.replay = replay
        plan.kept[self.slug] = buffer
