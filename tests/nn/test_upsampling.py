from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, pixel_shuffle

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.nn import ResizeConv, SubPixelConv, icnr_, normal_init, upsampling_layer


@pytest.mark.parametrize("kind", ["transposed", "pixel-shuffle", "resize"])
@pytest.mark.parametrize("bias", [True, False])
def test_every_kind_doubles_the_side_and_sets_the_channels(kind: Any, bias: bool) -> None:
    layer = upsampling_layer(kind, 3, 5, bias=bias)
    assert layer(torch.randn(2, 3, 4, 6)).shape == (2, 5, 8, 12)
    assert len(list(layer.parameters())) == 1 + bias


def test_unknown_kinds_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Known: pixel-shuffle, resize, transposed"):
        upsampling_layer("nearest", 3, 5)  # type: ignore[arg-type]


def test_transposed_kernels_overlap_evenly() -> None:
    layer = upsampling_layer("transposed", 1, 1)
    assert isinstance(layer, nn.ConvTranspose2d)
    assert all(k % s == 0 for k, s in zip(layer.kernel_size, layer.stride, strict=True))


def test_pixel_shuffle_is_torchs_and_the_formula_of_its_paper() -> None:
    torch.manual_seed(0)
    layer = SubPixelConv(2, 3).double()
    nn.init.normal_(layer.conv.weight)
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64)
    before = conv2d(x, layer.conv.weight, layer.conv.bias, padding=1)
    out = layer(x)
    torch.testing.assert_close(out, pixel_shuffle(before, 2))
    for c, h, w, i, j in [(0, 0, 0, 0, 0), (1, 2, 3, 0, 1), (2, 3, 4, 1, 0), (2, 1, 0, 1, 1)]:
        assert torch.equal(out[:, c, 2 * h + i, 2 * w + j], before[:, 4 * c + 2 * i + j, h, w])


def test_sub_pixels_start_as_nearest_upsampling_of_a_convolution() -> None:
    layer = SubPixelConv(2, 3).double()
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64)
    kernel = layer.conv.weight[::4]
    torch.testing.assert_close(layer(x), interpolate(conv2d(x, kernel, padding=1), scale_factor=2))


def test_a_new_start_keeps_the_equal_kernels() -> None:
    torch.manual_seed(0)
    layer = normal_init(SubPixelConv(16, 8))
    kernels = layer.conv.weight.unflatten(0, (8, 4))
    assert torch.equal(kernels, kernels[:, :1].expand_as(kernels))
    assert kernels.std().item() == pytest.approx(0.02, rel=0.1)
    assert kernels[0, 0].ne(kernels[1, 0]).all()


def test_resizing_is_nearest_upsampling_before_a_convolution() -> None:
    layer = ResizeConv(2, 3).double()
    x = torch.randn(2, 2, 4, 5, dtype=torch.float64)
    up = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(layer(x), conv2d(up, layer.conv.weight, layer.conv.bias, padding=1))


@pytest.mark.parametrize("r", [2, 3])
def test_icnr_gives_the_pixels_of_a_block_equal_kernels(r: int) -> None:
    weight = nn.Parameter(torch.empty(r**2 * 2, 3, 3, 3))
    assert icnr_(weight, r, nn.init.normal_) is weight
    assert weight.requires_grad
    out = pixel_shuffle(conv2d(torch.randn(1, 3, 6, 6), weight), r)
    blocks = out.unfold(2, r, r).unfold(3, r, r).flatten(4)
    torch.testing.assert_close(blocks, blocks[..., :1].expand_as(blocks))


def test_icnr_refuses_channels_that_do_not_fill_blocks() -> None:
    with pytest.raises(ConfigError, match="by 2 needs a multiple of 4 output channels, got 6"):
        icnr_(torch.empty(6, 1, 3, 3), 2)
