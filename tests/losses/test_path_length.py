from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.autograd.functional import jacobian

from gan_doctor.core import ConfigError
from gan_doctor.losses import PathLength

Z = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
SHAPES = pytest.mark.parametrize(
    ("shape", "pixels"), [((4,), 4), ((2, 3, 2), 6)], ids=["vectors", "images"]
)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def weights(shape: tuple[int, ...]) -> Tensor:
    return torch.randn(3, *shape, dtype=torch.float64, generator=seeded(1))


def made(A: Tensor, z: Tensor) -> Tensor:
    """A generator that stretches more here than there."""
    return torch.tensordot(z, A, 1).sin()


@SHAPES
def test_it_equals_its_formula_step_by_step(shape: tuple[int, ...], pixels: int) -> None:
    A, ours, a = weights(shape), PathLength(weight=3.0, decay=0.2), 0.0
    for step in range(3):
        z = (Z + step).requires_grad_()
        y = torch.randn(5, *shape, dtype=torch.float64, generator=seeded(step)) / pixels**0.5
        lengths = []
        for sample, direction in zip(z.detach(), y, strict=True):
            J = jacobian(lambda z: made(A, z[None])[0].flatten(), sample)  # (F, latent)
            lengths.append((J.T @ direction.flatten()).norm().item())
        a = 0.8 * a + 0.2 * sum(lengths) / 5
        expected = 3 * sum((length - a) ** 2 for length in lengths) / 5
        found = ours.penalty(made(A, z), z, seeded(step)).item()
        assert found == pytest.approx(expected, rel=1e-9)
        assert ours.mean is not None
        assert ours.mean.item() == pytest.approx(a, rel=1e-9)


@SHAPES
def test_it_can_be_trained_through(shape: tuple[int, ...], pixels: int) -> None:
    def of_weights(A: Tensor) -> Tensor:
        # At this decay the average stays where it is: no gradient is to go through it.
        lengths = PathLength(decay=1e-15)
        lengths.load_state_dict({"mean": torch.tensor(0.5, dtype=torch.float64)})
        z = Z.clone().requires_grad_()
        return lengths.penalty(made(A, z), z, seeded(2))

    assert gradcheck(of_weights, (weights(shape).requires_grad_(),))


def test_no_gradient_goes_through_the_average() -> None:
    A, z = weights((4,)).requires_grad_(), Z.clone().requires_grad_()
    lengths = PathLength(weight=1.0, decay=0.5)
    lengths.penalty(made(A, z), z, seeded(2)).backward()
    whole = A.grad
    assert whole is not None
    assert lengths.mean is not None
    assert not lengths.mean.requires_grad
    A.grad = None
    fixed = PathLength(weight=1.0, decay=1e-15)
    fixed.load_state_dict(lengths.state_dict())
    fixed.penalty(made(A, z), z, seeded(2)).backward()
    torch.testing.assert_close(A.grad, whole)


def test_a_generator_that_stretches_alike_everywhere_comes_to_pay_nothing() -> None:
    turn = torch.linalg.qr(torch.randn(3, 3, generator=seeded(0)))[0]
    lengths = PathLength(weight=1.0, decay=1.0)
    z = torch.randn(64, 3, requires_grad=True)
    even = lengths.penalty(z @ turn, z, seeded(3)).item()
    uneven = lengths.penalty(z.exp() @ turn, z, seeded(3)).item()
    assert uneven > 10 * even  # what is left of the even one is the spread of |y|


def test_nothing_waits_for_the_device() -> None:
    lengths, z = PathLength(), torch.zeros(4, 3, device="meta", requires_grad=True)
    for _ in range(2):  # any look at a value is an error
        assert lengths.penalty(2 * z, z).is_meta


def test_a_checkpoint_goes_on_as_if_nothing_had_happened() -> None:
    def steps(lengths: PathLength, seeds: range) -> list[float]:
        z = Z.clone().requires_grad_()
        return [lengths.penalty(made(weights((4,)), z), z, seeded(i)).item() for i in seeds]

    expected = steps(PathLength(), range(4))
    first, second = PathLength(), PathLength()
    steps(first, range(2))
    kept = first.state_dict()
    steps(first, range(1))  # what was kept stays as it was
    second.load_state_dict(kept)
    assert steps(second, range(2, 4)) == expected[2:]


def test_latents_without_a_gradient_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"z must ask for a gradient"):
        PathLength().penalty(2 * Z, Z)


@pytest.mark.parametrize("decay", [0.0, 1.1, float("nan")])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(ConfigError, match=r"decay must lie in \(0, 1\]"):
        PathLength(decay=decay)
