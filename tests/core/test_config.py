from __future__ import annotations

import pytest

from gan_doctor.core import Config, ConfigError, UnknownNameError, load_config

KNOWN = {"mode-collapse": "GD301", "mode-dropping": "GD302", "noise-output": "GD401"}


def test_a_file_of_ours_is_read(tmp_path):
    (tmp_path / "gan-doctor.toml").write_text(
        """
        select = ["GD3", "noise-output"]
        ignore = ["GD302"]
        fail-on = "critical"
        [limits.mode-collapse]
        recall = 0.1
        """
    )
    assert load_config(tmp_path) == Config(
        ("GD3", "noise-output"), ("GD302",), {"mode-collapse": {"recall": 0.1}}, "critical"
    )


def test_a_project_file_is_read(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.gan-doctor]\nselect = ["GD1"]\n')
    assert load_config(tmp_path) == Config(select=("GD1",))


def test_ours_goes_before_the_project_file(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.gan-doctor]\nselect = ["GD1"]\n')
    (tmp_path / "gan-doctor.toml").write_text('select = ["GD2"]\n')
    assert load_config(tmp_path).select == ("GD2",)


def test_the_nearest_file_above_counts(tmp_path):
    (tmp_path / "gan-doctor.toml").write_text('select = ["GD1"]\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert load_config(below).select == ("GD1",)


def test_an_empty_table_is_the_defaults(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.gan-doctor]\n")
    assert load_config(tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select = [", "cannot be read as TOML"),
        (
            'selct = ["GD1"]',
            "No setting is called 'selct'. Did you mean 'select'? Known: fail-on, ignore,",
        ),
        ('fail_on = "info"', "Did you mean 'fail-on'?"),
        ('select = "GD301"', "select must be a list of codes or slugs, such as ['GD301'], got"),
        ("ignore = [301]", "ignore must be a list of codes or slugs, such as ['GD301'], got [301]"),
        ('select = [""]', "select must be a list of codes or slugs"),
        ('fail-on = "fatal"', "No severity for fail-on is called 'fatal'. Known: critical, info"),
        ("fail-on = 3", "No severity for fail-on is called '3'"),
        ("limits = 3", "limits must be a table by detector, got 3"),
        ("[limits]\nmode-collapse = 3", "limits.mode-collapse must be a table of numbers, got 3"),
        ("[limits.a]\nb = 'low'", "limits.a.b must be a number, got 'low'"),
        ("[limits.a]\nb = true", "limits.a.b must be a number, got True"),
    ],
)
def test_a_bad_value_is_refused_with_file_setting_and_remedy(tmp_path, text, reason):
    path = tmp_path / "gan-doctor.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)


def test_a_table_of_ours_that_is_none_is_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool]\ngan-doctor = 3\n")
    with pytest.raises(ConfigError, match=r"tool\.gan-doctor must be a table, got 3"):
        load_config(tmp_path)


def test_all_detectors_run_unless_some_are_selected():
    assert Config().selects("GD301", "mode-collapse")
    assert Config(select=["GD3"]).selects("GD301", "mode-collapse")
    assert Config(select=["gd301"]).selects("GD301", "mode-collapse")
    assert Config(select=["mode-collapse"]).selects("GD301", "mode-collapse")
    assert not Config(select=["GD302", "mode"]).selects("GD301", "mode-collapse")


def test_ignore_wins_over_select():
    config = Config(select=["GD3"], ignore=["mode-dropping"])
    assert config.selects("GD301", "mode-collapse")
    assert not config.selects("GD302", "mode-dropping")


def test_the_command_line_overrules_what_it_names_only():
    config = Config(["GD3"], ["GD302"], {"a": {"b": 1}}, "critical")
    assert config.overruled() == config
    assert config.overruled(select=["GD4"], fail_on="never") == Config(
        ["GD4"], ["GD302"], {"a": {"b": 1}}, "never"
    )


def test_names_of_detectors_are_checked():
    Config(["GD3", "noise-output"], ["gd4"], {"mode-collapse": {"recall": 1}}).check(KNOWN)
    for config in (Config(["GD9"]), Config(ignore=["mode-colapse"]), Config(limits={"GD301": {}})):
        with pytest.raises(UnknownNameError, match="No detector is called"):
            config.check(KNOWN)


def test_a_text_is_not_a_list_of_names():
    with pytest.raises(ConfigError, match="must be a list"):
        Config(select="GD301")
