from __future__ import annotations

import pytest

from gan_doctor.core import Run
from gan_doctor.report.wording import at, between, harmless, lasting, listed, number, setting


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-3.0, "-3"),
        (1234567.0, "1,234,567"),
        (1234.5, "1,234"),
        (0.123456, "0.1235"),
        (2e-4, "0.0002"),
        (1.5e-7, "1.5e-7"),
        (3e12, "3e12"),
        (float("-inf"), "-infinity"),
    ],
)
def test_numbers_are_short(value: float, written: str) -> None:
    assert number(value) == written


def test_settings_are_written_as_one_would_type_them() -> None:
    assert setting((0.5, 0.999)) == "(0.5, 0.999)"
    assert setting(True) == "True"
    assert setting(None) == "None"
    assert setting("hinge") == "hinge"


def test_time_is_told_on_the_clock_of_the_run() -> None:
    steps, images = Run("a"), Run("a", clock="kimg")
    assert at(steps, 1200) == "step 1,200"
    assert between(steps, 5, 5) == "step 5"
    assert between(images, 5, 10) == "kimg 5 to 10"
    assert lasting(steps, 1) == "1 step"


def test_lists_read_as_sentences() -> None:
    assert [listed(x) for x in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]


def test_letters_of_all_scripts_stay() -> None:
    assert harmless("模式崩溃 é 👍") == "模式崩溃 é 👍"
