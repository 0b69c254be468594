from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gan_doctor
from gan_doctor.core import Key, ReadError, Run, Source
from gan_doctor.readers import _tail, _timed_rows, reader_for
from gan_doctor.readers import stylegan_run as module
from gan_doctor.readers.stylegan_run import StyleGANRunReader

TAGS = ("Loss/G/loss", "Loss/D/loss", "Loss/r1_penalty", "Loss/D/reg")


def tick(kimg: float, when: float | None = None, **means: Any) -> str:
    """A line of stats.jsonl; tags with `_` for the slashes."""
    named = dict.fromkeys(TAGS, 1.0) | {f"Loss/{k.replace('_', '/')}": v for k, v in means.items()}
    named |= {"Progress/kimg": kimg, "Progress/augment": 0.1, "Timing/sec_per_tick": 9.0}
    entries: dict[str, Any] = {tag: {"num": 8, "mean": v, "std": 0.0} for tag, v in named.items()}
    return json.dumps(entries | {"timestamp": 1000.0 + (kimg if when is None else when)}) + "\n"


def metric(kimg: int, value: float, name: str = "fid50k_full", when: float | None = None) -> str:
    told = {
        "results": {name: value},
        "metric": name,
        "snapshot_pkl": f"network-snapshot-{kimg:06d}.pkl",
        "timestamp": 1000.0 + (kimg if when is None else when),
    }
    return json.dumps(told) + "\n"


def written(folder: Path, **files: str) -> Source:
    """A run directory; names with `_` for dots, `__` for hyphens."""
    names = {"stats": "stats.jsonl", "fid": "metric-fid50k_full.jsonl", "log": "log.txt"}
    names |= {"options": "training_options.json", "fid_txt": "metric-fid50k.txt"}
    for name, text in files.items():
        (folder / names[name]).write_text(text)
    return Source.of(folder)


def read(source: Source, **told: str) -> Run:
    return StyleGANRunReader(told).read(source)[0]


def values(run: Run, name: str) -> list[float]:
    series = run.get(name)
    assert series is not None
    return series.values.tolist()


def test_the_clock_is_thousands_of_images_and_the_budget_is_in_it(tmp_path: Path) -> None:
    options = json.dumps({"total_kimg": 25000, "batch_size": 32})
    source = written(tmp_path, stats=tick(0.008) + tick(4.0), options=options)
    run = read(source)
    assert isinstance(reader_for(source), StyleGANRunReader)
    assert (run.clock, run.budget, run.setup.batch_size) == ("kimg", 25000, 32)
    assert run.get("loss/d").steps.tolist() == [0.008, 4.0]  # type: ignore[union-attr]
    assert Key("augment/p") in {series.key for series in run.series}
    assert not any("Timing" in note for note in run.notes)


def test_nan_stays_and_what_was_not_collected_is_no_value(tmp_path: Path) -> None:
    """Python writes a bare NaN, which is no JSON; a count of 0 leaves a NaN that says nothing."""
    lazy = tick(2).replace(
        '"Loss/D/reg": {"num": 8, "mean": 1.0', '"Loss/D/reg": {"num": 0, "mean": NaN'
    )
    run = read(written(tmp_path, stats=tick(1) + lazy + tick(3, D_loss=float("nan"))))
    assert np.isnan(values(run, "loss/d")).tolist() == [False, False, True]
    assert run.get("penalty/d").steps.tolist() == [1, 3]  # type: ignore[union-attr]
    verdicts = {v.detector: v.status for v in gan_doctor.diagnose(run).verdicts}
    assert verdicts["non-finite"] == "fired"


def test_the_penalty_that_counts_is_the_one_that_was_added(tmp_path: Path) -> None:
    run = read(written(tmp_path, stats=tick(1, D_reg=0.5, r1_penalty=10.0)))
    assert values(run, "penalty/d") == [0.5]


def test_metrics_stand_where_their_snapshots_do_and_keep_their_values(tmp_path: Path) -> None:
    fid = metric(0, 1e57) + metric(2, -3e68) + metric(4, 12.5)
    run = read(written(tmp_path, stats=tick(1) + tick(5), fid=fid))
    assert run.get("metric/fid").steps.tolist() == [0, 2, 4]  # type: ignore[union-attr]
    assert values(run, "metric/fid") == [1e57, -3e68, 12.5]


@pytest.mark.parametrize(
    ("name", "key"),
    [("fid5k", "metric/fid"), ("kid50k_full", "metric/kid"), ("is50k_mean", "metric/is")],
)
def test_metrics_are_known_whatever_their_number_of_images(
    name: str, key: str, tmp_path: Path
) -> None:
    assert values(read(written(tmp_path, fid=metric(0, 7.0, name))), key) == [7.0]
    assert read(written(tmp_path, fid=metric(0, 7.0, "ppl2_wend"))).series == ()


def test_a_resumed_run_has_two_segments_in_the_order_of_the_clock_on_the_wall(
    tmp_path: Path,
) -> None:
    stats = tick(1) + tick(5) + tick(9) + tick(5, when=20, D_loss=3.0) + tick(9, when=24)
    fid = metric(4, 30.0) + metric(8, 20.0) + metric(4, 99.0, when=21)
    run = read(written(tmp_path, stats=stats, fid=fid))
    before, after = run.parts
    assert after.segments[0].first_step == 4
    assert values(before, "metric/fid") == [30, 20]
    assert (values(after, "metric/fid"), values(after, "loss/d")) == ([99], [3, 1])


OPTIONS = {
    "loss_kwargs": {"class_name": "training.loss.StyleGAN2Loss", "r1_gamma": 0.1},
    "D_opt_kwargs": {"class_name": "torch.optim.Adam", "lr": 0.002, "betas": [0, 0.99]},
    "augment_kwargs": {"xflip": 1},
    "ema_kimg": 10,
    "training_set_kwargs": {"use_labels": False},
    "resume_pkl": "C:\\runs\\00015\\network-snapshot-000200.pkl",
}


def test_the_options_tell_the_set_up(tmp_path: Path) -> None:
    run = read(written(tmp_path, stats=tick(1), options=json.dumps(OPTIONS)))
    objective = run.setup.objective
    assert (objective.family, objective.reduction) == ("non-saturating", "sum")
    assert objective.penalties == ("r1",)
    assert not run.setup.objective_inferred
    adam = run.setup.optimizer("d")
    assert adam is not None
    assert (adam.kind, adam.lr, adam.betas) == ("Adam", 0.002, (0, 0.99))
    assert {"ada", "ema", "path-length", "r1-penalty"} <= set(run.setup.tricks or ())
    assert run.setup.labelled is False
    assert "it went on from network-snapshot-000200.pkl" in run.notes[0]


def test_every_trick_that_it_names_is_one_of_ours(tmp_path: Path) -> None:
    from gan_doctor.tricks import known

    labelled = OPTIONS | {"training_set_kwargs": {"use_labels": True}}
    run = read(written(tmp_path, stats=tick(1), options=json.dumps(labelled)))
    assert run.setup.tricks
    assert set(run.setup.tricks) <= set(known())


@pytest.mark.parametrize(
    ("loss", "family", "penalties"),
    [
        ({"class_name": "training.loss.StyleGAN2Loss", "r1_gamma": 0}, "non-saturating", ()),
        ({"class_name": "training.loss.ProjectedGANLoss"}, "hinge", ()),
        ({"class_name": "training.loss.R3GANLoss"}, "relativistic-paired", ("r1", "r2")),
        ({"class_name": "my.loss.Mine"}, None, None),
    ],
)
def test_other_losses_of_the_family_are_told_apart(
    loss: Any, family: str | None, penalties: Any, tmp_path: Path
) -> None:
    stats = tick(1).replace("Loss/D/reg", "Loss/other")
    run = read(written(tmp_path, stats=stats, options=json.dumps({"loss_kwargs": loss})))
    assert (run.setup.objective.family, run.setup.objective.penalties) == (family, penalties)


def test_without_options_its_r1_penalty_tells_the_objective(tmp_path: Path) -> None:
    known = read(written(tmp_path, stats=tick(1))).setup
    assert (known.objective.penalties, known.objective_inferred) == (("r1",), True)
    other = tick(1).replace("Loss/G/loss", "Loss/r2_penalty")
    assert read(written(tmp_path, stats=other)).setup.objective.family is None


@pytest.mark.parametrize(
    "text", ["{", "[1, 2]", "[" * 10_000, '{"D_opt_kwargs": [1], "batch_size": true}']
)
def test_broken_options_cost_the_facts_and_not_the_run(text: str, tmp_path: Path) -> None:
    run = read(written(tmp_path, stats=tick(1), options=text))
    assert values(run, "loss/d") == [1]
    assert run.setup.batch_size is None


LOG = """Loading training set...
Image shape: [3, 128, 128]
tick 0     kimg 0.0      time 2m 22s      sec/tick 19.3    sec/kimg 602.01  augment 0.000
{"results": {"fid50k_full": 28.5}, "snapshot_pkl": "network-snapshot-000000.pkl"}
tick 1     kimg 4.0      time 5m 01s      sec/tick 158.7   sec/kimg 39.67   augment 0.008
"""


def test_the_printed_log_tells_the_augmentation_where_there_is_nothing_better(
    tmp_path: Path,
) -> None:
    source = written(tmp_path, log=LOG)
    assert 0.8 <= StyleGANRunReader().score(source) <= 0.9
    run = read(source)
    assert (values(run, "augment/p"), values(run, "metric/fid")) == ([0, 0.008], [28.5])
    assert run.setup.sample_shape == (3, 128, 128)
    better = read(written(tmp_path, stats=tick(1), fid=metric(0, 28.5)))
    assert values(better, "augment/p") == [0.1]
    assert values(better, "metric/fid") == [28.5]


def test_metrics_of_the_first_stylegan2_are_read_from_its_text(tmp_path: Path) -> None:
    line = "network-snapshot-000361        time 6m 02s      fid50k     35.8223\n"
    tick0 = "tick 0     kimg 0.1      lod 0.00  minibatch 32   time 55s   maintenance 0.0\n"
    run = read(written(tmp_path, log=tick0 + line, fid_txt=line + line.replace("361", "722")))
    assert run.get("metric/fid").steps.tolist() == [361, 722]  # type: ignore[union-attr]
    (tmp_path / "metric-fid50k.txt").unlink()
    assert values(read(Source.of(tmp_path)), "metric/fid") == [35.8223]


def test_a_log_without_losses_says_where_they_are(tmp_path: Path) -> None:
    written(tmp_path, log="tick 0     kimg 0.1      lod 0.00  maintenance 0.0\n")
    with pytest.raises(ReadError, match=r"no values.*stats.jsonl"):
        gan_doctor.read(tmp_path, format="stylegan-run")


@pytest.mark.parametrize("text", [tick(1) + tick(2), LOG, metric(1, 5.0)])
def test_a_file_or_a_stream_of_one_will_do(text: str, tmp_path: Path) -> None:
    (tmp_path / "some.file").write_text(text)
    for place in (tmp_path / "some.file", io.BytesIO(text.encode())):
        source = Source.of(place)
        assert isinstance(reader_for(source), StyleGANRunReader)
        assert read(source).series


def test_other_json_lines_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "stats.jsonl").write_text('{"step": 1, "loss": 2.0}\n')
    (tmp_path / "log.txt").write_text("epoch 1 loss 2\n")
    assert StyleGANRunReader().score(Source.of(tmp_path)) == 0
    with pytest.raises(ReadError, match=r"holds none of stats\.jsonl"):
        read(Source.of(tmp_path.parent))


def test_torn_and_broken_lines_are_counted(tmp_path: Path) -> None:
    run = read(written(tmp_path, stats=tick(1) + "{nonsense\n[1]\n\n" + tick(2)[:-1]))
    assert values(run, "loss/d") == [1]
    assert "stats.jsonl: 2 broken lines left out" in run.notes
    assert "stats.jsonl: the last line is torn and left out" in run.notes


def test_a_file_beyond_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_tail, "MOST_BYTES", 10)
    with pytest.raises(ReadError, match=r"stats.jsonl: it has more than"):
        read(written(tmp_path, stats=tick(1)))


def test_quantities_without_end_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_timed_rows, "MOST_TAGS", 3)
    run = read(written(tmp_path, stats=tick(1)))
    assert any("the others are left out" in note for note in run.notes)


def test_reading_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = StyleGANRunReader()
    source = written(tmp_path, stats=tick(1) + tick(2)[:50])
    _, cursor = reader.read(source)
    taken: list[bytes] = []
    of_record = module._record
    monkeypatch.setattr(module, "_record", lambda line: taken.append(line) or of_record(line))
    written(tmp_path, stats=tick(1) + tick(2) + tick(3), fid=metric(2, 9.0))
    run, cursor = reader.read(source, cursor)
    assert len(taken) == 3
    assert run == read(source)
    assert run.get("loss/d").steps.tolist() == [1, 2, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize("stats", [tick(7) + tick(8) + tick(9), tick(1), ""])
def test_reading_begins_anew_where_the_file_is_another(stats: str, tmp_path: Path) -> None:
    reader = StyleGANRunReader()
    source = written(tmp_path, stats=tick(1) + tick(2))
    _, cursor = reader.read(source)
    run, _ = reader.read(written(tmp_path, stats=stats), cursor)
    assert run == read(source)


def test_a_person_may_say_what_a_tag_is(tmp_path: Path) -> None:
    run = read(written(tmp_path, stats=tick(1, D_other=4.0)), **{"Loss/D/other": "loss/d"})
    assert values(run, "loss/d") == [4]


@pytest.fixture
def sprites() -> Source:
    folder = Path(__file__).parents[2] / "../shared/logs/sg2ada-rpgsprite"
    if not folder.is_dir():
        pytest.skip("the logs of third parties are not here")
    return Source.of(folder)


def test_a_broken_fid_is_no_progress(sprites: Source) -> None:
    """Its fid50k_full goes 1e57, 8e51, -3e68: a matrix root that failed, not an improvement."""
    run = read(sprites)
    assert isinstance(reader_for(sprites), StyleGANRunReader)
    assert (len(run.segments), run.budget, len(values(run, "loss/d"))) == (1, 25000, 80)
    assert len(values(run, "metric/fid")) == 8
    diagnosis = gan_doctor.diagnose(run)
    status = {verdict.detector: verdict.status for verdict in diagnosis.verdicts}
    assert status["quality-regression"] == "not assessed"
    assert diagnosis.best_step == {}
    assert diagnosis.worst is None
