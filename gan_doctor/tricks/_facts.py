"""What the cards ask of a run's set-up, and how they put their numbers into words."""

from __future__ import annotations

from collections.abc import Mapping

from gan_doctor.core import OptimizerFacts, Setup
from gan_doctor.core.setup import Role

USUAL_BETA1 = 0.5  # Radford 2016, DCGAN, section 4
SMALL_BATCH = 8  # below it, samples of a batch tell D little about each other (catalogue section 4)
ROLES: tuple[Role, ...] = ("g", "d")
_WITH_LABELS = ("minimax", "non-saturating", "least-squares")

# What a penalty on D's gradient, taken per sample, meets at a loss.
_COMPARED = (
    "D compares the samples of a batch, so that the penalty also takes in how one sample moves the "
    "logits of others."
)
PENALTY_CARE: Mapping[str, str] = {
    "minibatch-discrimination": _COMPARED,
    "minibatch-stddev": _COMPARED,
    "spectral-norm": "Both bound D's gradient, and one of them is enough.",
}

# What a relativistic loss, which knows differences of logits only, cannot be used with.
_NO_LABELS = "a relativistic loss has no labels to change"
NOT_RELATIVISTIC: Mapping[str, str] = {
    "ada": "under a relativistic loss the sign of a logit says nothing of how sure D is",
    "label-flipping": _NO_LABELS,
    "noisy-labels": _NO_LABELS,
    "one-sided-labels": _NO_LABELS,
    "top-k": "a relativistic loss compares reals with all fakes, not with the best of them",
}


def declared(setup: Setup, slug: str) -> bool | None:
    """Whether a trick was declared to be in use; None when nobody declared any."""
    return None if setup.tricks is None else slug in setup.tricks


def penalised(setup: Setup, penalty: str) -> bool | None:
    """Whether D's loss has a penalty; None when the objective does not tell."""
    penalties = setup.objective.penalties
    return None if penalties is None else penalty in penalties


def of_family(setup: Setup, family: str) -> bool | None:
    """Whether that is the loss family; None when the loss is not known."""
    known = setup.objective.family
    return None if known is None else known == family


def loss_swapped(setup: Setup, loss: str) -> str:
    """The sentence, without its full stop, that puts a loss in the place of the present one."""
    family = setup.objective.family
    was = f"the {family} loss" if family else "the loss you have"
    probability = setup.discriminator_output == "probability"
    bare = ", with the sigmoid taken off D" if probability else ""
    return f"Train both players with the {loss} instead of {was}{bare}"


def without_labels(setup: Setup) -> str | None:
    """Why D has no targets to change, "" if it has; None when the loss is not known."""
    family = setup.objective.family
    if family is None:
        return None
    return "" if family in _WITH_LABELS else f"the {family} loss has no labels to change"


def changed_labels(setup: Setup, loss: str) -> str | None:
    """Why a loss without labels does not fit, "" if it does; None when no label is known."""
    objective = setup.objective
    if objective.smoothing is None and objective.flip is None:
        return None
    if (objective.smoothing or 1) < 1 or objective.flip:
        return f"the labels are smoothed or flipped, and the {loss} has none"
    return ""


def batch_norm_in_d(setup: Setup) -> bool | None:
    """Whether a D has BatchNorm; None when no D is known."""
    norms = [n.norms for n in setup.networks if n.role == "d"]
    return any("BatchNorm" in norm for names in norms for norm in names) if norms else None


def mixed_samples(setup: Setup) -> str | None:
    """Why D does not judge each sample by itself, "" if it does; None when no D is known."""
    if batch_norm_in_d(setup):
        return "D has BatchNorm, which mixes the samples of a batch; the penalty is per sample"
    return None if batch_norm_in_d(setup) is None else ""


def spectral_norm_in_d(setup: Setup) -> bool | None:
    """Whether a D is spectrally normalised; None when no D is known."""
    found = [n.spectral_norm for n in setup.networks if n.role == "d"]
    return any(found) if found else None


def optimizer(setup: Setup, role: Role, player: str = "") -> OptimizerFacts:
    """The optimizer of a player, else the first of its role; without facts if none is known."""
    of_role = [o for o in setup.optimizers if o.role == role]
    return setup.optimizer(role, player) or (of_role[0] if of_role else OptimizerFacts(role))


def rates(setup: Setup, player: str = "") -> dict[str, float]:
    """The learning rates `lr_g` and `lr_d`, as far as they are known.

    A rate of 0 is the first step of a warm-up, or a player that is frozen: no number to go by.
    """
    found = {f"lr_{role}": optimizer(setup, role, player).lr for role in ROLES}
    return {name: lr for name, lr in found.items() if lr}


def by_adam(setup: Setup) -> bool:
    """Whether all known optimizers are of Adam's kind, so that its usual rates apply."""
    return all("Adam" in o.kind for o in setup.optimizers if o.kind)


def beta1(setup: Setup) -> float | None:
    """Adam's beta1, the larger one of the two players; None when it is not known."""
    return max((o.betas[0] for o in setup.optimizers if o.betas), default=None)


def shown(number: float) -> str:
    """A number for a sentence.

    Example:
        >>> shown(1e-05), shown(0.0002)
        ('1e-5', '0.0002')
    """
    mantissa, _, exponent = f"{number:g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def changes(now: Mapping[str, float], then: Mapping[str, float]) -> str:
    """The sentence that says what to set from where to where, "" if nothing changes.

    Example:
        >>> changes({"lr_g": 1e-5, "lr_d": 2e-3}, {"lr_g": 2e-4, "lr_d": 2e-4})
        'Lower lr_d from 0.002 to 0.0002 and raise lr_g from 1e-5 to 0.0002.'
    """
    lower = [name for name in then if then[name] < now[name]]
    higher = [name for name in then if then[name] > now[name]]
    said = [
        f"{verb} {name} from {shown(now[name])} to {shown(then[name])}"
        for verb, names in (("lower", lower), ("raise", higher))
        for name in names
    ]
    text = " and ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def images(setup: Setup) -> bool | None:
    """Whether the samples are images; None when their shape is not known."""
    return None if setup.sample_shape is None else len(setup.sample_shape) == 3


def not_images(setup: Setup) -> str | None:
    """Why a trick for images has nothing to work on, "" if it has; None when that is not known."""
    if images(setup) is None:
        return None
    return "" if images(setup) else "the samples are not images"


def layers(setup: Setup, role: Role) -> frozenset[str]:
    """The class names of all layers of a role's networks; none when they are not known."""
    return frozenset(name for n in setup.networks if n.role == role for name in n.layers)


def convolutional(setup: Setup, role: Role) -> bool | None:
    """Whether a role's networks have convolutions; None when their layers are not known."""
    names = layers(setup, role)
    return any(name.startswith(("Conv", "LazyConv")) for name in names) if names else None


def without_maps(setup: Setup) -> str | None:
    """Why a trick for convolutions has nothing to work on, "" if it has; None when not known."""
    if reason := not_images(setup):
        return reason
    found = [convolutional(setup, role) for role in ROLES]
    if False in found:
        return "a network without convolutions has no maps"
    return None if None in (*found, images(setup)) else ""
