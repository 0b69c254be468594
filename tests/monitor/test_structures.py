"""Tensors are found inside whatever networks take and give, and logits among them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_doctor.monitor.structures import is_probability, logits_in, tensors_in

A, B, C = torch.zeros(4), torch.ones(4, 2), torch.ones(4, 3, 8, 8)
SCORE, PATCHES, SMALLER = torch.zeros(4, 1), torch.zeros(4, 1, 6, 6), torch.zeros(4, 1, 3, 3)


@dataclass
class Output:
    sample: Tensor
    nothing: Tensor | None = None


@pytest.mark.parametrize(
    ("structure", "found"),
    [
        (A, [A]),
        ((A, B), [A, B]),
        ([A, (B, [C])], [A, B, C]),
        ({"x": A, "more": {"y": B}}, [A, B]),
        (OrderedDict(a=A), [A]),
        (Output(A), [A]),
        ((A, torch.ones(4, dtype=torch.long), None, 3, "text"), [A]),
        (None, []),
        ([], []),
    ],
)
def test_floating_tensors_in_order(structure: Any, found: list[Tensor]):
    assert [a is b for a, b in zip(tensors_in(structure), found, strict=True)] == [True] * len(
        found
    )


@pytest.mark.parametrize("output", [A, B, C, SCORE, PATCHES])
def test_a_tensor_is_taken_as_it_is(output):
    assert logits_in(output)[0] is output


@pytest.mark.parametrize(
    ("output", "logits"),
    [
        ((SCORE, C), [SCORE]),
        ((C, SCORE), [SCORE]),
        ({"features": C, "logits": SCORE}, [SCORE]),
        ((SCORE, torch.zeros(4, 10)), [SCORE]),  # AC-GAN: validity and classes
        ([PATCHES, SMALLER], [PATCHES, SMALLER]),  # two scales
        ([[C, PATCHES], [C, SMALLER]], [PATCHES, SMALLER]),  # pix2pixHD
        ((A, [C, C]), [A]),
    ],
)
def test_logits_have_one_channel(output: Any, logits: list[Tensor]):
    assert [a is b for a, b in zip(logits_in(output), logits, strict=True)] == [True] * len(logits)


@pytest.mark.parametrize("output", [(SCORE, SCORE), (B, C), None, (), torch.zeros(0, 1), (A, A)])
def test_what_would_be_a_guess_is_none(output):
    assert logits_in(output) is None


def test_a_sigmoid_is_seen_in_the_graph_and_not_in_the_values():
    x = torch.rand(4, 2, requires_grad=True)
    assert is_probability(x.sum(1).sigmoid())
    assert is_probability(x[:, :1].sigmoid().view(-1).squeeze())
    assert is_probability(nn.Sequential(nn.Linear(2, 1), nn.Sigmoid())(x))
    assert not is_probability(x * 1)  # values in [0, 1] prove nothing
    assert not is_probability(x.sigmoid() * 2)
    assert not is_probability(torch.rand(4))
