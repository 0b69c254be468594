"""What D was shown before its optimizer stepped: which batch was real, which was G's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from gan_doctor.monitor.shield import Around
from gan_doctor.monitor.structures import is_probability, logits_in, tensors_in
from gan_doctor.monitor.through_d import Junction

_REMEMBERED = 1024  # outputs of G; a replay buffer may show D an old one
_ANCESTORS = 256  # nodes of the graph that are searched for G


class Made:
    """The outputs of the generators, known again by their memory or by their place in the graph.

    Nothing is kept alive: not the memory, whose address is not given out again while we know it,
    nor the graph.
    """

    def __init__(self) -> None:
        self._memory: dict[int, tuple[StorageWeakRef, torch.Size]] = {}

    def add(self, output: Any, inputs: Sequence[torch.Tensor]) -> None:
        """Takes note of what a G gave.

        Args:
            output: A tensor, or a structure of some.
            inputs: What it was given: handed through, that is not of its making.
        """
        given = [_memory(x) for x in inputs]
        for tensor in tensors_in(output):
            memory = _memory(tensor)
            if memory not in given:
                self._memory[memory] = StorageWeakRef(tensor.untyped_storage()), tensor.shape
                if tensor.grad_fn is not None:
                    _marks(tensor.grad_fn)[self] = tensor.output_nr
        while len(self._memory) > _REMEMBERED:
            del self._memory[next(iter(self._memory))]

    def find(self, inputs: Sequence[torch.Tensor]) -> tuple[int | None, torch.Size | None]:
        """Which of D's inputs is of a G.

        Returns:
            Its place, and the shape of the output in whose memory it lies; no shape if it was
            computed from one, and its graph still tells; no place if none is known to be.
        """
        for place, x in enumerate(inputs):
            known = self._memory.get(_memory(x))
            if known is not None:
                return place, known[1]
        for place, x in enumerate(inputs):
            if x.grad_fn is not None and self._begot(x.grad_fn):
                return place, None
        return None, None

    def _begot(self, node: torch.autograd.graph.Node) -> bool:
        nodes: deque[torch.autograd.graph.Node | None] = deque([node])
        for _ in range(_ANCESTORS):
            if not nodes:
                break
            ancestor = nodes.popleft()
            if ancestor is not None:
                if self in _marks(ancestor):
                    return True
                nodes += [parent for parent, _ in ancestor.next_functions]
        return False

    def gave(self, node: torch.autograd.graph.Node, output: int) -> bool:
        """Whether an output of a node is what a G gave."""
        return _marks(node).get(self) == output

    def forget(self) -> None:
        """Lets go of everything."""
        self._memory.clear()


def _memory(x: torch.Tensor) -> int:
    return int(x.untyped_storage()._cdata)


def _marks(node: torch.autograd.graph.Node) -> dict[Any, Any]:
    # The stubs take the property for a method.
    return cast("dict[Any, Any]", node.metadata)


def on_loss_gradient(
    logits: torch.Tensor,
    take: Callable[[torch.Tensor], None],
    asked: Callable[[], None],
    shield: Around,
) -> None:
    """Hands the sum of the loss gradient over logits of D to `take`, once it comes.

    Args:
        logits: Within the graph that the loss is made of.
        take: Is called at most once.
        asked: Is called where somebody asks for a gradient, with ones for a loss, and makes a graph
            of the answer, as penalties do.
        shield: Wraps the listener.
    """

    def listen(gradient: torch.Tensor) -> None:
        if torch.is_grad_enabled():
            asked()
        else:
            handle.remove()
            take(gradient.detach().sum(dtype=torch.float32))

    if logits.requires_grad:
        handle = logits.register_hook(shield(listen))


@dataclass(frozen=True)
class _Place:
    """Where a tensor lies. The memory may be freed, but its address is not given out again."""

    memory: int
    offset: int
    shape: torch.Size
    version: int = field(compare=False)
    alive: StorageWeakRef = field(compare=False, repr=False)

    @classmethod
    def of(cls, x: torch.Tensor) -> _Place:
        alive = StorageWeakRef(x.untyped_storage())
        return cls(_memory(x), int(x.storage_offset()), x.shape, x._version, alive)


@dataclass(eq=False)
class Forward:
    """One call of D under autograd. Tensors are detached.

    Args:
        inputs: The floating-point tensors that D was given; empty where they are not held.
        batch: Where each of them lies.
        logits: D's raw output, a tensor for each scale; None where that would be a guess.
        versions: Of the logits: they rise when somebody writes over them.
        fake: Which of the inputs is of a G, None if none is known to be.
        made: Shape of the output of G that this input is, None if it was computed from one.
        attached: That input has a graph that leads to G.
        asks: An input that no G made asks for a gradient, or one that G made and that was cut off
            from its graph: penalties make them so.
        watched: `gradient` is listened for.
        gradient: Sum of the loss gradient over the logits, once it has come.
        asked: Somebody asked for a gradient and made a graph of the answer, as penalties do.
        sigmoid: A sigmoid gave the logits, as far as was watched.
        junction: Where its gradient meets that of other losses on its way to G, as far as was
            watched.
        of_d: It was of D's loss, and what it tells of its gradient is not of G's alone.
    """

    inputs: Sequence[torch.Tensor]
    batch: Sequence[_Place]
    logits: Sequence[torch.Tensor] | None
    versions: Sequence[int]
    fake: int | None
    made: torch.Size | None
    attached: bool
    asks: bool
    watched: bool = False
    gradient: torch.Tensor | None = None
    asked: bool = False
    sigmoid: bool = False
    junction: Junction | None = None
    of_d: bool = False

    @classmethod
    def of(
        cls, made: Made, args: Any, kwargs: Mapping[str, Any], output: Any, keep: bool = True
    ) -> Forward | None:
        """What a call of D tells; None if it was given no tensor.

        Args:
            made: What G has made.
            args: D's.
            kwargs: D's.
            output: D's.
            keep: Holds the batch as well.
        """
        inputs = tensors_in((args, kwargs)) if kwargs else tensors_in(args)
        if not inputs:
            return None
        fake, shape = made.find(inputs)
        logits = logits_in(output)
        return cls(
            inputs=[x.detach() for x in inputs] if keep else (),
            batch=[_Place.of(x) for x in inputs],
            logits=logits and [out.detach() for out in logits],
            versions=[out._version for out in logits or ()],
            fake=fake,
            made=shape,
            attached=fake is not None and inputs[fake].requires_grad and not inputs[fake].is_leaf,
            asks=any(x.requires_grad and (x.is_leaf or fake is None) for x in inputs),
        )

    def watch(self, output: Any, shield: Around) -> None:
        """Listens for the loss gradient at D's logits.

        Args:
            output: What D gave, within the graph that the loss is made of.
            shield: Wraps the listener.
        """
        found = logits_in(output) or ()
        self.watched = bool(found)
        for logits in found:
            self.sigmoid = is_probability(logits)
            on_loss_gradient(logits, self._take, self._asked, shield)

    def _take(self, gradient: torch.Tensor) -> None:
        self.gradient = gradient if self.gradient is None else self.gradient + gradient

    def _asked(self) -> None:
        self.asked = True

    def input(self, place: int) -> torch.Tensor | None:
        """One of the inputs; None if it is not held, or somebody has written over it."""
        if place >= len(self.inputs):
            return None
        x = self.inputs[place]
        return x if x._version == self.batch[place].version else None

    @property
    def intact(self) -> bool:
        """Whether nobody has written over the logits since."""
        return all(
            out._version == version
            for out, version in zip(self.logits or (), self.versions, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Shown:
    """What D was shown before one step of its optimizer.

    Args:
        reals: D on the real batch; several under gradient accumulation.
        fakes: D on fake batches, at least one.
    """

    reals: Sequence[Forward]
    fakes: Sequence[Forward]

    def batches(self) -> list[torch.Tensor] | None:
        """The real batches as G would make them; None if D was shown something computed from them.

        A pack of several samples, which D sees as one, comes apart.
        """
        fake = self.fakes[0]
        if fake.made is None or fake.fake is None:
            return None
        shape = fake.batch[fake.fake].shape
        reals = [real.input(fake.fake) for real in self.reals]
        return [unpacked(real, shape, fake.made) for real in reals if real is not None]


def unpacked(x: torch.Tensor, fake: torch.Size, made: torch.Size) -> torch.Tensor:
    """A batch of D's, with the samples of each pack apart again.

    Args:
        x: (B, ...) what D was shown.
        fake: Shape of a batch of fakes that it was shown likewise.
        made: Shape of the output of G in whose memory those fakes lie.
    """
    packed = fake.numel() == made.numel() and fake[0] < made[0] and x.shape[1:] == fake[1:]
    return x.reshape(-1, *made[1:]) if packed else x


def tell_apart(forwards: Sequence[Forward]) -> Shown | None:
    """Which forwards of a D step were on reals and which on fakes; None where it would be a guess.

    What is not known to be of a G is not therefore real: it may be a fake that was augmented, or
    come from a replay buffer. It is taken for the real batch if D saw fakes that we know, and
    nothing else but that; or, where gradients are accumulated, if reals and fakes took turns.
    """
    known = [f for f in forwards if f.fake is not None]
    fakes = _judged([f for f in known if f.made] or [f for f in known if f.gradient is not None])
    reals = _judged([f for f in forwards if f.fake is None])
    # Those in G's graph are of G's loss, unless D trains on them for want of others.
    fakes = [f for f in fakes if not f.attached] or fakes
    if not fakes or not reals or not (len(reals) == 1 or _take_turns(forwards, reals, fakes)):
        return None
    place = max(f.fake or 0 for f in fakes)
    judged = [*reals, *fakes]
    complete = all(f.logits is not None and f.intact and len(f.batch) > place for f in judged)
    # Of a captured graph every call gives the same memory: what D said of one batch is gone.
    said = {out.data_ptr() for f in judged for out in f.logits or ()}
    complete = complete and len(said) == sum(len(f.logits or ()) for f in judged)
    return Shown(reals, fakes) if complete else None


def _judged(forwards: Sequence[Forward]) -> list[Forward]:
    """Those of batches that D's loss judges, and not a penalty alone.

    A penalty asks its input for gradients. R1 may ask the real batch itself: the loss then sends a
    gradient to what D says of it, unlike to what D says of an interpolate.
    """
    return _distinct(
        [f for f in forwards if not f.asks] or [f for f in forwards if f.gradient is not None]
    )


def _distinct(forwards: Sequence[Forward]) -> list[Forward]:
    """One forward for each batch: D is called again to log, or by gradient checkpointing.

    It is the first that a loss gradient came to, or else the first.
    """
    by_batch: dict[tuple[_Place, ...], Forward] = {}
    for f in reversed(forwards):
        known = by_batch.setdefault(tuple(f.batch), f)
        if f.gradient is not None or known.gradient is None:
            by_batch[tuple(f.batch)] = f
    return list(reversed(by_batch.values()))


def _take_turns(
    forwards: Sequence[Forward], reals: Sequence[Forward], fakes: Sequence[Forward]
) -> bool:
    order = [f in reals for f in forwards if f in reals or f in fakes]
    return len(reals) == len(fakes) and all(a != b for a, b in pairwise(order))
