"""Top-k against sorting; the least share is in test_schedules_and_limits.py."""

from __future__ import annotations

import pytest
import torch

from gan_doctor.core import ConfigError
from gan_doctor.nn import annealed_share, top_k


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.77, 0.99, 1.0])
def test_what_is_kept_equals_the_head_of_the_sorted_logits(share: float) -> None:
    logits = torch.randn(16, generator=torch.Generator().manual_seed(0))
    best = sorted(logits.tolist(), reverse=True)[: max(1, round(share * 16))]
    assert sorted(top_k(logits, share).tolist(), reverse=True) == best


def test_only_the_fakes_that_are_kept_get_a_gradient() -> None:
    logits = torch.tensor([0.1, 3.0, -2.0, 1.0], requires_grad=True)
    top_k(logits, 0.5).mean().backward()
    assert logits.grad is not None
    assert logits.grad.tolist() == [0, 0.5, 0, 0.5]


def test_the_order_of_the_batch_does_not_matter() -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(9, generator=random)
    shuffled = logits[torch.randperm(9, generator=random)]
    assert torch.equal(top_k(logits, 0.4), top_k(shuffled, 0.4))


@pytest.mark.parametrize("share", [-0.1, 0.0, 1.1, float("nan")])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=rf"share must lie in \(0, 1\], got {share}"):
        top_k(torch.zeros(4), share)


@pytest.mark.parametrize("shape", [(), (2, 1), (4, 3)])
def test_other_than_one_logit_a_fake_is_refused(shape: tuple[int, ...]) -> None:
    # Of (2, 1) logits, the best half were both: the best of each row.
    with pytest.raises(ConfigError, match="one logit a fake"):
        top_k(torch.zeros(shape), 0.5)


def test_the_share_falls_along_a_line_and_stays_at_the_least() -> None:
    shares = [annealed_share(done / 10, 0.6, 0.5) for done in range(11)]
    assert shares == pytest.approx([1 - 0.4 * min(1, done / 5) for done in range(11)])
    assert annealed_share(0.7, least=1.0) == 1
