"""What to write to use a trick: lines of Python for a loop of one's own, a command for ours."""

from __future__ import annotations

import shlex
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan_doctor.core import Remedy, Run
from gan_doctor.tricks import known

_RATES = {"lr_d", "lr_g"}  # a rate that the remedy does not name stays as it is

_BY_RATE = """\
for group in opt_d.param_groups: group["lr"] = {lr_d}
for group in opt_g.param_groups: group["lr"] = {lr_g}"""


def _objective(family: str, real: str = "") -> str:
    return f"""\
from gan_doctor.losses import discriminator_loss, generator_loss
loss_d = discriminator_loss("{family}", D(real), D(fake.detach()))
loss_g = generator_loss("{family}", D(fake){real})"""


# By slug; G, D, their optimizers, batches and losses go by the names that most loops give them.
OWN_LOOP: Mapping[str, str] = {
    "ada": """\
from gan_doctor.nn import AdaptiveAugment
augment = AdaptiveAugment(batch_size, target={target}, ada_kimg={kimg})  # before the loop
on_real, on_fake = D(augment(real)), D(augment(fake))  # in both steps
augment.watch(on_real)  # in the step of D""",
    "adam-beta1": """\
for group in (*opt_d.param_groups, *opt_g.param_groups):
    group["betas"] = ({beta1}, group["betas"][1])""",
    "consistency": """\
from gan_doctor.losses import consistency_penalty
from gan_doctor.nn import diff_augment
loss_d = loss_d + consistency_penalty(D(real), D(diff_augment(real)), {weight})""",
    "d-steps": """\
for _ in range({d_steps}):
    ...  # the step of D
...  # the step of G""",
    "d-gating": """\
from gan_doctor.nn import SeparationGate
gate = SeparationGate({threshold})  # before the loop
if not gate(auroc):  # of D's logits on the batch
    opt_d.step()""",
    "data-scaling": "real = 2 * real - 1  # from [0, 1] to [-1, 1], which G's tanh covers",
    "diff-augment": """\
from gan_doctor.nn import diff_augment  # in both steps, on all that D sees
on_real, on_fake = (D(diff_augment(x, {policy}.split(","))) for x in (real, fake))""",
    "dragan": """\
from gan_doctor.losses import dragan_penalty
loss_d = loss_d + dragan_penalty(D, real, {weight}, {k})""",
    "dropout": "torch.nn.Dropout({p})  # after each hidden layer of D",
    "ema": """\
from gan_doctor.nn import ExponentialAverage
average = ExponentialAverage(G, {decay})  # before the loop
average.update(G)  # after each step of G; sample from average.module""",
    "feature-matching": """\
from gan_doctor.losses import feature_matching
alike = feature_matching(D.features(real), D.features(fake))
loss_g = {adversarial} * loss_g + {weight} * alike""",
    "gradient-clipping": """\
torch.nn.utils.clip_grad_norm_(D.parameters(), {norm})  # before opt_d.step(); so for G""",
    "gradient-penalty": """\
from gan_doctor.losses import gradient_penalty
loss_d = loss_d + gradient_penalty(D, real, fake.detach(), {weight})""",
    "hinge-loss": _objective("hinge"),
    "historical-averaging": """\
from gan_doctor.losses import HistoricalAverage
average = HistoricalAverage(G)  # before the loop; so for D
loss_g = loss_g + average.penalty({weight})
average.update()  # after the step""",
    "instance-noise": """\
from gan_doctor.nn import annealed, instance_noise  # in both steps, on all that D sees
sd = annealed({sd}, step / total_steps, {until})
on_real, on_fake = (D(instance_noise(x, sd)) for x in (real, fake))""",
    "label-flipping": """\
from gan_doctor.nn import flipped
real_labels, fake_labels = flipped(torch.ones(len(real)), torch.zeros(len(fake)), {p})""",
    "latent-law": "z = torch.randn(len(real), latent, device=real.device)",
    "leaky-relu": "torch.nn.LeakyReLU({d})  # instead of ReLU in D",
    "learning-rate": _BY_RATE,
    "least-squares-loss": _objective("least-squares"),
    "lecam": """\
from gan_doctor.losses import LeCam
lecam = LeCam(weight={weight})  # before the loop
loss_d = loss_d + lecam.penalty(D(real), D(fake.detach()))""",
    "lr-decay": """\
fallen = max(0, step / total_steps - {start}) / (1 - {start})
for group in (*opt_d.param_groups, *opt_g.param_groups):
    group["lr"] = group.setdefault("first_lr", group["lr"]) * (1 - (1 - {floor}) * fallen)""",
    "minibatch-discrimination": """\
from gan_doctor.nn import MinibatchDiscrimination  # before D's last layer
layer = MinibatchDiscrimination(features.shape[1:], kernels={kernels}, dims={dims})""",
    "minibatch-stddev": """\
from gan_doctor.nn import MinibatchStdDev  # before D's last layer
layer = MinibatchStdDev(features.shape[1:], group={group})""",
    "mode-seeking": """\
from gan_doctor.losses import mode_seeking_loss
other = z.roll(1, 0)
loss_g = loss_g + {weight} * mode_seeking_loss(G(z), G(other), z, other)""",
    "noisy-labels": """\
from gan_doctor.nn import noisy_labels
real_labels = noisy_labels(len(real), {low}, {high}, device=real.device)""",
    "non-saturating-loss": _objective("non-saturating"),
    "one-sided-labels": "real_labels = torch.full_like(on_real, {real_label})  # fakes stay 0",
    "optimistic-adam": """\
from gan_doctor.nn import OptimisticAdam
opt_d = OptimisticAdam(D.parameters(), lr=lr_d)  # so for G""",
    "orthogonal-regularization": """\
from gan_doctor.losses import orthogonal_penalty
loss_g = loss_g + orthogonal_penalty(G, {weight})""",
    "packing": """\
from gan_doctor.nn import pack  # D's first layer takes {m} times the channels
on_real, on_fake = D(pack(real, {m})), D(pack(fake, {m}))""",
    "path-length": """\
from gan_doctor.losses import PathLength
path_length = PathLength({weight})  # before the loop
z.requires_grad_()  # every {interval} steps, before G sees it
loss_g = loss_g + path_length.penalty(G(z), z)""",
    "pixel-loss": """\
from gan_doctor.losses import pixel_loss
loss_g = loss_g + {weight} * pixel_loss(fake, target, {p})""",
    "r1-penalty": """\
from gan_doctor.losses import r1_penalty
loss_d = loss_d + r1_penalty(D, real, {gamma})""",
    "r2-penalty": """\
from gan_doctor.losses import r2_penalty
loss_d = loss_d + r2_penalty(D, fake.detach(), {gamma})""",
    "relativistic-average-loss": _objective("relativistic-average", ", D(real)"),
    "relativistic-paired-loss": _objective("relativistic-paired", ", D(real)"),
    "replay-buffer": """\
from gan_doctor.nn import ReplayBuffer
buffer = ReplayBuffer({size}, {share})  # before the loop
on_fake = D(buffer.mix(fake.detach(), None).fakes)  # in the step of D alone""",
    "shuffle": "loader = torch.utils.data.DataLoader(data, batch_size, shuffle=True)",
    "spectral-norm": """\
from gan_doctor.nn import spectral_norm
spectral_norm(D)  # in place, before its optimizer is made""",
    "top-k": """\
from gan_doctor.nn import annealed_share, top_k
on_fake = top_k(D(fake), annealed_share(step / total_steps, {least}, {until}))  # for G""",
    "ttur": _BY_RATE,
    "unrolled": """\
from gan_doctor.losses import unroll
ahead = unroll(D, lambda D: loss_of_d(D, real, fake), opt_d, {steps})  # in the step of G
loss_g = loss_of_g(ahead(fake))""",
    "upsampling": """\
from gan_doctor.nn import upsampling_layer
layer = upsampling_layer({kind}, in_channels, out_channels)  # in G""",
    "wasserstein-loss": _objective("wasserstein"),
    "weight-clipping": """\
from gan_doctor.nn import clip_weights
clip_weights(D, {limit})  # after each step of D""",
    "weight-decay": """\
from gan_doctor.nn import parameter_groups
opt_d = torch.optim.AdamW(parameter_groups(D, {decay}), lr=lr_d)""",
}


def own_loop(remedy: Remedy) -> str | None:
    """Lines of Python with this run's values; None where there is none, or a value is not known."""
    text = OWN_LOOP.get(remedy.slug)
    if text is None:
        return None
    if not remedy.values and _placeholders(text):
        return None
    left_alone = _RATES - set(remedy.values)
    said = [line for line in text.splitlines() if not _placeholders(line) & left_alone]
    given = {name: _python(value) for name, value in _settings(remedy).items()}
    return "\n".join(said).format_map(given)


def reference_loop(run: Run, remedy: Remedy) -> str | None:
    """The command that trains the same again with the trick on, None where it is no trick."""
    card = known().get(remedy.slug)
    if card is None or (card.settings and not remedy.values):
        return None
    config = Path(run.source, "config.toml") if run.source else None
    start = ["--config", str(config)] if config is not None and config.is_file() else []
    given = {name: value for name, value in remedy.values.items() if name in card.settings}
    # The cards of the rates set both: what a remedy leaves alone would change too.
    alone = given.keys() <= _RATES and bool(given)
    switch, prefix = ("", "") if alone else (f"--trick {remedy.slug}", f"{remedy.slug}.")
    told = [f"--set {prefix}{name}={_toml(value)}" for name, value in given.items()]
    words = ["gan-doctor train", shlex.join(start), switch, *told, f"--out runs/{remedy.slug}"]
    return " ".join(filter(None, words))


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _settings(remedy: Remedy) -> dict[str, Any]:
    card = known().get(remedy.slug)
    return {**(card.settings if card else {}), **remedy.values}


def _python(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def _toml(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else shlex.quote(str(value))
