"""What D says of reals that it was not trained on, beside those that it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from gan_doctor.core import ConfigError, Key
from gan_doctor.metrics import auroc, auroc_by_cluster, effective_rank, r_v
from gan_doctor.monitor.gathering import N
from gan_doctor.monitor.inspection import unwrapped, weighted_layers
from gan_doctor.monitor.structures import logits_in
from gan_doctor.monitor.undisturbed import undisturbed
from gan_doctor.sampling import Reference


class HeldOut:
    """Runs D in evaluation mode on trained reals, others and fakes, and leaves it as it was.

    Args:
        judge: D.
        others: (M, ...) reals that D is not trained on.
    """

    def __init__(self, judge: nn.Module, others: Tensor) -> None:
        self._judge, self._others = judge, others[:N]

    def measure(self, reference: Reference, fakes: Tensor) -> dict[Key, Tensor]:
        """Whether D remembers the reals it is trained on, and where it thinks that fakes lie.

        Args:
            reference: Of reals that D is trained on.
            fakes: (n, ...) of now.

        Raises:
            ConfigError: What D gives is not logits alone.
        """
        reals = reference.real[:N]
        with undisturbed(self._judge), _last_features(self._judge) as seen:
            self._judge.eval()
            trained = self._says(reals)
            features = seen[-1] if seen else None
            others, made = self._says(self._others), self._says(fakes)
        clusters = reference.clusters[: len(reals)].to(trained.device)
        k = int(reference.clusters.max()) + 1
        found = {
            Key("auroc/held_out"): auroc(trained, others),
            Key("overfit/r_v"): r_v(trained, others, made),
        }
        if len(trained) == len(reals):
            by_cluster = auroc_by_cluster(trained, made, clusters, k)
            found |= {Key("auroc/cluster", label=i): a for i, a in enumerate(by_cluster)}
        if features is not None:
            found[Key("rank/d")] = effective_rank(features.flatten(1))
        return found

    def copying(self, reference: Reference, fakes: Tensor) -> dict[Key, float]:
        """C_T of the fakes against the same reals."""
        return reference.copying(self._others, fakes)

    def _says(self, x: Tensor) -> Tensor:
        """What D says of samples, by its first scale: (N,), or more where it gives maps."""
        device = next(self._judge.parameters()).device
        logits = logits_in(self._judge(x.to(device)))
        if logits is None:
            raise ConfigError("D's logits are not told apart from what else it gives")
        return logits[0].float().flatten()


@contextmanager
def _last_features(judge: nn.Module) -> Iterator[list[Tensor]]:
    """What the last layer with weights is given, call by call."""
    weighted = weighted_layers(unwrapped(judge))
    seen: list[Tensor] = []
    if not weighted:
        yield seen
        return

    def see(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0].detach())

    handle = weighted[-1].register_forward_pre_hook(see)
    try:
        yield seen
    finally:
        handle.remove()
