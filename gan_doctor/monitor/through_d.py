"""How much of the loss gradient at G's output comes through D, and how much past it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

import torch

from gan_doctor.monitor.shield import Around

Node = torch.autograd.graph.Node

_NODES = 4096  # of D's graph that are searched: a few milliseconds


class Junction:
    """A place in the graph where the gradient of D's judgement meets those of other losses.

    It hangs on the graph and goes with it, and holds nothing of it.

    Args:
        node: Whose output the place is.
        output: Which of its outputs.
        shield: Wraps what listens to the graph.

    Attributes:
        parts: (2,) norms of the part through D and of the rest, in all backward passes that were
            `confirm`ed; None before.
    """

    def __init__(self, node: Node, output: int, shield: Around) -> None:
        self.parts: torch.Tensor | None = None
        self._latest: torch.Tensor | None = None
        self._pieces: dict[tuple[int, int], torch.Tensor] = {}
        self._entrances = 0
        self._shield = shield
        node.register_prehook(shield(partial(self._meet, output)))

    def admit(self, entrances: Mapping[Node, Sequence[int]], source: Junction | None) -> None:
        """Counts what comes in from some nodes as coming through D.

        Args:
            entrances: Which of the gradients that each node sends lead here.
            source: Of what has met other gradients before, only the share through D counts.
        """
        for node, places in entrances.items():
            self._entrances += 1
            enter = partial(self._enter, self._entrances, places, source)
            node.register_hook(self._shield(enter))

    def confirm(self) -> None:
        """The backward pass has reached G's weights: it was not one that asks for this gradient."""
        if self._latest is not None:
            self.parts = self._latest if self.parts is None else self.parts + self._latest
            self._latest = None

    def drop(self) -> None:
        """What was confirmed was of another loss."""
        self.parts = None

    def _enter(
        self,
        entrance: int,
        places: Sequence[int],
        source: Junction | None,
        gradients: Sequence[torch.Tensor | None],
        _: object,
    ) -> None:
        if torch.is_grad_enabled():  # somebody asks for a gradient and makes a graph of the answer
            return
        for place in places:
            gradient = gradients[place]
            if gradient is not None:
                # Copied: one that we held could not be added to in place.
                piece = gradient.clone() if source is None else gradient * source.share
                self._pieces[entrance, place] = piece

    def _meet(self, output: int, totals: Sequence[torch.Tensor | None]) -> None:
        pieces, self._pieces = self._pieces, {}
        total = totals[output]
        if torch.is_grad_enabled() or total is None:
            return
        through = torch.zeros_like(total)
        for piece in pieces.values():
            through += piece.sum_to_size(total.shape)
        self._latest = torch.stack([_norm(through), _norm(total - through)])

    @property
    def share(self) -> torch.Tensor:
        """() of the latest gradient, 0 where there was none."""
        assert self._latest is not None
        return (self._latest[0] / self._latest.sum()).nan_to_num(0.0)


def listen(
    judged: torch.Tensor,
    said: Sequence[torch.Tensor],
    is_output: Callable[[Node, int], bool],
    shield: Around,
) -> Junction | None:
    """Listens to the gradients that meet at the output of G that D has judged.

    Gradients meet twice where something lies between G and D, such as an augmentation: a loss may
    take what D is shown, or what G gave.

    Args:
        judged: D's input, within the graph.
        said: What D gave.
        is_output: Whether an output of a node is what a G gave.
        shield: Wraps the listeners.

    Returns:
        Where they meet; None if it was not found.
    """
    shown, place = judged.grad_fn, judged.output_nr
    if shown is None:
        return None
    within_d = _entrances(
        [out.grad_fn for out in said], lambda node, nr: node is shown and nr == place
    )
    if within_d is None:
        return None
    at_input, known = _junction(shown, place, shield)
    at_input.admit(within_d[1], None)
    if is_output(shown, place):
        return at_input
    between = _entrances([shown], is_output)
    if between is None or len(between[0]) > 1:
        return None
    ((node, output),) = between[0]
    at_output, _ = _junction(node, output, shield)
    if not known:
        at_output.admit(between[1], at_input)
    return at_output


def _entrances(
    starts: Sequence[Node | None], is_goal: Callable[[Node, int], bool]
) -> tuple[set[tuple[Node, int]], dict[Node, list[int]]] | None:
    """The first goals on all ways up the graph, and the edges that lead to them.

    None without any, or where the search would take too long.
    """
    nodes = deque(node for node in starts if node is not None)
    seen = set(nodes)
    goals: set[tuple[Node, int]] = set()
    entrances: dict[Node, list[int]] = {}
    while nodes:
        node = nodes.popleft()
        for place, (parent, output) in enumerate(node.next_functions):
            if parent is None:
                continue
            if is_goal(parent, output):
                goals.add((parent, output))
                entrances.setdefault(node, []).append(place)
            elif parent not in seen:
                seen.add(parent)
                nodes.append(parent)
        if len(seen) > _NODES:
            return None
    return (goals, entrances) if goals else None


def _junction(node: Node, output: int, shield: Around) -> tuple[Junction, bool]:
    """The one at that place, and whether it was there: several forwards of D may lead to it."""
    # Each monitor has its own; the stubs take the property for a method.
    junctions = cast("dict[object, Junction]", node.metadata)
    key = Junction, output, shield
    known = key in junctions
    if not known:
        junctions[key] = Junction(node, output, shield)
    return junctions[key], known


def _norm(x: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = torch.linalg.vector_norm(x, dtype=torch.float32)
    return found
