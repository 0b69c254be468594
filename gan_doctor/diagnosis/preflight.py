"""What speaks against a set-up before the first step: the wiring codes and contraindications."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gan_doctor.core import SEVERITIES, Finding, Remedy, Run, Setup, Severity
from gan_doctor.core.setup import Role
from gan_doctor.detectors._evidence import percent
from gan_doctor.detectors._pairs import SIGMOID, Pair, pairs_in
from gan_doctor.detectors.value_range_mismatch import (
    ValueRangeMismatch,
    reach_of,
    share_beyond,
    share_unused,
)
from gan_doctor.diagnosis.corrections import even_kernel
from gan_doctor.tricks import Trick, known

UNUSUAL_BETA1 = 0.9  # torch's default, from which on Adam overshoots in a game (catalogue 6.2)
SLACK = 0.05  # share of the real range beyond G's reach that rounding and outliers explain


def preflight(setup: Setup) -> tuple[Finding, ...]:
    """What in the facts of a set-up is known to fail, the worst first; () if nothing is.

    It judges hyperparameters and wiring, never how a training goes. What is not known is not
    judged: see `not_known`. Ask it when every optimizer and the first batch have been seen.

    Args:
        setup: As inspected, declared, or read from a log.

    Returns:
        Findings that stand since step 0, each with what to do.

    Example:
        >>> from gan_doctor.core import Network, Objective
        >>> d = Network("d", norms=("BatchNorm2d",))
        >>> [f.code for f in preflight(Setup(Objective.of("wgan-gp"), networks=(d,)))]
        ['GD606']
    """
    checks = (_pairs, _cards, _not_stepped, _range, _uneven_kernels, _momentum)
    found = [finding for check in checks for finding in check(setup)]
    return tuple(sorted(found, key=lambda f: -SEVERITIES.index(f.severity)))


def not_known(setup: Setup) -> tuple[str, ...]:
    """What `preflight` could not look at, in words."""
    objective, roles = setup.objective, {network.role for network in setup.networks}
    facts = {
        "the loss family": objective.family,
        "the penalties on D": objective.penalties,
        "G": "g" in roles or None,
        "D": "d" in roles or None,
        "the optimizers": setup.optimizers or None,
        "the batch size": setup.batch_size,
        "the range of the reals": setup.real_range,
        "the tricks in use": setup.tricks,
    }
    return tuple(name for name, fact in facts.items() if fact is None)


def _finding(
    code: str, slug: str, severity: Severity, message: str, action: str, player: str = ""
) -> Finding:
    remedy = Remedy(slug, "Correct the set-up", action)
    return Finding(
        code, slug, severity, message, onset=0, alarm=0, player=player, remedies=(remedy,)
    )


def _pair(severity: Severity, message: str, action: str) -> Finding:
    return _finding("GD606", "incompatible-pair", severity, message, action)


# The checks


def _pairs(setup: Setup) -> Iterator[Finding]:
    """Pairs of facts, those with a sigmoid under the code of their own."""
    for pair in pairs_in(setup):
        message = f"{_capital(pair.one)} and {pair.other} do not go together: {pair.why}."
        if pair.one == SIGMOID:
            yield _finding("GD602", "double-sigmoid", pair.severity, message, f"{pair.instead}.")
        else:
            yield _pair(pair.severity, message, f"{pair.instead}.")


def _cards(setup: Setup) -> Iterator[Finding]:
    """What the cards of the tricks in use say of each other, where no fact says it already."""
    cards, told = known(), pairs_in(setup)
    in_use = {slug: card for slug, card in cards.items() if card.in_use(setup)}
    declared = {slug: cards[slug] for slug in setup.tricks or () if slug in cards}
    for slug, card in declared.items():
        reason = card.avoid(setup)
        if reason and not any(slug in pair.cards for pair in told):
            yield _pair("critical", f"{slug} cannot be used here: {reason}.", f"Take {slug} out.")
    for one, other, reason in _excluded(in_use):
        if not _says(told, one, other):
            message = f"{one} and {other} exclude each other: {reason}."
            yield _pair("critical", message, f"Take {one} or {other} out.")
    for one, other, name in _overwritten(declared):
        message = f"{one} and {other} both set {name}, so that one of them has no effect."
        yield _pair("critical", message, f"Take {one} or {other} out.")
    for slug, card in in_use.items():
        for other, reason in card.with_care.items():
            if other in in_use and not _says(told, slug, other):
                text = f"{slug} beside {other} works at a loss: {reason.rstrip('.')}."
                yield _pair("info", text, f"Try without {slug} or without {other}.")


def _excluded(in_use: dict[str, Trick]) -> Iterator[tuple[str, str, str]]:
    for one, card in in_use.items():
        for other, reason in card.excludes.items():
            # Some pairs stand on both cards.
            if other in in_use and not (one in in_use[other].excludes and other < one):
                yield one, other, reason


def _overwritten(declared: dict[str, Trick]) -> Iterator[tuple[str, str, str]]:
    set_by: dict[str, str] = {}
    for slug, card in declared.items():
        taken = [name for name in card.sets if name in set_by]
        if taken:
            yield set_by[taken[0]], slug, taken[0]
        set_by |= dict.fromkeys(card.sets, slug)


def _says(told: Sequence[Pair], one: str, other: str) -> bool:
    return any({one, other} <= pair.cards for pair in told)


def _not_stepped(setup: Setup) -> Iterator[Finding]:
    """Players whose parameters no optimizer steps, or only some."""
    for network in setup.networks:
        who = _named(network.role, network.player)
        mine = [o for o in setup.optimizers if (o.role, o.player) == (network.role, network.player)]
        if not setup.optimizers or not network.parameters:
            continue
        if not mine:
            message = f"No optimizer steps {who}, which has {network.parameters:,} parameters."
            yield _player_not_updated("critical", message, who, network.player)
            continue
        counts = [o.parameters for o in mine]
        if None in counts:
            continue
        stepped = sum(count for count in counts if count is not None)
        # Loops that switch gradients on for one phase at a time show all of them off.
        frozen = network.frozen if network.frozen is not None and network.frozen < 1 else 0.0
        trained = round(network.parameters * (1 - frozen))
        if stepped < trained:
            message = (
                f"The optimizer of {who} steps {stepped:,} of the {trained:,} parameters that it "
                "should train."
            )
            severity: Severity = "warning" if stepped else "critical"
            yield _player_not_updated(severity, message, who, network.player)


def _player_not_updated(severity: Severity, message: str, who: str, player: str) -> Finding:
    action = f"Build the optimizer from {who}.parameters(), after {who} has its final layers."
    return _finding("GD601", "player-not-updated", severity, message, action, player)


def _range(setup: Setup) -> Iterator[Finding]:
    """Reals that G's last activation cannot make, or that use half of what it can."""
    run, real = Run("set-up", setup=setup), setup.real_range
    for network in setup.networks:
        if network.role != "g" or real is None or not real[1] > real[0]:
            continue
        can = reach_of(run, network.player)
        if can is None or math.isinf(can[1]):
            continue
        share = share_beyond(run, network.player)
        unused = share_unused(run, network.player)
        values = f"The reals go from {real[0]:g} to {real[1]:g}"
        ends = f"{_named('g', network.player)}'s {network.output_activation}"
        span = f"from {can[0]:g} to {can[1]:g}"
        action = f"Scale the reals to go {span}."
        if share >= SLACK:
            message = (
                f"{values}, and {ends} only {span}: {percent(share)} of that range is out of reach."
            )
            severity: Severity = "critical" if share >= 0.5 else "warning"
            yield _range_mismatch(severity, message, action, network.player)
        elif unused >= ValueRangeMismatch.limits["unused"].value:
            message = (
                f"{values}, and {ends} goes {span}: D can tell fakes by the {percent(unused)} of "
                "it that no real uses."
            )
            yield _range_mismatch("warning", message, action, network.player)


def _range_mismatch(severity: Severity, message: str, action: str, player: str) -> Finding:
    return _finding("GD405", "value-range-mismatch", severity, message, action, player)


def _uneven_kernels(setup: Setup) -> Iterator[Finding]:
    """A transposed convolution that gives some pixels more inputs than their neighbours."""
    for network in setup.networks:
        layers = network.upsampling or () if network.role == "g" else ()
        layer = next((layer for layer in layers if even_kernel(layer)), None)
        if layer is not None:
            sizes = (layer.kernel or (), layer.stride or (), even_kernel(layer) or ())
            kernel, stride, even = map(_by, sizes)
            message = (
                f"A transposed convolution of {_named('g', network.player)} has a kernel of "
                f"{kernel} and a stride of {stride}: it overlaps unevenly, which shows as a grid."
            )
            action = f"Give it a kernel of {even}, or upsample first and convolve then."
            yield _finding("GD403", "checkerboard", "warning", message, action, network.player)


def _momentum(setup: Setup) -> Iterator[Finding]:
    """Much momentum, and any beside clipped weights."""
    clipped = "weight-clipping" in (setup.tricks or ())
    for optimizer in setup.optimizers:
        who = _named(optimizer.role, optimizer.player)
        beta1 = optimizer.betas[0] if optimizer.betas else optimizer.momentum or 0.0
        kind = optimizer.kind or "optimizer"
        if clipped and beta1 > 0 and optimizer.role == "d":
            yield _pair(
                "warning",
                f"Clipped weights and {who}'s {kind} with a momentum of {beta1:g} do not go "
                "together: it pushes on into the limits.",
                "Step D with RMSprop, or with a momentum of 0.",
            )
        elif optimizer.betas and beta1 >= UNUSUAL_BETA1:
            yield _pair(
                "info",
                f"{who}'s {kind} has a beta1 of {beta1:g}, with which it remembers an opponent "
                "that has moved on.",
                "Set beta1 to 0.5 or to 0.",
            )


def _named(role: Role, player: str) -> str:
    return f"{role.upper()} {player!r}" if player else role.upper()


def _by(sizes: Sequence[float]) -> str:
    return "x".join(f"{size:g}" for size in sizes)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
