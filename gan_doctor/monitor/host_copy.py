"""A copy of a tensor in the host's memory, which a GPU makes while the training goes on."""

from __future__ import annotations

import torch


class HostCopy:
    """A tensor on its way to the host.

    Args:
        tensor: On any device; it may be written over or freed at once.
    """

    def __init__(self, tensor: torch.Tensor) -> None:
        tensor = tensor.detach()
        self._copied: torch.cuda.Event | None = None
        if tensor.is_cuda:
            # Only pinned memory lets the copy run beside the training.
            self._host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            self._host.copy_(tensor, non_blocking=True)
            self._copied = torch.cuda.Event()
            self._copied.record(torch.cuda.current_stream(tensor.device))
        else:
            self._host = tensor.clone() if tensor.device.type == "cpu" else tensor.cpu()

    def __len__(self) -> int:
        return len(self._host)

    @property
    def numel(self) -> int:
        """How many numbers it holds."""
        return self._host.numel()

    def arrived(self) -> bool:
        """Whether it can be had without waiting."""
        return self._copied is None or self._copied.query()

    def get(self) -> torch.Tensor:
        """The copy; waits for it if it has to."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._host
