from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from gan_doctor.core import ConfigError, Objective, UnknownNameError
from gan_doctor.training import PRESETS, TrainConfig, read_setting
from gan_doctor.training.data import DATA


def test_what_is_saved_is_read_back_the_same(tmp_path: Path) -> None:
    config = TrainConfig.of(
        preset="mode-collapse",
        tricks=["hinge-loss", "packing"],
        settings={"packing.m": 3, "lr_g": 1e-5, "seed": 7, "data_file": 'a "quoted" name'},
    )
    config.save(tmp_path / "config.toml")
    assert TrainConfig.of(file=tmp_path / "config.toml") == config


@pytest.mark.parametrize("data", DATA)
def test_every_data_set_has_a_healthy_training(data: str) -> None:
    assert TrainConfig.of(settings={"data": data}).data == data


def test_settings_go_over_the_file_and_the_file_over_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("lr_g = 0.5\nlr_d = 0.5\n[tricks.r1-penalty]\ngamma = 1\n")
    config = TrainConfig.of("discriminator-overpowering", settings={"lr_d": 0.25}, file=file)
    assert (config.lr_g, config.lr_d) == (0.5, 0.25)
    assert config.tricks == {"r1-penalty": {"gamma": 1}}
    assert config.preset == "discriminator-overpowering"


def test_a_file_may_name_its_preset_and_data_set(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('preset = "mode-collapse"\ndata = "ring"\n')
    assert TrainConfig.of(file=file) == TrainConfig.of("mode-collapse", settings={"data": "ring"})
    with pytest.raises(ConfigError, match="mode-collapse, not healthy"):
        TrainConfig.of("healthy", file=file)


def test_a_trick_that_is_false_is_off() -> None:
    assert TrainConfig(tricks={"packing": False}) == TrainConfig()  # type: ignore[dict-item]


def test_tricks_reach_the_plan() -> None:
    plan = TrainConfig.of(
        tricks=["ttur", "packing", "r1-penalty"], settings={"ttur.lr_d": 1e-2}
    ).plan()
    assert (plan.lr_g, plan.lr_d, plan.group) == (1e-4, 1e-2, 2)
    assert plan.objective == Objective("non-saturating", "sum", None, 1.0, 0.0, ("r1",))


def test_a_setting_of_a_trick_that_is_off_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"packing\.m is set, but the trick packing is not"):
        TrainConfig.of(settings={"packing.m": 2})


UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"data": "cifar"}, "digits, grid, images, low-diversity, mnist"),
    ({"loss": "hing"}, "Did you mean 'hinge'"),
    ({"d_norm": "group"}, "batch, layer, none"),
    ({"learning_rate": 1e-3}, "No training setting is called 'learning_rate'"),
    ({"tricks": {"r1": {}}}, "No trick is called 'r1'"),
    ({"tricks": {"packing": {"n": 2}}}, "No setting of packing is called 'n'"),
    ({"packing2.m": 2}, "No trick is called 'packing2'"),
    ({"preset": "sick"}, "No preset is called 'sick'"),
]


@pytest.mark.parametrize(("settings", "told"), UNKNOWN)
def test_unknown_names_are_told_beside_the_known_ones(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UnknownNameError, match=told):
        TrainConfig.of(settings=settings)


@pytest.mark.parametrize("name", [f.name for f in fields(TrainConfig)])
def test_wrong_types_are_refused_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        replace(TrainConfig(), **{name: [object()]})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("steps", True),
        ("steps", 10.0),
        ("batch_size", 1),
        ("seed", -1),
        ("seed", 2**32),
        ("lr_g", 0),
        ("lr_d", -1e-3),
        ("lr_d", float("nan")),
        ("beta1", 1.0),
        ("beta2", float("inf")),
        ("latent", 0),
        ("size", 16),
    ],
)
def test_values_out_of_range_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{name}.*{value}"):
        TrainConfig.of(settings={name: value})


def test_tricks_that_exclude_each_other_are_refused_when_configured() -> None:
    with pytest.raises(ConfigError, match="learning-rate and ttur both set lr_g"):
        TrainConfig.of(tricks=["ttur", "learning-rate"])
    with pytest.raises(ConfigError, match="r1-penalty cannot be used here: D has BatchNorm"):
        TrainConfig.of(tricks=["r1-penalty"], settings={"d_norm": "batch"})


def test_what_excludes_each_other_trains_where_it_is_asked_for_in_so_many_words() -> None:
    settings = {"d_norm": "batch", "allow_conflicts": True}
    assert TrainConfig.of(tricks=["r1-penalty"], settings=settings).plan().d_norm == "batch"


def test_what_works_with_a_loss_is_allowed_with_a_word_of_caution() -> None:
    config = TrainConfig.of(tricks=["spectral-norm", "gradient-penalty"])
    assert any("spectral-norm" in caution for caution in config.cautions)
    assert not TrainConfig().cautions


@pytest.mark.parametrize(
    ("content", "told"),
    [("lr_g = ", "is not valid TOML"), ("tricks = 3", "tricks must be a table"), (None, "Cannot")],
)
def test_a_bad_file_is_refused_by_its_path(content: str | None, told: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=told):
        TrainConfig.of(file=file)


@pytest.mark.parametrize("device", ["tpu9", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_by_name(device: str) -> None:
    config = TrainConfig.of(tricks=["instance-noise"], settings={"device": device})
    with pytest.raises(ConfigError, match=device):
        config.plan()


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("lr_d=2e-4", ("lr_d", 2e-4)),
        ("packing.m = 2", ("packing.m", 2)),
        ("loss=hinge", ("loss", "hinge")),
        ('loss="hinge"', ("loss", "hinge")),
        ("data_file=a=b.npz", ("data_file", "a=b.npz")),
        ("steps=", ("steps", "")),
    ],
)
def test_settings_of_the_command_line_are_read_as_toml_or_as_words(
    text: str, setting: tuple[str, Any]
) -> None:
    assert read_setting(text) == setting


@pytest.mark.parametrize("text", ["lr_d", "=3", " =3", ""])
def test_what_is_no_setting_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"NAME=VALUE, such as lr_d=2e-4"):
        read_setting(text)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_go_by_their_name(name: str) -> None:
    assert TrainConfig.of(name).preset == name
