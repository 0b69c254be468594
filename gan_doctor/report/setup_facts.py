"""What is known of the training that a report is about, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gan_doctor.core import Network, OptimizerFacts, Run, Setup, Upsampling
from gan_doctor.report.wording import count, harmless, lasting, listed, number, setting


def setup_facts(run: Run) -> dict[str, str]:
    """The lines, by what each is about: the training, a network and its optimizer, the tricks."""
    setup = run.setup
    facts = [_objective(setup)]
    if setup.batch_size:
        facts.append(f"batch {number(setup.batch_size)}")
    facts += _samples(setup)
    if setup.amp:
        facts.append(f"mixed precision in {setup.amp}")
    if setup.ema:
        facts.append("an untrained copy of G (EMA)")
    if setup.d_steps is not None:
        facts.append(f"{count(setup.d_steps, 'D step')} per G step")
    facts.append(
        "length not declared" if run.budget is None else f"{lasting(run, run.budget)} declared"
    )
    lines = {"Training": "; ".join(facts)}
    owners = [(n.role, n.player) for n in setup.networks]
    owners += [(o.role, o.player) for o in setup.optimizers]
    for role, player in dict.fromkeys(owners):
        network = _network(setup.network(role, player))
        optimizer = _optimizer(setup.optimizer(role, player))
        lines[f"{role.upper()} {harmless(player)}".strip()] = "; ".join([*network, *optimizer])
    if setup.tricks is None:
        lines["Tricks"] = "not known which are in use"
    elif setup.tricks:
        lines["Tricks"] = listed([harmless(slug) for slug in setup.tricks])
    return lines


def _objective(setup: Setup) -> str:
    objective = setup.objective
    if objective.family is None:
        return "loss not known"
    details = ["told from losses and logits"] if setup.objective_inferred else []
    details += [f"{objective.reduction} over real and fake"] if objective.reduction else []
    if objective.smoothing not in (None, 1.0):
        details.append(f"real label {setting(objective.smoothing)}")
    if objective.flip:
        details.append(f"labels flipped {number(objective.flip)}")
    details += [harmless(penalty) for penalty in objective.penalties or ()]
    return f"{objective.family} loss" + (f" ({', '.join(details)})" if details else "")


def _samples(setup: Setup) -> Iterator[str]:
    if setup.sample_shape:
        yield f"samples {_by(setup.sample_shape)}"
    if setup.dtype not in (None, "float32"):
        yield f"D sees {harmless(setup.dtype)}"
    for name, found in (("reals", setup.real_range), ("fakes", setup.fake_range)):
        if found is not None:
            yield f"{name} from {number(found[0])} to {number(found[1])}"
    if setup.latent is not None:
        law = setup.latent.law if setup.latent.law in ("normal", "uniform") else ""
        yield f"{law} latents {_by(setup.latent.shape)}".strip()


def _network(network: Network | None) -> Iterator[str]:
    if network is None:
        return
    yield f"{harmless(network.kind) or 'network'}, {count(network.parameters, 'parameter')}"
    if network.norms:
        yield listed([harmless(norm) for norm in network.norms])
    if network.spectral_norm:
        yield "spectral norm"
    if network.dropout:
        yield f"dropout {number(network.dropout)}"
    if network.slopes:
        yield f"leaky ReLU with slope {listed([number(slope) for slope in network.slopes])}"
    for layer, n in Counter(network.upsampling or ()).items():
        yield f"{count(n, 'upsampling')} ({_upsampling(layer)})"
    if network.dtype not in (None, "float32"):
        yield harmless(network.dtype)
    if network.frozen:
        yield f"{network.frozen:.0%} frozen"


def _upsampling(layer: Upsampling) -> str:
    facts = [harmless(layer.kind)]
    if layer.kernel:
        facts.append(f"kernel {_by(layer.kernel)}")
    if layer.stride:
        facts.append(f"stride {_by(layer.stride)}")
    return ", ".join(facts)


def _optimizer(optimizer: OptimizerFacts | None) -> Iterator[str]:
    if optimizer is None:
        return
    facts = [harmless(optimizer.kind) or "optimizer"]
    if optimizer.group_lrs:
        facts.append(f"lr {listed([number(lr) for lr in optimizer.group_lrs])} by group")
    elif optimizer.lr is not None:
        facts.append(f"lr {number(optimizer.lr)}")
    if optimizer.betas is not None:
        facts.append(f"betas {setting(optimizer.betas)}")
    if optimizer.momentum:
        facts.append(f"momentum {number(optimizer.momentum)}")
    if optimizer.weight_decay:
        facts.append(f"weight decay {number(optimizer.weight_decay)}")
    yield ", ".join(facts)


def _by(sizes: Sequence[float]) -> str:
    return "x".join(number(size) for size in sizes)
