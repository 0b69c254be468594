"""How G enlarges its maps (catalogue 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_doctor.core import Finding, Run, Setup
from gan_doctor.core.setup import Upsampling as Layer
from gan_doctor.tricks._base import Prescription, Trick
from gan_doctor.tricks._facts import declared, without_maps
from gan_doctor.tricks._plan import Plan

__all__ = ["Upsampling"]


class Upsampling(Trick):
    """Enlarges G's maps in a way that treats all pixels alike.

    What it does:
        A transposed convolution whose kernel is not a multiple of its stride gives some pixels more
        inputs than their neighbours, which shows as a checkerboard. Nearest-neighbour upsampling
        with a convolution after it, "resize", treats all alike. "pixel-shuffle" does so at the
        start, thanks to its initial weights, and can learn otherwise.

    When to use it:
        A checkerboard in the fakes that the reals do not have.

    When not to:
        Where the reals have a grid of their own (dithering, blocks of JPEG): then it is learned,
        not made. On points and tables.

    Values:
        "resize" (Odena 2016); "transposed" is kernel 4, stride 2, which is even; "pixel-shuffle"
        starts from ICNR weights (Aitken 2017).

    Cost:
        1.1 times for "resize", whose convolutions work on larger maps.

    How to see that it worked:
        The peaks at the period of the upsampling leave the spectrum of the fakes.

    References:
        Odena 2016; Shi 2016; Aitken 2017.
    """

    title = "Upsampling without a grid"
    category = "architecture"
    items = ("6.3",)
    treats = {
        "checkerboard": 1,
        "noise-output": 4,
    }
    cost = 1.1
    cost_note = "G is another network: train it afresh."
    check = "The peaks at the period of the upsampling leave the spectrum of the fakes."
    avoid_when = "Not where the reals have the grid too."
    references = ("Odena et al. 2016, Distill", "Shi et al. 2016", "Aitken et al. 2017")
    settings = {"kind": "resize"}
    choices = {"kind": ("resize", "pixel-shuffle", "transposed")}
    sets = ("upsampling",)

    def fit(self, run: Run, finding: Finding) -> Prescription | None:
        """Resizing in place of the layers that G has; against noise only where those are uneven."""
        found = _layers(run.setup)
        uneven = [layer for layer in found if _is_uneven(layer)]
        if finding.slug == "noise-output" and not uneven:
            return None
        if uneven:
            was = f"G's transposed convolutions of kernel {_sides(uneven[0].kernel)} and stride "
            was += _sides(uneven[0].stride)
        else:
            kinds = sorted({layer.kind for layer in found if layer.kind in self.choices["kind"]})
            was = f"G's {' and '.join(kinds)} upsampling" if kinds else "G's upsampling"
        action = f"Replace {was} by nearest-neighbour upsampling and a 3x3 convolution."
        return Prescription(action, {"kind": "resize"})

    def in_use(self, setup: Setup) -> bool | None:
        """Whether G only interpolates; where no layer is known, whether it was declared."""
        found = _layers(setup)
        if found:
            return not any(layer.kind in ("transposed", "pixel-shuffle") for layer in found)
        return declared(setup, self.slug)

    def avoid(self, setup: Setup) -> str | None:
        """There must be maps to enlarge."""
        return without_maps(setup)

    def apply(self, plan: Plan, settings: Mapping[str, Any]) -> None:
        """Sets the kind of upsampling."""
        plan.upsampling = settings["kind"]


def _layers(setup: Setup) -> list[Layer]:
    return [layer for n in setup.networks if n.role == "g" for layer in n.upsampling or ()]


def _is_uneven(layer: Layer) -> bool:
    if layer.kind != "transposed" or layer.kernel is None or layer.stride is None:
        return False
    return any(k % s for k, s in zip(layer.kernel, layer.stride, strict=False))


def _sides(sizes: tuple[float, ...] | None) -> str:
    """A size for a sentence: "3", or "3x5" where the sides differ."""
    return "x".join(f"{size:g}" for size in dict.fromkeys(sizes or ()))
