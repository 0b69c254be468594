from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch

import gan_doctor
from gan_doctor.core import ConfigError, RunExistsError
from gan_doctor.losses import LOSS_FAMILIES
from gan_doctor.training import TrainConfig, Trained, train

Small = Callable[..., TrainConfig]
Weights = Callable[[Trained], list[torch.Tensor]]


def equal(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return len(a) == len(b) and all(map(torch.equal, a, b))


@pytest.mark.parametrize("data", ["ring", "digits"])
def test_a_seed_gives_bit_equal_weights(data: str, small: Small, weights: Weights) -> None:
    torch.manual_seed(1)
    once = weights(train(small(data, seed=3)))
    torch.manual_seed(2)
    assert equal(once, weights(train(small(data, seed=3))))
    assert not equal(once, weights(train(small(data, seed=4))))


def test_the_random_numbers_of_the_caller_are_left_alone(small: Small) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    train(small(tricks={"instance-noise": {}, "gradient-penalty": {}, "spectral-norm": {}}))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("loss", LOSS_FAMILIES)
def test_every_loss_trains_both_players(loss: str, small: Small, weights: Weights) -> None:
    before, after = (train(small(loss=loss, steps=steps)) for steps in (1, 4))
    for player in ("generator", "discriminator"):
        then, now = (list(getattr(done, player).parameters()) for done in (before, after))
        assert not equal(then, now)
        assert all(w.isfinite().all() for w in now)


def test_progress_comes_about_a_hundred_times_and_at_the_end(small: Small) -> None:
    told: list[tuple[int, Mapping[str, float]]] = []
    train(small(steps=250), progress=lambda step, losses: told.append((step, losses)))
    assert 100 <= len(told) <= 130
    assert told[-1][0] == 250
    assert told[-1][1].keys() == {"loss_d", "loss_g", "auroc"}


def test_nothing_is_written_without_a_directory(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert train(small()).directory is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("monitor", [True, False])
def test_the_configuration_lies_with_the_run(monitor: bool, small: Small, tmp_path: Path) -> None:
    config = small(tricks={"hinge-loss": {}})
    done = train(config, tmp_path / "run", monitor=monitor)
    assert done.directory == tmp_path / "run"
    assert TrainConfig.of(file=tmp_path / "run" / "config.toml") == config
    assert (tmp_path / "run" / "run.json").exists() is monitor


def test_a_run_is_not_written_over_unless_asked(small: Small, tmp_path: Path) -> None:
    first, second = small(seed=1), small(seed=2)
    train(first, tmp_path, monitor=False)
    with pytest.raises(RunExistsError, match="already holds a training"):
        train(second, tmp_path, monitor=False)
    assert TrainConfig.of(file=tmp_path / "config.toml") == first
    train(second, tmp_path, monitor=False, exists="overwrite")
    assert TrainConfig.of(file=tmp_path / "config.toml") == second


TRICKS = {
    "plain": {},
    "seen otherwise": {"instance-noise": {}, "packing": {}},
    "penalised": {"gradient-penalty": {}, "spectral-norm": {}},
}


@pytest.mark.parametrize("tricks", TRICKS.values(), ids=TRICKS)
@pytest.mark.parametrize("data", ["ring", "digits"])
def test_the_monitor_changes_no_bit(
    data: str, tricks: object, small: Small, weights: Weights, tmp_path: Path
) -> None:
    config = small(data, steps=40, tricks=tricks)
    with_monitor = train(config, tmp_path, sample_every=10)
    assert equal(weights(with_monitor), weights(train(config)))


@pytest.mark.parametrize("network", ["mlp", "maxout", "dcgan", "resnet"])
@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
def test_every_network_trains_on_images(network: str, norm: str, small: Small) -> None:
    done = train(small("digits", network=network, g_norm=norm, d_norm=norm))
    assert done.drawing.fakes(3).shape == (3, 1, 8, 8)
    assert all(w.isfinite().all() for w in done.discriminator.parameters())


@pytest.mark.parametrize("network", ["mlp", "maxout"])
def test_points_have_networks_without_maps(network: str, small: Small) -> None:
    assert train(small(network=network)).drawing.fakes(3).shape == (3, 2)
    with pytest.raises(ConfigError, match="network dcgan makes images"):
        small(network="dcgan")


def test_d_can_be_wider_and_deeper_than_g(small: Small) -> None:
    def parameters(**settings: int) -> tuple[int, int]:
        done = train(small(**settings))
        nets = (done.generator, done.discriminator)
        g, d = (sum(p.numel() for p in net.parameters()) for net in nets)
        return g, d

    g, d = parameters()
    assert parameters(d_width=16)[0] == parameters(d_depth=3)[0] == g
    assert parameters(d_width=16)[1] > d
    assert parameters(d_depth=3)[1] > d


def test_mixed_precision_trains_in_bfloat16_and_says_where_float16_does_not(small: Small) -> None:
    full, mixed = (train(small("digits", amp=amp)) for amp in ("", "bfloat16"))
    weights = [next(iter(done.generator.parameters())) for done in (full, mixed)]
    assert weights[1].dtype == torch.float32
    assert not torch.equal(*weights)
    torch.testing.assert_close(*weights, atol=0.02, rtol=0.1)
    with pytest.raises(ConfigError, match="float16 needs a GPU"):
        train(small("digits", amp="float16"))


def test_auto_finds_a_device(small: Small) -> None:
    assert train(small(device="auto")).generator is not None


def test_a_look_sees_samples_and_changes_no_bit(small: Small, weights: Weights) -> None:
    config = small("digits", steps=6, tricks={"dropout": {}})
    seen: dict[int, torch.Tensor] = {}
    looked = train(config, look=lambda s, d: seen.update({s: d.fakes(5)}), look_every=2)
    assert list(seen) == [2, 4, 6]
    assert not torch.equal(seen[2], seen[6])
    assert equal(weights(looked), weights(train(config)))


def test_samples_are_drawn_from_the_average_where_there_is_one(small: Small) -> None:
    done = train(small("digits", steps=8, tricks={"ema": {"decay": 0.99}}))
    assert done.average is not None
    assert not torch.equal(done.drawing.fakes(4), done.drawing.fakes(4, average=False))
    assert torch.equal(done.drawing.fakes(4), done.drawing.fakes(4))


def test_a_monitored_training_can_be_looked_at(small: Small, tmp_path: Path) -> None:
    config = small("digits", steps=60)
    train(
        config,
        tmp_path / "a",
        look=lambda _, drawing: drawing.reals(9).add_(drawing.fakes(9)),
        look_every=7,
    )
    train(config, tmp_path / "b")
    one, other = (gan_doctor.read(tmp_path / name).get("auroc") for name in "ab")
    assert one is not None
    assert other is not None
    assert one.values.tolist() == other.values.tolist()


def test_the_log_tells_what_was_trained(small: Small, tmp_path: Path) -> None:
    tricks = {"packing": {}, "instance-noise": {}, "r1-penalty": {}, "spectral-norm": {}}
    config = small("digits", steps=60, d_steps=2, tricks=tricks)
    train(config, tmp_path, sample_every=20)
    run = gan_doctor.read(tmp_path)
    setup = run.setup
    assert setup.total_steps == 60
    assert setup.objective == config.plan().objective
    assert set(setup.tricks or ()) == set(tricks)
    assert setup.d_steps == pytest.approx(2)
    assert setup.sample_shape == (1, 8, 8)
    for name in ("loss/d", "loss/g", "penalty/d", "auroc", "gradient/d", "gradient/g", "lr/d"):
        series = run.get(name)
        assert series is not None, name
        assert len(series) == 60, name
    assert all(gan_doctor.tricks.trick(slug).in_use(setup) for slug in tricks)
    assert not [event for event in run.events if event.kind == "note"]
