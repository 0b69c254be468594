"""What is known of the training that a report is about, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from gan_doctor.core import Network, Objective, OptimizerFacts, Run
from gan_doctor.report.wording import count, harmless, lasting, listed, number, setting


def setup_facts(run: Run) -> dict[str, str]:
    """The lines, by what each is about: the training, a network and its optimizer, the tricks."""
    setup = run.setup
    facts = [_objective(setup.objective)]
    if setup.batch_size:
        facts.append(f"batch {number(setup.batch_size)}")
    if setup.sample_shape:
        facts.append(f"samples {'x'.join(str(n) for n in setup.sample_shape)}")
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


def _objective(objective: Objective) -> str:
    if objective.family is None:
        return "loss not known"
    details = [f"{objective.reduction} over real and fake"] if objective.reduction else []
    if objective.smoothing not in (None, 1.0):
        details.append(f"real label {setting(objective.smoothing)}")
    if objective.flip:
        details.append(f"labels flipped {number(objective.flip)}")
    details += [harmless(penalty) for penalty in objective.penalties or ()]
    return f"{objective.family} loss" + (f" ({', '.join(details)})" if details else "")


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


def _optimizer(optimizer: OptimizerFacts | None) -> Iterator[str]:
    if optimizer is None:
        return
    facts = [harmless(optimizer.kind) or "optimizer"]
    if optimizer.lr is not None:
        facts.append(f"lr {number(optimizer.lr)}")
    if optimizer.betas is not None:
        facts.append(f"betas {setting(optimizer.betas)}")
    if optimizer.weight_decay:
        facts.append(f"weight decay {number(optimizer.weight_decay)}")
    yield ", ".join(facts)
