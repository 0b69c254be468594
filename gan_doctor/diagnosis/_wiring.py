"""The corrections of wiring faults: no trick helps where a loss or a network is connected wrong."""

from __future__ import annotations

from gan_doctor.core import Finding, Run
from gan_doctor.core.objective import LABELLED
from gan_doctor.core.setup import Role
from gan_doctor.detectors._pairs import pairs_in
from gan_doctor.diagnosis._correction import Correction, fix, mean_since, shown_by


def player_not_updated(run: Run, finding: Finding) -> Correction:
    """Why a player stands still, as far as facts and series tell."""
    role = _whom(run, finding)
    who, owned, stepped = role.upper(), *_parameters(run, finding, role)
    rate, gradient = (mean_since(run, finding, f"{name}/{role}") for name in ("lr", "gradient"))
    build = f"build it from {who}.parameters(), once {who} has its final layers"
    if stepped is not None and stepped < owned:
        action = f"The optimizer of {who} steps {stepped:,} of {owned:,} parameters: {build}."
    elif shown_by(finding).startswith("steps/"):
        action = f"No optimizer steps {who}: {build}, and call its step() in each iteration."
    elif rate == 0:
        action = f"{who}'s learning rate is 0: give it the one that you meant."
    elif gradient == 0 or (gradient is None and run.get(f"update/{role}", finding.player)):
        action = (
            f"{who} has no gradient when its optimizer steps: look for a detach(), a no_grad() or "
            "a zero_grad() between its forward pass and its step."
        )
    else:
        action = (
            f"See that {who}'s optimizer holds the parameters of the {who} that is called, and "
            "that its step() comes after the backward pass."
        )
    check = f"The change of {who}'s weights (update/{role}) is above 0 from the next steps on."
    return fix(finding, f"Let {who} learn", action, check)


def _parameters(run: Run, finding: Finding, role: Role) -> tuple[int, int | None]:
    """Of a player, and how many of them its optimizers step; None where that is not known."""
    network = run.setup.network(role, finding.player)
    held = [
        optimizer.parameters
        for optimizer in run.setup.optimizers
        if (optimizer.role, optimizer.player) == (role, finding.player)
    ]
    if network is None or not network.parameters or not held or None in held:
        return 0, None
    return network.parameters, sum(n or 0 for n in held)


def _whom(run: Run, finding: Finding) -> Role:
    """Whom a finding is about: by the series it rests on, else by what an optimizer leaves out."""
    roles: tuple[Role, ...] = ("g", "d")
    shown = shown_by(finding).split("/")
    for role in roles:
        if role in shown:
            return role
    for role in roles:
        owned, stepped = _parameters(run, finding, role)
        if stepped is not None and stepped < owned:
            return role
    return "g"


def double_sigmoid(run: Run, finding: Finding) -> Correction:
    """One sigmoid, in D or in the loss."""
    family = run.setup.objective.family
    if family is None or family in LABELLED:
        action = (
            "Take the sigmoid off D and keep the loss of logits (BCEWithLogitsLoss), or keep the "
            "sigmoid and use BCELoss."
        )
    else:
        action = f"Take the sigmoid off D: the {family} loss is made for raw outputs."
    return fix(finding, "One sigmoid", action, "D's loss can fall below 1.006.")


def labels_swapped(run: Run, finding: Finding) -> Correction:
    """The right way round, in D's step alone."""
    if run.setup.objective.family in (None, *LABELLED, "least-squares"):
        action = "In D's step give reals the target 1 and fakes 0, and leave G's step as it is."
    else:
        action = "In D's step let reals and fakes change places, and leave G's step as it is."
    return fix(finding, "Labels the right way round", action, "D's and G's losses pull apart.")


def loss_not_backpropagated(run: Run, finding: Finding) -> Correction:
    """The loss that was lost, by name."""
    shown = shown_by(finding)
    lost = {
        "reached/real": "D's loss on reals",
        "reached/fake": "D's loss on fakes",
        "reached/generator": "G's loss",
    }.get(shown)
    if lost:
        action = (
            f"Let {lost} be in the sum that backward() is called on: look for a detach(), an "
            ".item(), a no_grad() or a variable that the next loss is written over."
        )
        check = f"{shown} is 1."
    else:
        action = (
            "Compute the penalty with create_graph=True, without detach() or .item(), and add it "
            "to D's loss before backward()."
        )
        check = "D's gradient on its input changes within 100 steps."
    return fix(finding, "Every loss in the gradient", action, check)


def incompatible_pair(run: Run, finding: Finding) -> Correction | None:
    """One of each two, as the table of pairs says."""
    actions = dict.fromkeys(pair.instead for pair in pairs_in(run.setup))
    if not actions:
        return None
    check = "gan-doctor preflight finds nothing more."
    return fix(finding, "One of the two", f"{'. '.join(actions)}.", check)


def train_eval_mismatch(run: Run, finding: Finding) -> Correction:
    """Training mode for whoever was found in evaluation mode."""
    modes = [
        event
        for event in run.events
        if event.kind == "mode" and event.player == finding.player
        if not event.detail.get("training", True) and event.step <= finding.alarm
    ]
    role = str(modes[-1].detail.get("role", "g")).upper() if modes else "G"
    action = f"Call {role}.train() before each training step, and again after each evaluation."
    return fix(finding, "Training mode", action, f"No step of {role} is made in evaluation mode.")


def latent_ignored(run: Run, finding: Finding) -> Correction:
    """First of all z must get there."""
    action = (
        "See that z reaches G: draw it anew for each batch, hand it to every call, and compare "
        "G(z1, y) with G(z2, y) at one y."
    )
    return fix(finding, "z into G", action, "Samples of two z under one condition differ.")


def condition_ignored(run: Run, finding: Finding) -> Correction:
    """First of all y must get there, the right one."""
    action = (
        "See that each condition stays with its sample: shuffled together with it, the same one "
        "for G and for D, and embedded into both."
    )
    return fix(finding, "y into G and D", action, "The label agreement rises above chance.")


def augmentation_leak(run: Run, finding: Finding) -> Correction:
    """What D sees of one side only, G learns to make."""
    action = (
        "Augment reals and fakes by the same law, in D's step and in G's: what D sees on one side "
        "only, G learns to make."
    )
    return fix(finding, "Augment both sides", action, "Fewer fakes are taken for augmented ones.")
