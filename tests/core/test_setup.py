from __future__ import annotations

import pytest

from gan_doctor.core import Network, Setup, from_json

RATIOS = {
    "one of each": ([("g", "", 400), ("d", "", 100)], 0.25),
    "several players": ([("g", "A", 100), ("g", "B", 100), ("d", "A", 300), ("d", "B", 100)], 2.0),
    "no D": ([("g", "", 400)], None),
    "D not counted": ([("g", "", 400), ("d", "", 0)], None),
    "nothing": ([], None),
}


@pytest.mark.parametrize(("counts", "ratio"), RATIOS.values(), ids=RATIOS)
def test_the_ratio_is_of_all_d_to_all_g_and_none_where_one_is_not_known(counts, ratio):
    networks = tuple(Network(role, player, parameters=n) for role, player, n in counts)
    assert Setup(networks=networks).parameter_ratio == ratio


def test_facts_that_an_older_log_does_not_have_are_not_known():
    setup = from_json(Setup, {"networks": [{"role": "g", "parameters": 3}]})
    g = setup.network("g")
    assert (g.upsampling, g.slopes, g.dtype, g.frozen) == (None, None, None, None)
    assert (setup.latent, setup.real_range, setup.amp, setup.ema) == (None, None, None, None)
    assert not setup.objective_inferred
