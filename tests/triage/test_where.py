from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gan_doctor.core import ConfigError
from gan_doctor.triage import FIELDS, where

ROW = {
    "outlook": "stop", "state": "running", "severity": "critical", "finding": "mode-collapse",
    "onset": 200, "step": 400.0, "budget": None, "wasted": 0.5, "name": "lr 2/a_s1", "error": "",
    "group": "and",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "outlook==stop",
        "outlook == stop and wasted >= .5",
        "outlook == 'stop'",
        'name == "lr 2/a_s1"',
        "finding != non-finite",
        "finding == mode-collapse",
        "wasted < 0.51 and wasted > 4.9e-1",
        "state == stopped or severity == critical",
        "outlook == stop or outlook == fine and state == stopped",
        "not outlook == fine",
        "not not outlook == stop",
        "not (outlook == fine or state == stopped)",
        "((outlook == stop))",
        "error == ''",
        "group == 'and' and onset==200",
        "group == and",
        "step <= inf",
    ],
)
def test_chooses(text: str) -> None:
    assert where(text)(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "outlook!=stop",
        "outlook == stop and wasted > .5",
        "(outlook == stop or outlook == fine) and state == stopped",
        "not outlook == stop",
        "error != ''",
        # A row without a budget is neither below nor above nor beside any.
        "budget < 1",
        "budget > 1",
        "budget == 1",
        "budget != 1",
    ],
)
def test_leaves_out(text: str) -> None:
    assert not where(text)(ROW)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("outlok == stop", "Did you mean 'outlook'?"),
        ("outlook == stopp", "Did you mean 'stop'?"),
        ("state == dead", "Known: finished, running, stopped, unknown"),
        ("", "expected a field at its end"),
        ("outlook", "expected a comparison after outlook at its end"),
        ("outlook ==", "expected a value after outlook == at its end"),
        ("outlook = stop", "cannot read it from '= stop' on"),
        ("outlook == stop fine", "found 'fine' where it should end"),
        ("outlook == stop and", "expected a field at its end"),
        ("outlook == (stop)", "expected a value after outlook ==, found '('"),
        ("outlook ( stop", "expected a comparison after outlook, found '('"),
        ("outlook < stop", "outlook is a word: compare it by == or !="),
        ("wasted > much", "wasted is a number, and 'much' is none"),
        ("wasted > nan", "wasted is a number, and 'nan' is none"),
        ("(outlook == stop", "a ) is missing"),
        ("outlook == stop)", "found ')' where it should end"),
        ("'outlook' == stop", "expected a field, found 'outlook'"),
        ("name == 'a", 'cannot read it from "\'a" on'),
        ("(" * 51 + "outlook == stop" + ")" * 51, "more than 50 parentheses"),
        ("__import__('os').system('true')", "No field is called '__import__'"),
    ],
)
def test_says_what_it_cannot_read(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        where(text)
    assert said in str(error.value)
    assert "Such as: outlook == stop" in str(error.value)


def test_an_error_names_the_fields() -> None:
    for text in ("what == 1", "outlook"):
        with pytest.raises(ConfigError) as error:
            where(text)
        assert all(field in str(error.value) for field in FIELDS)


pieces = st.sampled_from(
    [*FIELDS, "==", "<", "(", ")", "and", "or", "not", "stop", "1", "'", '"', " ", "=", "a b"]
)


@given(st.lists(pieces | st.text(max_size=3), max_size=12).map("".join))
@example("not " * 5_000 + "outlook == stop")
def test_any_text_is_an_expression_or_a_clear_error(text: str) -> None:
    try:
        chosen = where(text)
    except ConfigError:
        return
    assert chosen(ROW) in (True, False)
