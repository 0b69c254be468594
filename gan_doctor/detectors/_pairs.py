"""What in a set-up does not go together, as far as facts tell: the catalogue's matrix (section 1).

A table of facts, for a run whose tricks nobody declared. The cards of the tricks, which detectors
may not import, say more of those that are declared; `diagnosis.preflight` asks both, and a test
holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gan_doctor.core import Setup, Severity

SMALL_BATCH = 8  # samples, below which the statistics of a batch are noise (catalogue section 1)
SIGMOID = "a sigmoid at D's end"


@dataclass(frozen=True)
class Pair:
    """Two things of a set-up that do not go together.

    Args:
        severity: `critical` where the two contradict each other, `warning` where they work with a
            loss.
        one: What the one is.
        other: What the other is.
        why: The reason, as a clause.
        instead: What to do, as an imperative without its full stop.
        cards: The tricks that it speaks for, by slug.
    """

    severity: Severity
    one: str
    other: str
    why: str
    instead: str
    cards: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.one} beside {self.other} ({self.why})"


def pairs_in(setup: Setup) -> tuple[Pair, ...]:
    """The pairs of a set-up that do not go together, the worst first."""
    found = [pair for rule in _RULES if (pair := rule.pair(setup))]
    return tuple(sorted(found, key=lambda pair: pair.severity != "critical"))


_Thing = Callable[[Setup], str]  # what a set-up has of a kind, in words; "" for nothing


@dataclass(frozen=True)
class _Rule:
    severity: Severity
    one: _Thing
    other: _Thing
    why: str
    instead: str
    cards: frozenset[str] = frozenset()

    def pair(self, setup: Setup) -> Pair | None:
        one, other = self.one(setup), self.other(setup)
        if one and other:
            return Pair(self.severity, one, other, self.why, self.instead, self.cards)
        return None


def _batch_norm_in_d(setup: Setup) -> str:
    norms = [norm for n in setup.networks if n.role == "d" for norm in n.norms]
    return "BatchNorm in D" if any("BatchNorm" in norm for norm in norms) else ""


def _spectral_norm_in_d(setup: Setup) -> str:
    found = any(n.spectral_norm for n in setup.networks if n.role == "d")
    return "spectral normalisation of D" if found else ""


def _penalty(*names: str) -> _Thing:
    words = {"gradient-penalty": "the gradient penalty", "r1": "R1", "r2": "R2", "dragan": "DRAGAN"}

    def found(setup: Setup) -> str:
        present = [words[name] for name in names if name in (setup.objective.penalties or ())]
        return " and ".join(present)

    return found


def _family(*names: str) -> _Thing:
    def found(setup: Setup) -> str:
        family = setup.objective.family or ""
        return f"the {family} loss" if family.startswith(names) else ""

    return found


_TRICKS = {
    "ada": "ADA",
    "label-flipping": "flipped labels",
    "minibatch-discrimination": "minibatch discrimination",
    "minibatch-stddev": "the minibatch standard deviation",
    "noisy-labels": "noisy labels",
    "one-sided-labels": "one-sided labels",
    "pixel-loss": "a pixel loss",
    "weight-clipping": "weight clipping",
}


def _trick(*slugs: str) -> _Thing:
    def found(setup: Setup) -> str:
        return " and ".join(_TRICKS[slug] for slug in slugs if slug in (setup.tricks or ()))

    return found


def _smoothed(setup: Setup) -> str:
    if (setup.objective.smoothing or 1) < 1:
        return f"a real label of {setup.objective.smoothing:g}"
    return _trick("one-sided-labels", "noisy-labels")(setup)


def _flipped(setup: Setup) -> str:
    flip = setup.objective.flip
    return f"labels flipped with probability {flip:g}" if flip else _trick("label-flipping")(setup)


def _changed_labels(setup: Setup) -> str:
    return " and ".join(filter(None, (_smoothed(setup), _flipped(setup))))


def _sigmoid(setup: Setup) -> str:
    ends = [n.output_activation for n in setup.networks if n.role == "d"]
    return SIGMOID if setup.discriminator_output == "probability" or "Sigmoid" in ends else ""


def _compares_samples(setup: Setup) -> str:
    layers = [layer for n in setup.networks if n.role == "d" for layer in n.layers]
    found = any(layer.startswith(("MinibatchStd", "MinibatchDiscrimination")) for layer in layers)
    named = _trick("minibatch-stddev", "minibatch-discrimination")(setup)
    return named or ("a D that compares the samples of a batch" if found else "")


def _batch_statistics(setup: Setup) -> str:
    norms = [norm for n in setup.networks for norm in n.norms]
    found = any("BatchNorm" in norm for norm in norms)
    return "BatchNorm" if found else _compares_samples(setup)


def _small_batch(setup: Setup) -> str:
    size = setup.batch_size
    return f"a batch of {size}" if size is not None and size < SMALL_BATCH else ""


def _unpaired(setup: Setup) -> str:
    return "data that is not paired" if setup.paired is False else ""


_PER_SAMPLE = "the penalty is taken per sample, and BatchNorm mixes the samples of a batch"
_NO_BATCH_NORM = "Put GroupNorm or LayerNorm, or no normalisation, in the place of D's BatchNorm"

# Cards of the tricks.
_PENALTIES = frozenset({"gradient-penalty", "r1-penalty", "r2-penalty"})
_LABELS = frozenset({"one-sided-labels", "noisy-labels", "label-flipping"})
_RELATIVISTIC = frozenset({"relativistic-paired-loss", "relativistic-average-loss"})

_RULES = (
    _Rule(
        "critical", _batch_norm_in_d, _penalty("gradient-penalty", "r1", "r2"),
        _PER_SAMPLE, _NO_BATCH_NORM, _PENALTIES | {"batch-norm"},
    ),
    _Rule(
        "warning", _batch_norm_in_d, _penalty("dragan"),
        _PER_SAMPLE, _NO_BATCH_NORM, frozenset({"batch-norm", "dragan"}),
    ),
    _Rule(
        "critical", _changed_labels, _family("wasserstein", "hinge", "relativistic"),
        "that loss has no labels to change",
        "Take the smoothing and flipping of labels out of the D step",
        _LABELS | _RELATIVISTIC | {"wasserstein-loss", "hinge-loss"},
    ),
    _Rule(
        "critical", _sigmoid, _family("wasserstein", "hinge", "least-squares", "relativistic"),
        "that loss is made for raw outputs, and a sigmoid confines them to 0 to 1",
        "Take the sigmoid off D",
    ),
    _Rule(
        "critical", _trick("weight-clipping"), _penalty("gradient-penalty", "r1", "r2", "dragan"),
        "both bound D's slope, each in its own way", "Take the weight clipping out",
        _PENALTIES | {"weight-clipping", "dragan"},
    ),
    _Rule(
        "critical", _trick("ada"), _family("wasserstein", "relativistic"),
        "the sign of such a logit says nothing of how sure D is",
        "Augment with a fixed strength (diff-augment) in place of ADA",
        _RELATIVISTIC | {"ada", "wasserstein-loss"},
    ),
    _Rule(
        "critical", _trick("pixel-loss"), _unpaired,
        "no fake has a true output to be held against", "Take the pixel loss out",
        frozenset({"pixel-loss"}),
    ),
    _Rule(
        "warning", _spectral_norm_in_d, _penalty("gradient-penalty", "r1", "r2", "dragan"),
        "both bound D's gradient, and one of them is enough",
        "Keep either the spectral normalisation or the penalty",
        _PENALTIES | {"spectral-norm", "dragan"},
    ),
    _Rule(
        "warning", _compares_samples, _penalty("gradient-penalty"),
        "the penalty also takes in how one sample moves the logits of others",
        "Take the layer that compares samples out of D, or use R1",
        frozenset({"minibatch-stddev", "minibatch-discrimination", "gradient-penalty"}),
    ),
    _Rule(
        "warning", _small_batch, _batch_statistics,
        "the statistics of so few samples are noise",
        f"Use batches of {SMALL_BATCH} or more, or a normalisation within the sample",
    ),
    _Rule(
        "warning", _smoothed, _flipped,
        "flips pull D below the smoothed target as well", "Keep one of the two changes of labels",
        _LABELS,
    ),
)  # fmt: skip
