"""What is known of a training, found by inspection or declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gan_doctor.core.objective import Objective

Role = Literal["g", "d"]


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
    """

    role: Role
    player: str = ""
    kind: str = ""
    lr: float | None = None
    betas: tuple[float, float] | None = None
    weight_decay: float = 0.0


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

    def network(self, role: Role, player: str = "") -> Network | None:
        """The network of a player, None if unknown."""
        found = [n for n in self.networks if n.role == role and n.player == player]
        return found[0] if found else None

    def optimizer(self, role: Role, player: str = "") -> OptimizerFacts | None:
        """The optimizer of a player, None if unknown."""
        found = [o for o in self.optimizers if o.role == role and o.player == player]
        return found[0] if found else None
