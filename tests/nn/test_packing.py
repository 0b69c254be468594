from __future__ import annotations

import pytest
import torch

from gan_doctor.nn import pack, unpack


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("shape", [(2,), (3, 4, 5)], ids=["points", "images"])
def test_unpacking_gives_the_samples_back(shape: tuple[int, ...], m: int) -> None:
    x = torch.randn(4 * m, *shape)
    packs = pack(x, m)
    assert packs.shape == (4, m * shape[0], *shape[1:])
    assert torch.equal(unpack(packs, m), x)


def test_a_pack_holds_whole_samples_one_after_the_other() -> None:
    x = torch.arange(8.0).reshape(4, 2)
    assert pack(x, 2).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_packing_copies_nothing() -> None:
    x = torch.randn(4, 3, 8, 8)
    assert pack(x, 2).data_ptr() == x.data_ptr()
