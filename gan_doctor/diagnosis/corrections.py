"""What to do where no trick helps: a fault is corrected, and a fact of the set-up is answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gan_doctor.core import Finding, Remedy, Run, Upsampling
from gan_doctor.detectors._evidence import percent
from gan_doctor.diagnosis import _wiring
from gan_doctor.diagnosis._correction import LAST, Correction, answer, fix, mean_since, shown_by
from gan_doctor.diagnosis.outlook import best_step

UNEVEN = 4.0  # times the parameters of the other player, from which on size is a cause (proposal)
A_FIFTH = 0.2  # share of G's gradient with which the adversarial loss leads (proposal)
LEAKS = 0.8  # probability of an augmentation from which on it leaks (catalogue 7.6)


def corrections(run: Run, finding: Finding) -> tuple[Correction, ...]:
    """What answers a finding beside the tricks, with the numbers of this run."""
    answers = _TABLE.get(finding.slug, ())
    return tuple(found for of in answers if (found := of(run, finding)) is not None)


# Numbers of this run


def _smaller_loss(run: Run, finding: Finding) -> Correction:
    share = mean_since(run, finding, "gradient/g/through_d")
    added = [slug for slug in _ADDED if slug in (run.setup.tricks or ())]
    what = f"the added loss ({' and '.join(added)})" if added else "what is added to G's loss"
    values: dict[str, Any] = {}
    if not share:
        action = f"See that D's verdict is in G's loss at all, then lower the weight of {what}."
    else:
        # share / (share + (1 - share) / k) is a fifth.
        k = float(f"{(1 - share) / share * A_FIFTH / (1 - A_FIFTH):.2g}")
        values = {"divide_by": k}
        action = (
            f"Divide the weight of {what} by {k:g}: D's verdict is {percent(share)} of G's "
            "gradient, and with a fifth it leads."
        )
    check = "The share of G's gradient that comes through D rises to a fifth."
    remedy = Remedy(finding.slug, "A smaller added loss", action, values, check=check)
    return Correction(remedy, "tuning")


_ADDED = (
    "pixel-loss", "feature-matching", "mode-seeking", "path-length", "historical-averaging",
    "orthogonal-regularization", "class-softmax",
)  # fmt: skip


def _longer_schedule(run: Run, finding: Finding) -> Correction:
    values: dict[str, Any] = {}
    if run.budget and finding.onset:
        values = {"schedule_steps": run.budget}
        action = (
            f"Stretch the schedule {run.budget / finding.onset:.3g} times, so that it ends with "
            f"the training at step {run.budget} and not at step {finding.onset:g}."
        )
    else:
        action = f"End the decay with the training: it ran out at step {finding.onset:g}."
    check = "At half of the budget the rates are still of the size that they began with."
    remedy = Remedy(finding.slug, "A schedule that lasts", action, values, check=check)
    return Correction(remedy, "tuning")


def _roll_back(run: Run, finding: Finding) -> Correction | None:
    at_best = [e.window[0] for e in finding.evidence if e.window and e.statistic == "at its best"]
    step = at_best[0] if at_best else best_step(run).get("raw")
    if step is None or step > finding.alarm:
        return None
    action = f"Go back to the weights of step {step:g}, the best check, and change one thing there."
    check = "The first checks are as good as that one."
    return fix(finding, "Roll back", action, check, {"step": step})


def _same_values(run: Run, finding: Finding) -> Correction:
    network, real = run.setup.network("g", finding.player), run.setup.real_range
    end = network.output_activation if network else ""
    images = run.setup.sample_shape is None or len(run.setup.sample_shape) == 3
    span = f"[{real[0]:g}, {real[1]:g}]" if real else "their range"
    if "border" in shown_by(finding):
        action = "Crop and pad the reals as G's convolutions do: their borders tell the two apart."
    elif end and not images:
        action = f"Give G a linear output in place of its {end}, and standardise the data."
    elif end == "Sigmoid":
        action = f"Scale the reals from {span} to the [0, 1] of G's sigmoid."
    elif end:
        action = (
            f"Scale the reals from {span} to what G's {end} gives, in the one place that "
            "training, sampling and evaluation share."
        )
    else:
        action = (
            "Give both sides the same values: uniform noise of one step to reals of 8 bits, and "
            "a tanh to a G without bounds."
        )
    check = "Lowest and highest values of fakes and reals agree within the first 100 steps."
    remedy = Remedy(finding.slug, "The same values", action, check=check)
    return Correction(remedy, "tuning")


def _augment_less(run: Run, finding: Finding) -> Correction:
    p = run.get("augment/p", finding.player)
    largest = float(np.fmax.reduce(p.values, initial=0.0)) if p is not None else 0.0
    values: dict[str, Any] = {}
    if largest > LEAKS:
        values = {"p": LEAKS}
        action = f"Keep the augmentation's probability below {LEAKS:g}: it rose to {largest:.2g}."
    else:
        which = shown_by(finding).removeprefix("sample/leak/") or "what leaks"
        action = f"Leave {which} out of the augmentation, or do it to half as many samples."
    check = "The share of fakes that are taken for augmented falls to that of the reals."
    return answer("augment-less", action, check, values)


def _even_kernels(run: Run, finding: Finding) -> Correction | None:
    network = run.setup.network("g", finding.player)
    for layer in (network and network.upsampling) or ():
        even = even_kernel(layer)
        if even:
            sizes = (layer.stride or (), even, layer.kernel or ())
            stride, then, now = ("x".join(f"{n:g}" for n in size) for size in sizes)
            action = (
                f"Give G's transposed convolution of stride {stride} a kernel of {then}, not {now}."
            )
            check = "The peaks at the period of the upsampling leave the spectrum of the fakes."
            remedy = Remedy(finding.slug, "A kernel that fits the stride", action, check=check)
            return Correction(remedy, "tuning")
    return None


def even_kernel(layer: Upsampling) -> tuple[int, ...] | None:
    """The kernel that a transposed convolution needs to overlap evenly, None if it has one."""
    if layer.kernel is None or layer.stride is None:
        return None
    sides = list(zip(layer.kernel, layer.stride, strict=False))
    if all(kernel % stride == 0 for kernel, stride in sides):
        return None
    return tuple(int(stride * math.ceil(kernel / stride)) for kernel, stride in sides)


# What people found to be the cause, where the facts are there


def _capacity(run: Run, finding: Finding) -> Correction | None:
    ratio = run.setup.parameter_ratio
    if ratio is None:
        return None
    d_wins = finding.slug == "discriminator-overpowering"
    times = ratio if d_wins else 1 / ratio
    if times < UNEVEN:
        return None
    # The parameters of a layer go with the square of its width.
    factor = round(times ** (-0.5 if d_wins else 0.5), 2)
    verb, larger, smaller = ("Narrow", "D", "G") if d_wins else ("Widen", "G", "D")
    action = (
        f"{verb} D's layers to about {factor:g} times their channels: {larger} has {times:.2g} "
        f"times the parameters of {smaller}."
    )
    return answer(
        "capacity",
        action,
        "D's AUROC moves off its extreme within a tenth of the budget.",
        {"d_width_factor": factor},
        cost_note="D is another network: train it afresh.",
        avoid_when="Not while a learning rate or the wiring explains it.",
    )


def _full_precision(run: Run, finding: Finding) -> Correction | None:
    narrow = {
        "float16": "float16 overflows beyond 65,504 and loses what is below 6e-8",
        "bfloat16": "bfloat16 has not three digits",
    }
    if run.setup.amp is None:
        return None
    action = (
        "Compute the losses and penalties in float32, outside of mixed precision, and unscale the "
        f"gradient before it is clipped: {narrow[run.setup.amp]}."
    )
    return answer("full-precision", action, "The same steps in float32 show nothing of it.")


def _shuffled_stream(run: Run, finding: Finding) -> Correction:
    size = run.setup.batch_size
    buffer = f"{100 * size:,} samples" if size else "100 batches"
    action = f"Where the data is streamed, shuffle its files and keep a buffer of {buffer}."
    check = "The means of the real batches vary as those of shuffled data."
    return answer("shuffled-stream", action, check, rank=LAST)


def _latent_in_more_layers(run: Run, finding: Finding) -> Correction:
    return answer(
        "latent-in-more-layers",
        "Give z to several layers of G, or noise of its own to each, not to the first alone.",
        "Samples of two z under one condition differ.",
        rank=LAST,
        cost_note="G is another network: train it afresh.",
    )


def _blur(run: Run, finding: Finding) -> Correction:
    return answer(
        "blurred-resampling",
        "Blur with (1, 2, 1) after each upsampling in G and before each subsampling in D.",
        "The peaks at the period of the upsampling leave the spectrum of the fakes.",
        rank=LAST,
        cost_note="Both are other networks: train them afresh.",
    )


def _more_data(run: Run, finding: Finding) -> Correction:
    return answer(
        "more-data",
        "Train on more samples, or begin with networks that were trained on more of the kind.",
        "Held-out reals score like those of the training.",
        rank=LAST,
    )


Answer = Callable[[Run, Finding], "Correction | None"]

_TABLE: Mapping[str, tuple[Answer, ...]] = {
    "non-finite": (_full_precision,),
    "exploding-gradient": (_full_precision,),
    "vanishing-generator-gradient": (_full_precision,),
    "learning-rate-exhausted": (_longer_schedule,),
    "discriminator-overpowering": (_capacity,),
    "discriminator-failing": (_capacity,),
    "stalled-at-chance": (_capacity,),
    "auxiliary-loss-dominates": (_smaller_loss,),
    "latent-ignored": (_wiring.latent_ignored, _latent_in_more_layers),
    "condition-ignored": (_wiring.condition_ignored,),
    "checkerboard": (_even_kernels, _blur),
    "quality-regression": (_roll_back,),
    "value-range-mismatch": (_same_values,),
    "augmentation-leak": (_wiring.augmentation_leak, _augment_less),
    "discriminator-overfitting": (_more_data,),
    "memorization": (_more_data,),
    "player-not-updated": (_wiring.player_not_updated,),
    "double-sigmoid": (_wiring.double_sigmoid,),
    "labels-swapped": (_wiring.labels_swapped,),
    "data-not-shuffled": (_shuffled_stream,),
    "loss-not-backpropagated": (_wiring.loss_not_backpropagated,),
    "incompatible-pair": (_wiring.incompatible_pair,),
    "train-eval-mismatch": (_wiring.train_eval_mismatch,),
}
