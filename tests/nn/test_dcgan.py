from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gan_doctor.core import ConfigError, UnknownNameError
from gan_doctor.nn import (
    DCGANDiscriminator,
    DCGANGenerator,
    ResNetDiscriminator,
    ResNetGenerator,
    SelfAttention,
)

KINDS = pytest.mark.parametrize(
    ("G_kind", "D_kind"),
    [(DCGANGenerator, DCGANDiscriminator), (ResNetGenerator, ResNetDiscriminator)],
    ids=["dcgan", "resnet"],
)


@KINDS
@pytest.mark.parametrize("size", [8, 12, 16, 28, 32])
def test_generator_and_discriminator_fit_each_other(G_kind: Any, D_kind: Any, size: int) -> None:
    G = G_kind(latent=5, channels=3, size=size, width=4)
    D = D_kind(channels=3, size=size, width=4)
    images = G(torch.randn(7, 5))
    assert images.shape == (7, 3, size, size)
    assert images.abs().max() < 1
    assert D(images).shape == (7,)


@KINDS
@pytest.mark.parametrize("upsampling", ["transposed", "pixel-shuffle", "resize"])
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_every_norm_and_upsampling_gives_images_with_gradients(
    G_kind: Any, D_kind: Any, norm: str, upsampling: str
) -> None:
    G = G_kind(4, 1, 16, width=4, norm=norm, upsampling=upsampling, slope=0.1, attention=8)
    D = D_kind(1, 16, width=4, norm=norm, attention=4, dropout=0.1)
    images = G(torch.randn(3, 4))
    assert images.shape == (3, 1, 16, 16)
    D(images).sum().backward()
    # gamma starts at 0, which hides what the rest of the attention layer does.
    missing = [n for n, p in [*G.named_parameters(), *D.named_parameters()] if p.grad is None]
    assert missing == []


@KINDS
def test_first_and_rest_are_the_generator_and_features_and_output_the_discriminator(
    G_kind: Any, D_kind: Any
) -> None:
    G, D = G_kind(4, 2, 12, width=4), D_kind(2, 12, width=4)
    z = torch.randn(5, 4)
    assert any(p.dim() > 1 for p in G.first.parameters())
    assert torch.equal(G(z), G.rest(G.first(z)))
    x = G(z)
    h = D.features(x)
    assert h.shape == (5, D.feature_count)
    assert torch.equal(D(x), D.output(h).squeeze(1))


@KINDS
@pytest.mark.parametrize("size", [0, 4, 7, 9, 14, 72, 1])
def test_sizes_that_no_doubling_reaches_are_refused_by_number(
    G_kind: Any, D_kind: Any, size: int
) -> None:
    for make in (lambda: G_kind(2, 1, size), lambda: D_kind(1, size)):
        with pytest.raises(ConfigError, match=f"got {size}$"):
            make()


@KINDS
def test_attention_stands_where_it_is_asked_for(G_kind: Any, D_kind: Any) -> None:
    for side in (4, 8, 16):
        G, D = G_kind(4, 1, 32, width=4, attention=side), D_kind(1, 32, width=4, attention=side)
        for net, x in ((G, torch.randn(2, 4)), (D, torch.randn(2, 1, 32, 32))):
            found: list[int] = []
            (layer,) = [m for m in net.modules() if isinstance(m, SelfAttention)]
            layer.register_forward_hook(lambda _, args, __, to=found: to.append(args[0].shape[3]))
            net(x)
            assert found == [side]


@KINDS
def test_other_sides_for_attention_are_refused_with_those_that_exist(
    G_kind: Any, D_kind: Any
) -> None:
    for make in (lambda: G_kind(2, 1, 32, attention=32), lambda: D_kind(1, 32, attention=32)):
        with pytest.raises(ConfigError, match=r"for size 32 one of 4, 8, 16, got 32$"):
            make()


@KINDS
def test_unknown_words_are_refused_with_the_known_ones(G_kind: Any, D_kind: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"'bacth'.*'batch'.* Known: batch, layer, none"):
        G_kind(2, 1, 8, norm="bacth")
    with pytest.raises(UnknownNameError, match=r"'bacth'.*'batch'.* Known: batch, layer, none"):
        D_kind(1, 8, norm="bacth")
    with pytest.raises(UnknownNameError, match="Known: pixel-shuffle, resize, transposed"):
        G_kind(2, 1, 8, upsampling="bilinear")


@KINDS
def test_dropout_out_of_range_is_refused(G_kind: Any, D_kind: Any) -> None:
    with pytest.raises(ConfigError, match=r"dropout must lie in \[0, 1\), got 1"):
        D_kind(1, 8, dropout=1)


@KINDS
def test_dropout_acts_in_training_only(G_kind: Any, D_kind: Any) -> None:
    torch.manual_seed(0)
    D, x = D_kind(1, 8, width=4, dropout=0.5), torch.randn(3, 1, 8, 8)
    assert not torch.equal(D(x), D(x))
    D.eval()
    assert torch.equal(D(x), D(x))


@KINDS
def test_without_a_bound_images_leave_the_range(G_kind: Any, D_kind: Any) -> None:
    torch.manual_seed(0)
    z = 1e3 * torch.randn(8, 4)
    G = G_kind(4, 1, 8, width=4, norm="none", bounded=False)
    assert G(z).abs().max() > 1


@KINDS
@pytest.mark.parametrize("norm", ["layer", "none"])
def test_samples_of_a_batch_are_judged_apart_unless_batch_normalised(
    G_kind: Any, D_kind: Any, norm: str
) -> None:
    torch.manual_seed(0)
    x = torch.randn(6, 1, 16, 16)
    apart = D_kind(1, 16, width=8, norm=norm, attention=8)
    mixed = D_kind(1, 16, width=8, norm="batch")
    torch.testing.assert_close(apart(x)[:2], apart(x[:2]))
    assert not torch.allclose(mixed(x)[:2], mixed(x[:2]), rtol=1e-3)


def test_first_and_last_layers_are_not_normalised() -> None:
    layers = list(DCGANDiscriminator(1, 32, width=4, norm="batch").trunk)
    assert [type(layer).__name__ for layer in layers] == [
        *("Conv2d", "LeakyReLU"),
        *("Conv2d", "BatchNorm2d", "LeakyReLU"),
        *("Conv2d", "BatchNorm2d", "LeakyReLU"),
    ]


def test_slopes_are_those_asked_for() -> None:
    G, D = DCGANGenerator(2, 1, 8, slope=0.3), DCGANDiscriminator(1, 8, slope=0.3)
    for net in (G, D):
        slopes = {m.negative_slope for m in net.modules() if isinstance(m, nn.LeakyReLU)}
        assert slopes == {0.3}
        assert not any(isinstance(m, nn.ReLU) for m in net.modules())


@pytest.mark.parametrize("upsampling", ["transposed", "pixel-shuffle", "resize"])
def test_weights_start_as_narrow_as_in_the_paper(upsampling: Any) -> None:
    torch.manual_seed(0)
    G = DCGANGenerator(64, 1, 16, upsampling=upsampling)
    weights = torch.cat([p.flatten() for p in G.parameters() if p.dim() == 4])
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)


def test_pixel_shuffle_starts_without_a_checkerboard() -> None:
    torch.manual_seed(0)
    G = DCGANGenerator(8, 1, 16, width=4, upsampling="pixel-shuffle")
    images = G(torch.randn(4, 8))
    blocks = images.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    torch.testing.assert_close(blocks, blocks[..., :1].expand_as(blocks))


def test_weights_of_attention_are_not_made_narrow() -> None:
    torch.manual_seed(0)
    D = DCGANDiscriminator(1, 16, width=64, attention=8)
    (layer,) = [m for m in D.modules() if isinstance(m, SelfAttention)]
    assert layer.v.weight.std() > 0.05
