"""The loops themselves are right: without a doctor each has a truth, and it is well-formed."""

from __future__ import annotations

import math

import pytest
from loops import (
    input_loops,
    optimizer_loops,
    order_loops,
    output_loops,
    penalty_loops,
    player_loops,
    wrapper_loops,
)
from loops.witness import Loop, Witness, play

N = 4
# The compiled loops are slow to start and are those of the other wrappers.
LOOPS = {
    loop.__name__: loop
    for file in (
        order_loops, penalty_loops, input_loops, output_loops, optimizer_loops, wrapper_loops,
        player_loops,
    )
    for loop in (*file.TOLD, *file.UNTOLD, *file.EITHER)
    if not loop.__name__.startswith("compiled")
}  # fmt: skip


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_every_row_of_the_truth_is_whole(loop: Loop):
    witness = Witness(n=N)
    play(loop, witness)
    assert len(witness.rows) == N
    assert all(math.isfinite(value) for row in witness.rows for value in row.values())
    aurocs = [v for values in witness.series("auroc").values() for v in values.values()]
    assert all(0 <= auroc <= 1 for auroc in aurocs)
    for name in ("logit/real", "logit/fake", "auroc", "gradient/g", "gradient/d", "steps/d"):
        assert witness.series(name), name
