from __future__ import annotations

import numpy as np
import pytest
from clinic.conftest import graded_case as case

from gan_doctor.clinic.breakdown import FEWEST, by_code, confusion, early, reliability


def test_a_code_is_counted_elsewhere_only_where_nothing_related_is_true() -> None:
    cases = [
        case(onsets={"GD201": 1}, critical={100: ("GD201",)}),
        case(onsets={"GD401": 1}, critical={100: ("GD201",)}),  # noise follows from it
        case("succeeded", critical={100: ("GD201",)}),
        case("succeeded"),
    ]
    row = next(row for row in by_code(cases) if row.code == "GD201")
    assert (row.found.k, row.found.n) == (1, 1)
    assert (row.elsewhere.k, row.elsewhere.n) == (1, 2)


def test_the_delay_runs_from_the_onset_to_the_first_related_alarm() -> None:
    cases = [
        case(onsets={"GD201": 100}, critical={300: ("GD401",)}),
        case(onsets={"GD201": 500}, critical={400: ("GD201",)}),
        case(onsets={"GD201": 500}),
        case(onsets={"GD201": 500}, critical={600: ("GD105",)}),
    ]
    (row,) = by_code(cases)
    assert row.delays == pytest.approx((0.2, -0.1))


def test_a_code_of_few_cases_is_not_graded() -> None:
    one = case(onsets={"GD201": 100})
    assert not by_code([one] * (FEWEST - 1))[0].enough
    assert by_code([one] * FEWEST)[0].enough


def test_what_is_known_early_counts_failures_that_have_begun_and_the_steps_they_spare() -> None:
    cases = [
        case(onsets={"GD201": 50}, critical={100: ("GD201",)}),
        case(onsets={"GD201": 50}, critical={500: ("GD201",)}),
        case(onsets={"GD201": 700}, critical={700: ("GD201",)}),
        case("succeeded", critical={200: ("GD301",), 300: ()}),
        case("succeeded"),
    ]
    rows = {row.share: row for row in early(cases)}
    assert (rows[0.1].failing.k, rows[0.1].failing.n) == (1, 2)
    assert (rows[0.5].failing.k, rows[0.5].failing.n) == (2, 2)
    assert rows[0.1].succeeding.k == 0
    assert (rows[0.25].succeeding.k, rows[0.25].succeeding.n) == (1, 2)
    assert rows[0.1].saved == pytest.approx(0.9 / 3)
    assert rows[0.5].saved == pytest.approx(2 * 0.5 / 3)


def test_confusion_sorts_failures_by_their_first_fault_and_the_headline() -> None:
    cases = [
        case(onsets={"GD201": 50, "GD301": 300}, critical={100: ("GD201",)}),
        case(onsets={"GD301": 50}, critical={100: ("GD201",)}),
        case(onsets={"GD301": 50}),
        case(),
        case("succeeded", critical={100: ("GD201",)}),
    ]
    true, said, counts = confusion(cases)
    assert (true, said) == (["GD201", "GD301", "nothing"], ["GD201", "nothing"])
    np.testing.assert_array_equal(counts, [[1, 0], [1, 1], [0, 1]])


def test_reliability_sorts_headlines_by_how_sure_they_were() -> None:
    right = case(onsets={"GD201": 50}, critical={100: ("GD201",)}, confidence=1.0)
    wrong = case(onsets={"GD502": 50}, critical={100: ("GD201",)}, confidence=0.6)
    found = {low: rate for low, _, rate in reliability([right, wrong, case()])}
    assert (found[0.95].k, found[0.95].n) == (1, 1)
    assert (found[0.5].k, found[0.5].n) == (0, 1)
    assert found[0.0].n == found[0.8].n == 0
