from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from gan_doctor.core import ConfigError
from gan_doctor.losses import LeCam

STEPS = torch.randn(6, 2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1


def test_it_equals_its_formula_step_by_step() -> None:
    ours, anchors = LeCam(decay=0.9, weight=0.2), None
    for real, fake in STEPS:
        means = [x.mean().item() for x in (real, fake)]
        anchors = [
            0.9 * a + 0.1 * m for a, m in zip(anchors or means, means, strict=True)
        ]  # a_R, a_F
        expected = sum((x - anchors[1]) ** 2 for x in real.tolist()) / 8
        expected += sum((g - anchors[0]) ** 2 for g in fake.tolist()) / 8
        assert ours.penalty(real, fake).item() == pytest.approx(0.2 * expected, rel=1e-12)
    assert ours.anchors is not None
    assert ours.anchors.tolist() == pytest.approx(anchors, rel=1e-12)


def test_the_gradient_leaves_the_anchors_out() -> None:
    real, fake = (x.clone().requires_grad_() for x in STEPS[0])
    # At this decay the anchors stay where they are, so that finite differences are of the rest.
    lecam = LeCam(decay=1 - 1e-15, weight=1.0)
    lecam.load_state_dict({"anchors": torch.tensor([2.0, -1.0], dtype=torch.float64)})
    assert gradcheck(lecam.penalty, (real, fake))
    fast = LeCam(decay=0.0, weight=1.0)  # the anchors are the means of this batch
    fast.penalty(real, fake).backward()
    assert real.grad is not None
    torch.testing.assert_close(real.grad, 2 * (real - fake.mean()).detach() / 8)


def test_nothing_waits_for_the_device() -> None:
    lecam, logits = LeCam(), torch.zeros(4, device="meta")  # any look at a value is an error
    for _ in range(2):
        assert lecam.penalty(logits, logits).is_meta


def test_half_precision_moves_the_anchors_too() -> None:
    lecam, logits = LeCam(decay=0.99), torch.zeros(4, dtype=torch.bfloat16)
    lecam.penalty(logits, logits)
    for _ in range(300):
        lecam.penalty(logits + 1, logits - 1)
    assert lecam.anchors is not None
    assert lecam.anchors.tolist() == pytest.approx([1 - 0.99**300, 0.99**300 - 1], rel=1e-3)


def test_a_checkpoint_goes_on_as_if_nothing_had_happened() -> None:
    whole, first = LeCam(), LeCam()
    expected = [whole.penalty(*step).item() for step in STEPS]
    for step in STEPS[:3]:
        first.penalty(*step)
    kept, second = first.state_dict(), LeCam()
    first.penalty(*STEPS[0])  # what was kept stays as it was
    second.load_state_dict(kept)
    assert [second.penalty(*step).item() for step in STEPS[3:]] == expected[3:]


def test_a_fresh_checkpoint_starts_at_the_first_batch() -> None:
    lecam = LeCam()
    lecam.load_state_dict(LeCam().state_dict())
    assert lecam.penalty(*STEPS[0]) == LeCam().penalty(*STEPS[0])


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(ConfigError, match=r"decay must lie in \[0, 1\)"):
        LeCam(decay=decay)
