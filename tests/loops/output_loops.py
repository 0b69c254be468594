"""Loops whose D says more than one number of each sample, or whose samples are no images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from loops.gan_loops import Training, loss_of_d, loss_of_g, points
from loops.witness import Loop, Witness
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cross_entropy, mse_loss

Says = Callable[[Any], Sequence[Tensor]]


def _trained(w: Witness, t: Training, logits: Says) -> None:
    """The usual loop around a D, out of whose output `logits` takes those of each scale."""
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = logits(t.D(t.real())), logits(t.D(t.G(t.z()).detach()))
        loss_d = sum(map(loss_of_d, real, fake)) / len(real)
        w.step_d(t, loss_d, real, fake)
        loss_g = sum(map(loss_of_g, logits(t.D(t.G(t.z()))))) / len(real)
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def _images() -> tuple[nn.Module, Tensor]:
    """A G of 8x8 images in one channel, and data."""
    G = nn.Sequential(nn.ConvTranspose2d(4, 4, 4), nn.ReLU(), nn.ConvTranspose2d(4, 1, 4, 2, 1))
    return G, torch.randn(64, 1, 8, 8)


def _patches(features: int = 4) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, features, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(features, 1, 3, 1, 1)
    )


class _Of(nn.Module):
    """A D made of parts, whose forward is a function."""

    def __init__(self, forward: Callable[[nn.ModuleList, Tensor], Any], *parts: nn.Module) -> None:
        super().__init__()
        self.parts, self._said = nn.ModuleList(parts), forward

    def forward(self, x: Tensor) -> Any:
        return self._said(self.parts, x)


def patch_map(w: Witness) -> None:
    """A map of logits (N, 1, 4, 4) (pix2pix's PatchGAN)."""
    G, data = _images()
    _trained(w, Training(G, _patches(), data, (4, 1, 1)), lambda out: [out])


def flat_logits(w: Witness) -> None:
    """Logits of shape (N,)."""
    t = points()
    t.D.append(nn.Flatten(0))
    _trained(w, t, lambda out: [out])


def _multi_scale(parts: nn.ModuleList, x: Tensor) -> list[Tensor]:
    return [parts[0](x), parts[1](avg_pool2d(x, 2))]


def multi_scale(w: Witness) -> None:
    """A list of maps, one for each scale (SPADE without features)."""
    G, data = _images()
    D = _Of(_multi_scale, _patches(), _patches())
    _trained(w, Training(G, D, data, (4, 1, 1)), lambda out: out)


def multi_scale_in_a_dict(w: Witness) -> None:
    """The same in a dict."""
    G, data = _images()
    names = "full", "half"
    D = _Of(
        lambda parts, x: dict(zip(names, _multi_scale(parts, x), strict=True)),
        _patches(),
        _patches(),
    )
    _trained(w, Training(G, D, data, (4, 1, 1)), lambda out: [out[name] for name in names])


def _layers(net: Any, x: Tensor) -> list[Tensor]:
    out = []
    for layer in net:
        x = layer(x)
        out.append(x)
    return out


def features_of_every_layer(w: Witness) -> None:
    """Lists of lists: each layer's output at each scale, the logits last (pix2pixHD)."""
    G, data = _images()
    D = _Of(
        lambda parts, x: [_layers(parts[0], x), _layers(parts[1], avg_pool2d(x, 2))],
        _patches(),
        _patches(),
    )
    t = Training(G, D, data, (4, 1, 1))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        batch = t.real()
        real, fake = t.D(batch), t.D(t.G(t.z()).detach())
        loss_d = sum(loss_of_d(r[-1], f[-1]) for r, f in zip(real, fake, strict=True))
        w.step_d(t, loss_d, [scale[-1] for scale in real], [scale[-1] for scale in fake])
        wanted, made = t.D(batch), t.D(t.G(t.z()))
        loss_g = sum(loss_of_g(scale[-1]) for scale in made)
        for want, have in zip(wanted, made, strict=True):
            loss_g = loss_g + sum(map(mse_loss, have[:-1], [x.detach() for x in want[:-1]]))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def logits_and_features(w: Witness) -> None:
    """A tuple of logits and the features before them."""
    base = points()

    def said(parts: nn.ModuleList, x: Tensor) -> tuple[Tensor, Tensor]:
        features = parts[0](x)
        return parts[1](features), features

    D = _Of(said, base.D[:-1], base.D[-1])
    _trained(w, Training(base.G, D, base.data, (4,)), lambda out: [out[0]])


def features_and_logits_in_a_dict(w: Witness) -> None:
    """The same in a dict, features first."""
    base = points()

    def said(parts: nn.ModuleList, x: Tensor) -> dict[str, Tensor]:
        features = parts[0](x)
        return {"features": features, "logits": parts[1](features)}

    D = _Of(said, base.D[:-1], base.D[-1])
    _trained(w, Training(base.G, D, base.data, (4,)), lambda out: [out["logits"]])


def classes_beside_the_logit(w: Witness) -> None:
    """Validity and classes (ACGAN)."""
    base = points()

    def said(parts: nn.ModuleList, x: Tensor) -> tuple[Tensor, Tensor]:
        features = parts[0](x)
        return parts[1](features), parts[2](features)

    D = _Of(said, base.D[:-1], nn.Linear(16, 1), nn.Linear(16, 8))
    t = Training(base.G, D, base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        labels = torch.randint(8, (t.batch,))
        (real, classes), (fake, _) = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d + cross_entropy(classes, labels), real, fake)
        validity, classes = t.D(t.G(t.z()))
        loss_g = loss_of_g(validity)
        w.step_g(t, loss_g + cross_entropy(classes, labels))
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def code_beside_the_logit(w: Witness) -> None:
    """Validity and a latent code of one number: two tensors that could be logits (InfoGAN)."""
    base = points()

    def said(parts: nn.ModuleList, x: Tensor) -> tuple[Tensor, Tensor]:
        features = parts[0](x)
        return parts[1](features), parts[2](features)

    D = _Of(said, base.D[:-1], nn.Linear(16, 1), nn.Linear(16, 1))
    t = Training(base.G, D, base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        (real, _), (fake, _) = t.D(t.real()), t.D(t.G(t.z()).detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        z = t.z()
        validity, code = t.D(t.G(z))
        loss_g = loss_of_g(validity) + mse_loss(code, z[:, :1])
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def real_and_fake_in_one_call(w: Witness) -> None:
    """`D(y, y_hat)` gives both lists of logits at once (HiFi-GAN)."""
    base = points()

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.discriminators = nn.ModuleList([points(1).D, points(2).D])

        def forward(self, y: Tensor, y_hat: Tensor) -> tuple[list[Tensor], list[Tensor]]:
            return [d(y) for d in self.discriminators], [d(y_hat) for d in self.discriminators]

    t = Training(base.G, Pair(), base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real(), t.G(t.z()).detach())
        loss_d = sum(map(loss_of_d, real, fake))
        w.step_d(t, loss_d, real, fake)
        _, fake = t.D(t.real(), t.G(t.z()))
        loss_g = sum(map(loss_of_g, fake))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


def signals(w: Witness) -> None:
    """1-D signals of one channel (WaveGAN)."""
    G = nn.Sequential(nn.ConvTranspose1d(4, 4, 8), nn.ReLU(), nn.ConvTranspose1d(4, 1, 4, 2, 1))
    D = nn.Sequential(nn.Conv1d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv1d(4, 1, 8))
    _trained(w, Training(G, D, torch.randn(64, 1, 16), (4, 1)), lambda out: [out])


def tables(w: Witness) -> None:
    """Rows with numbers and one-hot columns out of a softmax (CTGAN)."""

    class Rows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(4, 6)

        def forward(self, z: Tensor) -> Tensor:
            x = self.net(z)
            return torch.cat([x[:, :3].tanh(), x[:, 3:].softmax(1)], 1)

    D = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Dropout(0.5), nn.Linear(16, 1))
    data = torch.cat([torch.rand(256, 3), torch.eye(3)[torch.randint(3, (256,))]], 1)
    _trained(w, Training(Rows(), D, data, (4,)), lambda out: [out])


def a_generator_that_gives_more(w: Witness) -> None:
    """G gives its image in a tuple with the style that made it (StyleGAN)."""
    base = points()

    class Styled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mapping, self.net = nn.Linear(4, 4), base.G

        def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
            style = self.mapping(z)
            return self.net(style), style

    t = Training(Styled(), base.D, base.data, (4,))
    doctor = w.attach(t.G, t.D)
    for _ in w.steps:
        real, fake = t.D(t.real()), t.D(t.G(t.z())[0].detach())
        loss_d = loss_of_d(real, fake)
        w.step_d(t, loss_d, real, fake)
        loss_g = loss_of_g(t.D(t.G(t.z())[0]))
        w.step_g(t, loss_g)
        doctor.step(loss_d=loss_d, loss_g=loss_g)


TOLD: tuple[Loop, ...] = (
    patch_map, flat_logits, multi_scale, multi_scale_in_a_dict, features_of_every_layer,
    logits_and_features, features_and_logits_in_a_dict, classes_beside_the_logit, signals, tables,
    a_generator_that_gives_more,
)  # fmt: skip
UNTOLD: tuple[Loop, ...] = (code_beside_the_logit, real_and_fake_in_one_call)
EITHER: tuple[Loop, ...] = ()
