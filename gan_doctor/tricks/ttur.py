"""Two time-scale update rule: a learning rate of its own for each player (catalogue 6.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import by_adam, changes, rates
from gan_doctor.tricks._plan import Plan

__all__ = ["TTUR"]

_DCGAN = 2e-4
_D_AHEAD = ("discriminator-overpowering", "vanishing-generator-gradient")
_D_BEHIND = ("discriminator-failing", "blurry-output", "non-convergence")
_SAGAN_G, _SAGAN_D = 1e-4, 4e-4


class TTUR(Trick):
    """Gives D and G learning rates of their own, so that neither outruns the other.

    What it does:
        Lets D follow G with one D step per G step, in place of several. In theory D learns on the
        faster scale (Heusel 2017, theorem 1); in practice the ratio is what balances the two.

    When to use it:
        D falls behind (D loss high, fakes taken for real): raise lr_d. G is much faster than D, or
        D sees nothing: lower lr_g. D wins outright: lower lr_d, raise lr_g. D misses that samples
        are blurred, or the losses never settle: the faster rate for D.

    When not to:
        Do not give D the faster rate when it already wins: it makes that worse. Tune again after a
        change of the batch size or of the number of D steps.

    Values:
        lr_g 1e-4 and lr_d 4e-4 with one step each are SAGAN's setting (Zhang 2019, section 4), not
        the theorem's. Heusel's own pairs differ by data set, some with the faster G.

    Cost:
        None. It saves the time of additional D steps.

    How to see that it worked:
        D's AUROC moves off its extreme and sample coverage rises within a tenth of the budget.

    References:
        Heusel 2017, theorem 1; Zhang 2019, SAGAN, section 4.
    """

    title = "Two time-scale update rule"
    category = "tuning"
    items = ("6.9",)
    treats = {
        "vanishing-generator-gradient": 1,
        "discriminator-overpowering": 1,
        "discriminator-failing": 1,
        "stalled-at-chance": 1,
        "non-convergence": 6,
        "mode-collapse": 3,
        "mode-dropping": 3,
        "noise-output": 1,
        "blurry-output": 1,
    }
    check = "Within a tenth of the budget D's AUROC moves off its extreme and coverage rises."
    avoid_when = "Not with the faster rate for D when D already wins."
    references = ("Heusel et al. 2017, theorem 1", "Zhang et al. 2019, SAGAN, section 4")
    settings = {"lr_g": _SAGAN_G, "lr_d": _SAGAN_D}
    sets = ("lr_g", "lr_d")

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Slows the player that is ahead, and speeds up the other if it crawls."""
        now = rates(run.setup, finding.player)
        if len(now) < 2 or not by_adam(run.setup):
            return _in_words(finding.slug)
        then = {n: lr for n, lr in _balanced(finding.slug, **now).items() if lr != now[n]}
        return Prescription(changes(now, then), then) if then else None

    def in_use(self, setup: Setup) -> bool | None:
        """A ratio is always there; whether it needs another is for `prescribe` to say."""
        return False

    def avoid(self, setup: Setup) -> str | None:
        """Nothing in a set-up speaks against it."""
        return ""

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets both rates."""
        plan.lr_g, plan.lr_d = settings["lr_g"], settings["lr_d"]


def _balanced(finding: str, lr_g: float, lr_d: float) -> dict[str, float]:
    """The rates to use; none where their ratio is not to blame."""
    ratio = lr_d / lr_g
    if finding in _D_AHEAD or (finding == "noise-output" and ratio > 1):
        return _slower_d(lr_g, lr_d)
    if finding != "noise-output" and ratio < (4 if finding in _D_BEHIND else 1):
        return _faster_d(lr_g, lr_d)
    return {}


def _slower_d(lr_g: float, lr_d: float) -> dict[str, float]:
    slower = _DCGAN if lr_d > _DCGAN else lr_d / 4
    return {"lr_g": max(lr_g, slower), "lr_d": slower}


def _faster_d(lr_g: float, lr_d: float) -> dict[str, float]:
    faster = max(lr_d, _SAGAN_D)
    return {"lr_g": min(lr_g, faster / 4), "lr_d": faster}


def _in_words(finding: str) -> Prescription | None:
    if finding in _D_AHEAD:
        return Prescription("Give D a quarter of its learning rate.")
    if finding in _D_BEHIND:
        return Prescription("Give D four times the learning rate of G.")
    return None
