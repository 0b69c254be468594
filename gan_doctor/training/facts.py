"""The facts of a training before its first step: what the monitor would find, with nothing run."""

from __future__ import annotations

from gan_doctor.core import Setup
from gan_doctor.monitor.inspection import inspect_network, inspect_optimizer
from gan_doctor.training.assembly import assembled
from gan_doctor.training.config import TrainConfig


def facts(config: TrainConfig) -> Setup:
    """Builds networks, optimizers and data of a training, and inspects them.

    Raises:
        ConfigError: The data or the device of the configuration cannot be used.
    """
    steps, data = assembled(config)
    plan, now = steps.plan, steps.now
    reals = data.first(config.batch_size)
    return Setup(
        objective=plan.objective,
        total_steps=config.steps,
        networks=(inspect_network(now.G, "g"), inspect_network(now.D, "d")),
        optimizers=(
            inspect_optimizer(now.opt_g, "g", module=now.G),
            inspect_optimizer(now.opt_d, "d", module=now.D),
        ),
        tricks=tuple(config.tricks),
        batch_size=config.batch_size,
        sample_shape=data.sample_shape,
        d_steps=plan.d_steps,
        real_range=(float(reals.min()), float(reals.max())),
        labelled=plan.labelled,
        paired=plan.paired,
    )
