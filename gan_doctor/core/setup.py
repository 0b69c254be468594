"""What is known of a training, found by inspection or declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gan_doctor.core.objective import Objective

Role = Literal["g", "d"]
Range = tuple[float, float]  # lowest, highest


@dataclass(frozen=True)
class Upsampling:
    """One layer that enlarges its input by a factor.

    Args:
        kind: `transposed` for a strided transposed convolution, `pixel-shuffle`, or the mode of an
            interpolation, such as `nearest` or `bilinear`.
        kernel: Of the transposed convolution, one number for each axis.
        stride: The factor, one number for each axis that is told apart; None for an interpolation
            to a fixed size.
    """

    kind: str
    kernel: tuple[int, ...] | None = None
    stride: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Network:
    """One G or D as inspection sees it.

    Args:
        role: `g` or `d`.
        player: Which one, where there are several.
        kind: The class name of the module.
        parameters: Number of parameters.
        layers: How many modules of each class it has.
        norms: The normalisation layers in it, by class name.
        spectral_norm: Whether any layer is spectrally normalised.
        dropout: The largest dropout probability, 0 without dropout.
        output_activation: Class name of the last module if it is an activation, else "".
        input_channels: Channels or features that the first layer with weights takes.
        output_channels: Channels or features that the last layer with weights gives.
        upsampling: Its upsampling layers, in order; those that are functional calls inside a
            `forward` are not among them. None when not known.
        slopes: The negative slopes of its leaky ReLUs, without repeats; None when not known.
        dtype: Of its parameters, such as `float32`, or `mixed`; None when not known.
        frozen: Share of the parameters that ask for no gradient, at the time of inspection; None
            when not known. Loops that switch gradients on for one phase at a time show 1.
    """

    role: Role
    player: str = ""
    kind: str = ""
    parameters: int = 0
    layers: Mapping[str, int] = field(default_factory=dict)
    norms: tuple[str, ...] = ()
    spectral_norm: bool = False
    dropout: float = 0.0
    output_activation: str = ""
    input_channels: int | None = None
    output_channels: int | None = None
    upsampling: tuple[Upsampling, ...] | None = None
    slopes: tuple[float, ...] | None = None
    dtype: str | None = None
    frozen: float | None = None


@dataclass(frozen=True)
class OptimizerFacts:
    """One optimizer over a player, as it was when it first stepped.

    Args:
        role: `g` or `d`.
        player: Which one, where there are several.
        kind: The class name, such as `Adam`.
        lr: The learning rate of its first group.
        betas: Adam's (beta1, beta2), None for others.
        weight_decay: Of its first group.
        momentum: Of its first group, None for optimizers without the word.
        parameters: Number of the player's parameters that it steps; None when not known.
        group_lrs: The learning rate of each group, where they differ.
    """

    role: Role
    player: str = ""
    kind: str = ""
    lr: float | None = None
    betas: tuple[float, float] | None = None
    weight_decay: float = 0.0
    momentum: float | None = None
    parameters: int | None = None
    group_lrs: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Latent:
    """What G is fed, as it was seen.

    Args:
        law: Of the single numbers: `normal`, `uniform`, or `other` when they are neither; None when
            too few were seen to tell.
        shape: Of one latent.
        mean: Of the numbers seen.
        sd: Of the numbers seen.
        low: The lowest number seen.
        high: The highest number seen.
    """

    law: Literal["normal", "uniform", "other"] | None
    shape: tuple[int, ...]
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Setup:
    """The facts of a run. What is not known is None or empty, and no verdict guesses it.

    Args:
        objective: What D and G optimise.
        total_steps: The declared budget, in the run's clock.
        networks: Every G and D.
        optimizers: Every optimizer that stepped on a player.
        tricks: Slugs of the tricks in use; None when nobody said, so that advice reads "if you do
            not already".
        batch_size: Of the first real batch.
        sample_shape: Shape of one sample, (C, H, W) for images.
        d_steps: D steps per G step, measured.
        discriminator_output: Whether D gives logits or probabilities.
        versions: Versions of the libraries that recorded the run.
        latent: What G is fed.
        real_range: Lowest and highest value seen in real samples.
        fake_range: Lowest and highest value seen in fake samples.
        dtype: Of D's input, such as `float32`.
        amp: The narrow type of automatic mixed precision, if it was seen at work.
        ema: True if an untrained copy of a G was seen, such as a running average of its weights.
        labelled: Whether the data has classes; None when not known.
        paired: Whether each sample is the true output for an input that G is told, as in
            image-to-image translation; None when nobody said.
        objective_inferred: Whether the loss family was told from losses and logits rather than
            declared.
    """

    objective: Objective = Objective()
    total_steps: int | None = None
    networks: tuple[Network, ...] = ()
    optimizers: tuple[OptimizerFacts, ...] = ()
    tricks: tuple[str, ...] | None = None
    batch_size: int | None = None
    sample_shape: tuple[int, ...] | None = None
    d_steps: float | None = None
    discriminator_output: Literal["logit", "probability"] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    latent: Latent | None = None
    real_range: Range | None = None
    fake_range: Range | None = None
    dtype: str | None = None
    amp: Literal["float16", "bfloat16"] | None = None
    ema: bool | None = None
    labelled: bool | None = None
    paired: bool | None = None
    objective_inferred: bool = False

    @property
    def parameter_ratio(self) -> float | None:
        """Parameters of all D for each one of all G; None if unknown."""
        roles: tuple[Role, ...] = ("d", "g")
        d, g = (sum(n.parameters for n in self.networks if n.role == role) for role in roles)
        return d / g if d and g else None

    def network(self, role: Role, player: str = "") -> Network | None:
        """The network of a player, None if unknown."""
        found = [n for n in self.networks if n.role == role and n.player == player]
        return found[0] if found else None

    def optimizer(self, role: Role, player: str = "") -> OptimizerFacts | None:
        """The optimizer of a player, None if unknown."""
        found = [o for o in self.optimizers if o.role == role and o.player == player]
        return found[0] if found else None
