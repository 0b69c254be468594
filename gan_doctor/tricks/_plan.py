"""The plan of a training: what the reference loop builds itself from, and what tricks change."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gan_doctor.core import Network, Objective, OptimizerFacts, Setup

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from gan_doctor.losses import Judge
    from gan_doctor.nn import Norm, Upsampling


class Stateful(Protocol):
    """What a checkpoint keeps: anything with a state to save and load."""

    def state_dict(self) -> dict[str, Any]:
        """What there is to save, in tensors and plain values."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what was saved."""


@dataclass
class Training:
    """A training under way, as its hooks see it.

    Args:
        G: The generator.
        D: The discriminator.
        opt_g: Steps G.
        opt_d: Steps D.
        steps: The declared number of generator steps.
        step: Generator steps done.
        d_step: D steps done.
        average: A running average of G's weights to sample from, None where nobody keeps one.
    """

    G: nn.Module
    D: nn.Module
    opt_g: torch.optim.Optimizer
    opt_d: torch.optim.Optimizer
    steps: int
    step: int = 0
    d_step: int = 0
    average: nn.Module | None = None

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Of both optimizers, to change their learning rates."""
        return [*self.opt_g.param_groups, *self.opt_d.param_groups]

    @property
    def done(self) -> float:
        """Share of the declared steps that is done, in [0, 1)."""
        return self.step / self.steps


@dataclass(frozen=True)
class DStep:
    """What a term of D's loss can be made of. D sees all of it packed and augmented.

    Args:
        training: The training.
        real: (B, ...) reals as D sees them.
        fake: (B, ...) fakes as D sees them, without a graph.
        on_real: (B,) logits on the reals.
        on_fake: (B,) logits on the fakes.
        judge_real: D, told what the reals are of, where it is conditional.
        judge_fake: D, told what the fakes are of.
        y: What G was told: (N,) classes or (N, d) vectors; None where it is told nothing.
    """

    training: Training
    real: Tensor
    fake: Tensor
    on_real: Tensor
    on_fake: Tensor
    judge_real: Judge
    judge_fake: Judge
    y: Tensor | None


@dataclass(frozen=True)
class GStep:
    """What a term of G's loss can be made of.

    Args:
        training: The training.
        z: (N, latent) that the fakes come from; it asks for a gradient.
        y: What G was told; None where it is told nothing.
        fake: (N, ...) fakes as G made them.
        seen: (B, ...) fakes as D sees them.
        real: (N, ...) reals of the last D step, told the same y.
        real_seen: (B, ...) those reals as D sees them.
        remake: G on other latents, under the same y.
    """

    training: Training
    z: Tensor
    y: Tensor | None
    fake: Tensor
    seen: Tensor
    real: Tensor
    real_seen: Tensor
    remake: Callable[[Tensor], Tensor]


Replay = Callable[["Tensor", "Tensor | None"], "tuple[Tensor, Tensor | None, int]"]
# D as it is called, so that a conditional one is told what its samples are of.
Called = Callable[..., "Tensor"]
LookAhead = Callable[[Training, Callable[[Called], "Tensor"]], Called]


@dataclass
class Plan:
    """Numbers, and the named places where tricks plug in.

    The loop knows no trick by name; a card's `apply` changes the plan.

    Args:
        family: Loss family.
        coding: Least squares only: the targets (fake, real, of G).
        real_label: D's target on reals, for the families with labels.
        flip: Probability with which D's targets are swapped; for the record, `d_targets` does it.
        adversarial_weight: Factor on G's adversarial loss; 0 leaves only `g_losses`.
        lr_g: Learning rate of G.
        lr_d: Learning rate of D.
        betas: Adam's betas, of both.
        optimizer: `adam`, `rmsprop` or `optimistic-adam`.
        weight_decay: Of D's weights, decoupled from Adam's moments.
        d_steps: D steps per G step.
        lazy: D steps between two steps with penalties.
        network: `mlp`, `maxout`, `dcgan` or `resnet`.
        g_norm: Normalisation in G.
        d_norm: Normalisation in D.
        g_slope: Negative slope of G's activations.
        d_slope: Negative slope of D's activations.
        dropout: Probability in D's hidden layers.
        upsampling: In G: `transposed`, `pixel-shuffle` or `resize`.
        spectral_norm: Whether each weight of D is divided by its spectral norm.
        attention: Side of the maps after which self-attention stands in G and D, 0 for none.
        generators: How many generators share all layers but the first.
        conditional: Whether G and D are told what a sample is of.
        class_logits: Whether D has a logit for each class.
        latent_law: Of z: `normal`, or `uniform` on [-1, 1].
        shuffle: Whether the data is shuffled before each pass.
        data_range: Of images: `tanh` for [-1, 1], `unit` for [0, 1].
        group: Samples that D sees as one input.
        penalties: Names of the penalties on D, told to the monitor.
        d_layers: Each makes a layer for the end of D's trunk, given the shape of its input there.
        d_wrappers: Each takes D as built and returns the D to train.
        g_wrappers: The same for G.
        replay: Takes the fakes of a D step and what they are of, and returns those to show D, what
            they are of, and how many at the head of the batch are of this step.
        d_inputs: Each takes what D is about to see, real or fake, and returns what D sees instead.
        d_targets: Each takes the targets of the reals and the fakes, (B,) in [0, 1], and returns
            those to train D towards.
        d_penalties: Each returns a gradient penalty to add to D's loss.
        d_losses: Each returns another term to add to D's loss.
        d_watchers: Each is shown D's logits on reals and fakes at every D step.
        d_gates: Each takes D's logits on reals and fakes and says whether D is to skip this step.
        g_logits: Each takes D's logits on the fakes of a G step and returns those that count.
        g_losses: Each returns a term to add to G's loss.
        look_ahead: Takes D's loss as a function of a judge, and returns the judge that G faces.
        at_start: Each is called once before the first step.
        before_step: Each is called before a generator step.
        before_update: Each takes a player's network between its backward pass and its step.
        after_d_update: Each is called after a step of D.
        after_step: Each is called after a generator step.
        kept: What a checkpoint keeps beside networks and optimizers, by name.
        sample_shape: (C, H, W) for images, (F,) for vectors.
        batch_size: Inputs of D in one step, each of real and fake.
        labelled: Whether the data has classes.
        paired: Whether each sample is the true output for an input that G is told.
        seed: Of everything random.
        device: Where the training runs.
    """

    family: str = "non-saturating"
    coding: tuple[float, float, float] = (0.0, 1.0, 1.0)
    real_label: float = 1.0
    flip: float = 0.0
    adversarial_weight: float = 1.0
    lr_g: float = 2e-4
    lr_d: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    optimizer: Literal["adam", "rmsprop", "optimistic-adam"] = "adam"
    weight_decay: float = 0.0
    d_steps: int = 1
    lazy: int = 1
    network: Literal["mlp", "maxout", "dcgan", "resnet"] = "dcgan"
    g_norm: Norm = "batch"
    d_norm: Norm = "layer"
    g_slope: float = 0.0
    d_slope: float = 0.2
    dropout: float = 0.0
    upsampling: Upsampling = "transposed"
    spectral_norm: bool = False
    attention: int = 0
    generators: int = 1
    conditional: bool = False
    class_logits: bool = False
    latent_law: Literal["normal", "uniform"] = "normal"
    shuffle: bool = True
    data_range: Literal["tanh", "unit"] = "tanh"
    group: int = 1
    penalties: list[str] = field(default_factory=list)
    d_layers: list[Callable[[tuple[int, ...]], nn.Module]] = field(default_factory=list)
    d_wrappers: list[Callable[[nn.Module], nn.Module]] = field(default_factory=list)
    g_wrappers: list[Callable[[nn.Module], nn.Module]] = field(default_factory=list)
    replay: Replay | None = None
    d_inputs: list[Callable[[Tensor, Training], Tensor]] = field(default_factory=list)
    d_targets: list[Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = field(default_factory=list)
    d_penalties: list[Callable[[DStep], Tensor]] = field(default_factory=list)
    d_losses: list[Callable[[DStep], Tensor]] = field(default_factory=list)
    d_watchers: list[Callable[[Tensor, Tensor], None]] = field(default_factory=list)
    d_gates: list[Callable[[Tensor, Tensor], bool]] = field(default_factory=list)
    g_logits: list[Callable[[Tensor, Training], Tensor]] = field(default_factory=list)
    g_losses: list[Callable[[GStep], Tensor]] = field(default_factory=list)
    look_ahead: LookAhead | None = None
    at_start: list[Callable[[Training], None]] = field(default_factory=list)
    before_step: list[Callable[[Training], None]] = field(default_factory=list)
    before_update: list[Callable[[nn.Module], None]] = field(default_factory=list)
    after_d_update: list[Callable[[Training], None]] = field(default_factory=list)
    after_step: list[Callable[[Training], None]] = field(default_factory=list)
    kept: dict[str, Stateful] = field(default_factory=dict)
    sample_shape: tuple[int, ...] = (1, 8, 8)
    batch_size: int = 64
    labelled: bool = False
    paired: bool = False
    seed: int = 0
    device: str = "cpu"
    _generators: dict[str, torch.Generator] = field(default_factory=dict)

    @property
    def objective(self) -> Objective:
        """What D and G optimise."""
        smoothing: float | None
        if self.family == "least-squares":
            fake, real, of_g = self.coding
            # The 1/2 of the paper is what core calls the mean.
            target = fake + self.real_label * (real - fake)
            reduction, coding, smoothing = "mean", (fake, target, of_g), 1.0
        else:
            reduction, coding, smoothing = "sum", None, self.real_label
        return Objective(
            self.family,  # type: ignore[arg-type]
            reduction,  # type: ignore[arg-type]
            coding,
            smoothing,
            flip=self.flip,
            penalties=tuple(self.penalties),
        )

    def setup(self, tricks: tuple[str, ...]) -> Setup:
        """The facts that a trick's `avoid` asks for."""
        suffix = "2d" if self.images else "1d"
        layer = "GroupNorm" if self.images else "LayerNorm"
        norms = {"batch": (f"BatchNorm{suffix}",), "layer": (layer,), "none": ()}
        kind = {"adam": "Adam", "rmsprop": "RMSprop", "optimistic-adam": "OptimisticAdam"}
        betas = None if self.optimizer == "rmsprop" else self.betas
        opt = kind[self.optimizer]
        layers = {"Conv2d" if self.network in ("dcgan", "resnet") else "Linear": 1}
        return Setup(
            objective=self.objective,
            networks=(
                Network("g", layers=layers, norms=norms[self.g_norm]),
                Network(
                    "d",
                    layers=layers,
                    norms=norms[self.d_norm],
                    spectral_norm=self.spectral_norm,
                    dropout=self.dropout,
                ),
            ),
            optimizers=(
                OptimizerFacts("g", kind=opt, lr=self.lr_g, betas=betas),
                OptimizerFacts(
                    "d", kind=opt, lr=self.lr_d, betas=betas, weight_decay=self.weight_decay
                ),
            ),
            tricks=tricks,
            batch_size=self.batch_size,
            sample_shape=self.sample_shape,
            d_steps=self.d_steps,
            labelled=self.labelled,
            paired=self.paired,
        )

    @property
    def images(self) -> bool:
        """Whether samples are images."""
        return len(self.sample_shape) == 3

    def loss_d(self, on_real: Tensor, on_fake: Tensor) -> Tensor:
        """D's adversarial loss on logits, towards the targets that the tricks set."""
        from gan_doctor.losses import discriminator_loss

        if not self.d_targets:
            return discriminator_loss(
                self.family, on_real, on_fake, self.real_label, coding=self.coding
            )
        real = on_real.new_full(on_real.shape, self.real_label)
        fake = on_fake.new_zeros(on_fake.shape)
        for change in self.d_targets:
            real, fake = change(real, fake)
        return discriminator_loss(
            self.family, on_real, on_fake, real, fake_label=fake, coding=self.coding
        )

    def loss_g(self, on_fake: Tensor, on_real: Tensor | None) -> Tensor:
        """G's adversarial loss on logits."""
        from gan_doctor.losses import generator_loss

        return generator_loss(self.family, on_fake, on_real, coding=self.coding)

    @property
    def relativistic(self) -> bool:
        """Whether G's loss asks for D's logits on reals."""
        return self.family.startswith("relativistic")

    def subseed(self, purpose: str) -> int:
        """A seed for one purpose, so that drawing more for one changes nothing for another."""
        # torch's CPU generator takes 32 bits of a seed.
        return zlib.crc32(f"{self.seed} {purpose}".encode())

    def generator(self, purpose: str, device: str | None = None) -> torch.Generator:
        """The random numbers for one purpose, on the device of the training unless given."""
        import torch

        if purpose not in self._generators:
            device = device or self.device
            self._generators[purpose] = torch.Generator(device).manual_seed(self.subseed(purpose))
        return self._generators[purpose]

    def state_dict(self) -> dict[str, Any]:
        """The state of the tricks and of all random numbers, for a checkpoint."""
        return {
            "kept": {name: thing.state_dict() for name, thing in self.kept.items()},
            "generators": {name: g.get_state() for name, g in self._generators.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from the state of a checkpoint; the same tricks must be on."""
        for name, thing in self.kept.items():
            thing.load_state_dict(state["kept"][name])
        for name, generator_state in state["generators"].items():
            self.generator(name).set_state(generator_state)
