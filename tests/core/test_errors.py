from __future__ import annotations

import pytest

from gan_doctor.core import (
    ConfigError,
    GanDoctorError,
    MissingExtraError,
    ReadError,
    RunExistsError,
    UnknownNameError,
)


def test_an_unknown_name_is_answered_with_the_known_ones_and_a_guess():
    error = UnknownNameError("trick", "r1-penaltty", ["ttur", "r1-penalty"])
    assert str(error) == (
        "No trick is called 'r1-penaltty'. Did you mean 'r1-penalty'? Known: r1-penalty, ttur."
    )


def test_an_unknown_name_far_from_all_gets_no_guess():
    assert str(UnknownNameError("loss", "xyz", ["hinge"])) == (
        "No loss is called 'xyz'. Known: hinge."
    )


def test_an_unknown_name_where_there_is_none_says_so():
    assert str(UnknownNameError("limit", "auroc", [])).endswith("Known: none.")


def test_a_read_error_names_the_file_and_the_line():
    error = ReadError("runs/a/scalars.jsonl", "it is torn", line=7)
    assert str(error) == "Cannot read runs/a/scalars.jsonl:7: it is torn"
    assert (error.path, error.line, error.reason) == ("runs/a/scalars.jsonl", 7, "it is torn")


def test_a_missing_extra_says_what_to_install():
    assert str(MissingExtraError("torchvision", "vision")) == (
        "torchvision is not installed. Install it with: pip install 'gan-doctor[vision]'"
    )


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ConfigError("x"), ValueError),
        (UnknownNameError("a", "b", []), ValueError),
        (RunExistsError("x"), FileExistsError),
        (MissingExtraError("a", "b"), ImportError),
        (ReadError("a", "b"), GanDoctorError),
    ],
)
def test_every_error_is_ours_and_what_python_would_have_raised(error, builtin):
    assert isinstance(error, GanDoctorError)
    assert isinstance(error, builtin)
