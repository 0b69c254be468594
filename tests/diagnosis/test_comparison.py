from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan_doctor.core import (
    ConfigError,
    Diagnosis,
    Key,
    Network,
    Objective,
    OptimizerFacts,
    Outlook,
    Run,
    Series,
    Setup,
    Source,
)
from gan_doctor.diagnosis.better import judged
from gan_doctor.diagnosis.comparison import compare, compared, short_names
from gan_doctor.diagnosis.parting import partings
from gan_doctor.diagnosis.setup_difference import alike, differing, facts_of, settings_beside

STEPS = np.arange(1.0, 2001)


def run(seed: int = 0, shift: float = 0.0, since: float = 1000, **changes) -> Run:
    """Losses of noise about 1; those of D move by `shift` at a step."""
    rng = np.random.default_rng(seed)
    loss_d = 1 + 0.1 * rng.normal(size=len(STEPS)) + shift * (since <= STEPS)
    loss_g = 1 + 0.1 * rng.normal(size=len(STEPS))
    given = {"name": f"run {seed}", "setup": Setup(Objective("hinge"), 2000), **changes}
    series = (Series(Key("loss/d"), STEPS, loss_d), Series(Key("loss/g"), STEPS, loss_g))
    return Run(series=series, **given)


def measured(level: float, seed: int, sd: float = 0.01) -> Run:
    steps = np.arange(100.0, 2001, 100)
    values = level + sd * np.random.default_rng(seed).normal(size=len(steps))
    return Run(name="r", series=(Series(Key("sample/coverage"), steps, values),))


def test_runs_part_where_a_series_first_leaves_its_noise() -> None:
    (parting,) = partings(run(0), run(1, shift=2.0))
    assert parting.series == "loss/d"
    assert 1000 <= parting.step <= 1040
    assert parting.one == pytest.approx(1, abs=0.1)
    assert parting.other == pytest.approx(3, abs=0.1)
    assert parting.noises > 5
    assert not parting.from_the_start


def test_two_seeds_of_plain_noise_do_not_part() -> None:
    assert not any(partings(run(seed), run(seed + 100)) for seed in range(20))


def test_what_differs_from_the_first_value_on_says_so() -> None:
    assert partings(run(0), run(1, shift=2.0, since=0))[0].from_the_start


def test_the_spread_of_one_configuration_counts_as_noise() -> None:
    alike = [run(2), run(3, shift=1.5)]
    assert partings(run(0), run(1, shift=2.0))
    assert partings(run(0), run(1, shift=2.0), [alike]) == ()


def test_on_different_clocks_nothing_parts() -> None:
    assert partings(run(0), run(1, shift=2.0, clock="epoch")) == ()


def test_losses_of_two_families_are_not_held_against_each_other() -> None:
    other = run(1, shift=2.0, setup=Setup(Objective("wasserstein"), 2000))
    assert partings(run(0), other) == ()
    unknown = run(1, shift=2.0, setup=Setup())
    assert partings(run(0), unknown)


def test_values_that_are_no_numbers_part_from_those_that_are_and_not_from_their_like() -> None:
    def broken(of: Run) -> Run:
        values = np.where(STEPS > 1000, np.nan, of.series[0].values)
        return replace(of, series=(Series(Key("loss/d"), STEPS, values),))

    (parting,) = partings(run(0), broken(run(1)))
    assert 1000 <= parting.step <= 1040
    assert parting.noises == np.inf
    assert partings(broken(run(0)), broken(run(1))) == ()


def test_the_steps_that_a_resumed_run_gave_up_do_not_count() -> None:
    one, other = run(0), run(1)
    values = np.concatenate([other.series[0].values[:1500] + 5, other.series[0].values[:]])
    steps = np.concatenate([STEPS[:1500], STEPS])
    from gan_doctor.core import Segment

    resumed = replace(
        other,
        series=(Series(Key("loss/d"), steps, values),),
        segments=(Segment(), Segment(0, {"loss/d": 1500})),
    )
    assert partings(one, resumed) == ()


def test_one_run_of_each_is_better_only_if_its_interval_lies_apart() -> None:
    (row,) = judged([measured(0.4, 0), measured(0.8, 1)], [[0], [1]])
    assert row.winner == 1
    assert row.gap == pytest.approx(0.4, abs=0.02)
    assert np.isnan(row.noise)
    (row,) = judged([measured(0.5, 0, 0.2), measured(0.52, 1, 0.2)], [[0], [1]])
    assert row.winner is None


def test_between_seeds_the_noise_is_theirs() -> None:
    runs = [measured(level, i) for i, level in enumerate((0.4, 0.8, 0.5, 0.7))]
    (row,) = judged(runs, [[0, 1], [2, 3]])
    assert row.winner is None
    assert row.noise == pytest.approx(0.22, abs=0.03)
    (row,) = judged(
        [measured(x, i) for i, x in enumerate((0.4, 0.42, 0.8, 0.78))], [[0, 1], [2, 3]]
    )
    assert row.winner == 1


def test_of_a_measure_that_is_better_low_the_lowest_wins() -> None:
    def fid(level: float) -> Run:
        steps = np.arange(1.0, 21)
        return Run(name="r", series=(Series(Key("metric/fid"), steps, level + steps % 2),))

    (row,) = judged([fid(50), fid(20)], [[0], [1]])
    assert (row.winner, row.better) == (1, "lower")
    assert row.reached[1].best == 20


def test_a_measure_of_one_run_only_is_not_judged() -> None:
    assert judged([measured(0.4, 0), run(0)], [[0], [1]]) == ()


def test_only_known_facts_that_differ_are_told_and_each_once(tmp_path: Path) -> None:
    def facts(name: str, lr: float, seed: int):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.toml").write_text(f"lr_d = {lr}\nseed = {seed}\nsteps = 5\n")
        optimizers = (OptimizerFacts("d", kind="Adam", lr=lr),)
        networks = (Network("d", parameters=10, layers={"Linear": 2} if lr > 0.1 else {}),)
        setup = Setup(networks=networks, optimizers=optimizers, real_range=(0, lr))
        return facts_of(run(setup=setup), Source.of(folder))

    one, other = facts("a", 0.2, 1), facts("b", 0.1, 1)
    assert differing([one, other]) == {"lr_d": (0.2, 0.1), "D.layers.Linear": (2, "none")}
    assert differing([one, facts("c", 0.2, 2)]) == {"seed": (1, 2)}
    assert differing([one, facts_of(run(setup=Setup()))]) == {}


def test_runs_of_one_configuration_may_differ_in_their_seed_and_version_only(
    tmp_path: Path,
) -> None:
    def facts(lr: float, version: str):
        optimizers = (OptimizerFacts("g", kind="Adam", lr=lr),)
        return facts_of(run(setup=Setup(optimizers=optimizers, versions={"torch": version})))

    assert alike([facts(0.1, "2.3"), facts(0.1, "2.4")])
    assert not alike([facts(0.1, "2.3"), facts(0.2, "2.3")])
    nobody_knows = facts_of(run(setup=Setup()))
    assert not alike([nobody_knows, nobody_knows])


@pytest.mark.parametrize("text", [b"lr = [", b"\xff\xfe"])
def test_settings_that_cannot_be_read_are_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(text)
    assert settings_beside(Source.of(tmp_path)) == {}


def test_names_are_as_short_as_tells_them_apart() -> None:
    assert short_names(["a/x/log", "a/y/log"]) == ("x", "y")
    assert short_names(["a/x", "b/x"]) == ("a", "b")
    assert short_names(["a", "a"]) == ("a (1)", "a (2)")
    assert short_names(["/p/s3", "s3://p/q"]) == ("s3", "q")


def test_groups_are_those_of_one_configuration() -> None:
    def facts(lr: float):
        return facts_of(run(setup=Setup(optimizers=(OptimizerFacts("g", lr=lr),))))

    diagnoses = [Diagnosis(run(i), (), Outlook("continue", "")) for i in range(3)]
    found = compared("abc", diagnoses, [facts(0.1), facts(0.2), facts(0.1)])
    assert found.groups == ((0, 2), (1,))
    assert len(found.partings) == 2


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(ConfigError, match="two runs or more, got 1"):
        compare(["a"])
