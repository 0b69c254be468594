from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from loops.gan_loops import Training, images
from torch import nn

from gan_doctor.monitor.undisturbed import undisturbed


@pytest.fixture
def t() -> Training:
    return images()


def disturb(module: nn.Module, x: torch.Tensor) -> None:
    module.train(not module.training)
    module(x)
    module.train(not module.training)
    module(x)
    module.register_buffer("mine", torch.zeros(3))
    torch.rand(3)
    np.random.rand()  # noqa: NPY002
    random.random()


def state(*modules: nn.Module) -> list[object]:
    buffers = [(name, id(b), b.tolist()) for m in modules for name, b in m.named_buffers()]
    modes = [part.training for m in modules for part in m.modules()]
    numpy_state = [part if isinstance(part, int | float | str) else part.tolist()
                   for part in np.random.get_state()]  # noqa: NPY002  # fmt: skip
    return [buffers, modes, torch.get_rng_state().tolist(), numpy_state, random.getstate()]


def test_modes_buffers_and_random_numbers_are_put_back(t):
    t.D[2].eval()  # a part in another mode than the whole
    before = state(t.G, t.D)
    with undisturbed(t.G, t.D):
        disturb(t.G, t.z())
        disturb(t.D, t.real())
        assert state(t.G, t.D) != before
    # But for what `t.z` and `t.real` drew, which lies inside too.
    assert state(t.G, t.D) == before


def test_they_are_put_back_after_an_exception_too(t):
    before = state(t.G)

    def failing() -> None:
        with undisturbed(t.G):
            disturb(t.G, t.z())
            raise ValueError("no memory")

    with pytest.raises(ValueError, match="no memory"):
        failing()
    assert state(t.G) == before


def test_no_graph_is_built_inside_and_autograd_is_as_before_outside(t):
    with undisturbed(t.G):
        assert not t.G(t.z()).requires_grad
    assert t.G(t.z()).requires_grad


def test_inside_random_numbers_go_on_from_where_they_were():
    before = torch.get_rng_state()
    with undisturbed():
        inside = torch.rand(3)
    torch.set_rng_state(before)
    assert torch.equal(inside, torch.rand(3))


def test_a_graph_of_the_training_may_still_run_backwards(t):
    # BatchNorm in evaluation and spectral normalisation keep their buffers for the backward pass.
    t.D.eval()
    loss = t.D(t.real()).sum()
    t.D.train()
    with undisturbed(t.D):
        t.D(t.real())
    loss.backward()


def test_without_modules_it_minds_the_random_numbers_alone():
    before = torch.get_rng_state()
    with undisturbed():
        torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)
