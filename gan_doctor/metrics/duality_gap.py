"""How much G and D could each still win if the other stood still: the duality gap."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from gan_doctor.core import ConfigError


def duality_gap(
    G: nn.Module,
    D: nn.Module,
    real: Tensor,
    draw_z: Callable[[int], Tensor],
    steps: int = 100,
    lr: float = 1e-3,
    batch: int = 64,
    seed: int = 0,
) -> Tensor:
    """The best D against this G less the worst D can be made to look by a G (Grnarova 2019).

    `max_D' M(G, D') - min_G' M(G', D)` with `M = (E log D(x) + E log(1 - D(G(z)))) / 2` on D's
    output as a logit, whatever loss is trained (1811.05512, eq. 1). 0 where neither can win
    anything, else above 0 but for the noise of the evaluation. Each search takes some steps of Adam
    on copies, from where the networks are: it finds less than there is, and far less from a point
    where they are stuck. It costs as much as that many steps of training, so that it is taken 5 to
    10 times in a run.

    G and D stay as they are, with buffers, modes and gradients, and so do torch's global random
    numbers. The copies run in the modes that G and D are in, hooks included. Pass the bare modules,
    not a distributed wrapper.

    Args:
        G: From what `draw_z` gives to samples.
        D: From samples to logits of any shape, high for reals.
        real: (N, ...) in random order: the first half is for the steps, the other for the
            evaluation.
        draw_z: From a number to as many latents; a generator that it holds moves on.
        steps: Of each search; 100 to 500 by the catalogue.
        lr: Of Adam, with its usual betas.
        batch: Samples of a step.
        seed: Of all random numbers in here.

    Returns:
        0-d, in nats; NaN where an output is.

    Raises:
        ConfigError: There are fewer than 2 reals, or steps or batch are below 1.
    """
    if len(real) < 2 or steps < 1 or batch < 1:
        found = f"{len(real)} reals, {steps} steps, batches of {batch}"
        raise ConfigError(f"A duality gap needs 2 reals, 1 step, batches of 1 or more, got {found}")
    train, test = real.tensor_split([len(real) // 2])

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(steps):
            pick = torch.randint(len(train), (batch,)).to(train.device)
            yield train.index_select(0, pick), draw_z(batch)

    with _own_random_numbers(seed, G, D), torch.enable_grad():
        held_out = [(x, draw_z(len(x))) for x in test.split(batch)]
        best_d, worst_g = _copies(G, D), _copies(G, D)
        _search(*best_d, best_d[1], batches(), lr, maximize=True)
        _search(*worst_g, worst_g[0], batches(), lr, maximize=False)
        return (_evaluate(*best_d, held_out) - _evaluate(*worst_g, held_out)).float()


def _payoff(G: nn.Module, D: nn.Module, real: Tensor, z: Tensor) -> Tensor:
    """M: D wants it high and G low; -ln 2 where D is at chance."""
    of_real, of_fake = D(real), D(G(z))
    return (logsigmoid(of_real).mean() + logsigmoid(-of_fake).mean()) / 2


def _search(
    G: nn.Module,
    D: nn.Module,
    mover: nn.Module,
    batches: Iterator[tuple[Tensor, Tensor]],
    lr: float,
    maximize: bool,
) -> None:
    """Trains the one of both that moves, and holds the other."""
    # A training that has frozen a whole network has done so for the step of the other one.
    free = [p for p in mover.parameters() if p.requires_grad] or list(mover.parameters())
    if not free:
        return
    for module in (G, D):
        module.requires_grad_(False)
    for parameter in free:
        parameter.requires_grad_(True)
    optimizer = torch.optim.Adam(free, lr=lr, maximize=maximize)
    for real, z in batches:
        optimizer.zero_grad()
        _payoff(G, D, real, z).backward()
        optimizer.step()


@torch.no_grad()
def _evaluate(G: nn.Module, D: nn.Module, held_out: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    total = sum(len(real) * _payoff(G, D, real, z).double() for real, z in held_out)
    return torch.as_tensor(total) / sum(len(real) for real, _ in held_out)


def _copies(G: nn.Module, D: nn.Module) -> tuple[nn.Module, nn.Module]:
    # What a forward has computed and kept, as spectral normalisation its weight, cannot be copied
    # with its graph; the next forward computes it anew.
    kept = [value for net in (G, D) for part in net.modules() for value in vars(part).values()]
    memo = {id(x): x.detach().clone() for x in kept if isinstance(x, Tensor) and not x.is_leaf}
    return copy.deepcopy((G, D), memo)


@contextmanager
def _own_random_numbers(seed: int, *modules: nn.Module) -> Iterator[None]:
    """Seeded inside; afterwards torch's global random numbers are as they were."""
    devices = sorted({p.device.index or 0 for m in modules for p in m.parameters() if p.is_cuda})
    with torch.random.fork_rng(devices):
        # torch.manual_seed would also seed devices that are not put back.
        torch.default_generator.manual_seed(seed)
        for device in devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
