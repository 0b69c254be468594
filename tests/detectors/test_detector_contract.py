"""What every detector must do, whichever it is."""

import inspect

import numpy as np
import pytest

from gan_doctor.core import ConfigError, Missing, Network, OptimizerFacts, Run, UnknownNameError
from gan_doctor.detectors import known

SECTIONS = (
    "What it does:",
    "Why this is a problem:",
    "How it is measured:",
    "Limits:",
    "Known false alarms:",
    "Remedies:",
    "References:",
)
SLUGS = sorted(known())


@pytest.fixture
def corpus(
    make_run,
    players,
    good,
    nothing,
    filled,
    steps_by_adam,
    with_setup,
    event,
    images,
    over_time,
):
    """Runs of every kind that the detectors of this package speak of."""
    rng = np.random.default_rng(0)

    def noisy(value, sd=0.05):
        return lambda step: value + sd * rng.standard_normal()

    def vanished(gradient, update):
        """What is left of both after step 300."""
        return {
            "gradient/g": lambda s: gradient if s > 300 else 1.0,
            "update/g": lambda s: 0.01 * (update if s > 300 else 1.0),
        }

    half = {"precision": 0.3, "recall": 0.35, "coverage": 0.4, "neighbour_correlation": 0.5}
    little = dict.fromkeys(("precision", "recall", "coverage"), 0.15) | {
        "neighbour_correlation": 0.05
    }
    return {
        "healthy": make_run(players(noisy(0.95, 0.02), noisy(0.9)), good),
        "won": make_run(players(1.0, 1e-3), nothing),
        "won, a little to show": make_run(players(1.0, 1e-3), little),
        "ahead": make_run(players(0.98, 0.2), nothing),
        "failing": make_run(players(noisy(0.2), noisy(3.0)), nothing),
        "wrong at a loss like chance": make_run(players(0.2, 1.4), nothing),
        "failing, a little to show": make_run(players(0.2, 3.0), little),
        "failing a little": make_run(players(0.5, 1.6), half),
        "stalled": make_run(players(noisy(0.48), noisy(1.39)), nothing),
        "stalled, a little to show": make_run(players(0.5, 1.39), little),
        "stalled a little": make_run(players(0.5, 1.2), half),
        "collapsed": make_run(players(0.95, 0.9), good | {"spread_ratio": 0.05}),
        "narrow": make_run(players(0.95, 0.9), good | {"spread_ratio": 0.2}),
        "dropped": make_run(players(0.95, 0.9), good | {"modes": 0.4}),
        "dropped a few": make_run(players(0.95, 0.9), half | {"modes": 0.8, "precision": 0.2}),
        "early": make_run(
            players(1.0, 1e-3), nothing | {"modes": 0.3, "spread_ratio": 0.01}, steps=200
        ),
        "early collapse": make_run({}, good | {"modes": 0.3, "spread_ratio": 0.01}, steps=120),
        "a few images": make_run({}, good | {"copied_pairs": 0.15}),
        "some images": make_run({}, good | {"copied_pairs": 0.03}),
        "hopping": filled(lambda c: np.eye(8)[c % 8]),
        "hopping a little": filled(
            lambda c: np.roll([0.3, 0.25, 0.2, 0.1, 0.06, 0.04, 0.03, 0.02], 4 * c)
        ),
        "hopping early": filled(lambda c: np.eye(8)[c % 8 if c < 8 else 0]),
        "one a class": make_run({}, good | {"class_spread_ratio": 0.0}),
        "few a class": make_run({}, good | {"class_spread_ratio": 0.05, "label_agreement": 0.4}),
        "some a class": make_run({}, half | {"class_spread_ratio": 0.05, "precision": 0.12}),
        "early of one class": make_run(
            {}, good | {"class_spread_ratio": 0.05, "label_agreement": 0.1}, steps=120
        ),
        "other classes": make_run({}, good | {"label_agreement": -0.1}),
        "other classes, a little real": make_run(
            {}, half | {"label_agreement": 0.2, "precision": 0.12}
        ),
        "classes hard to tell": make_run(
            {}, good | {"label_agreement": 0.1}, null={"label_agreement": 0.6}
        ),
        "remembered": make_run(players(0.95, 0.9) | {"auroc/held_out": 0.7}, good),
        "by heart": make_run(players(0.95, 0.9) | {"auroc/held_out": 0.9}, good),
        "copied": make_run({"sample/copying": -4.0}, good | {"nearest_ratio": 0.4}),
        "near": make_run({}, good | {"nearest_ratio": 0.4}),
        "copies": make_run({"sample/copying": 1.0}, good | {"nearest_ratio": 0.2}),
        "early copies": make_run(
            {"sample/copying": -9.0}, good | {"nearest_ratio": 0.1}, steps=100
        ),
        "exploding": make_run(
            {
                "gradient/d": lambda s: 60.0 if s > 600 else 1.0,
                "weight/d": lambda s: 10.0 + max(s - 600, 0),
            }
        ),
        "exploding a little": make_run({"gradient/g": lambda s: 12.0 if s > 600 else 1.0}),
        "exploding out of a wide range": make_run(
            {"gradient/g": lambda s: 12.0 if s > 600 else 0.1 + 0.9 * ((s - 1) // 6 % 3)}
        ),
        "weights that grow": make_run({"weight/g": lambda s: 10.0 if s < 600 else 25.0}),
        "vanished": make_run(vanished(5e-4, 5e-3)),
        "vanished, and the samples show it": make_run(vanished(5e-4, 5e-3), nothing),
        "vanished, a little to show": make_run(vanished(5e-4, 5e-3), little),
        "vanished behind good samples": make_run(vanished(5e-4, 5e-3), good),
        "vanished, but G moves": make_run(vanished(5e-4, 0.05)),
        "vanished to near Adam's eps": steps_by_adam(make_run(vanished(1.5e-5, 1.0)), 1e4),
        "running away": make_run({"loss/g": lambda s: 1500.0 if s > 300 else 1.0}, nothing),
        "running away, a little to show": make_run({"loss/d": 1500.0}, little),
        "running away from good samples": make_run({"loss/d": 1500.0}, good),
        "critic running away": make_run(
            {"loss/d": lambda s: -1 - (s / 120) ** 2.5}, objective="wasserstein"
        ),
        "rate gone": make_run({"lr/g": lambda s: 1e-3 if s < 300 else 5e-7}),
        "rate gone near the end": make_run({"lr/d": lambda s: 1e-3 if s < 1116 else 5e-7}),
        "a rate of nothing": make_run({"lr/g": 1e-30}),
        "a FID that was never good": make_run({"metric/fid": lambda s: 234 if s < 100 else 159}),
        "frozen": make_run({"update/g": 0.0, "lr/g": 1e-3, "gradient/g": 0.0, "update/d": 0.01}),
        "partly held": with_setup(
            make_run({"update/g": 0.01}),
            networks=(Network("g", parameters=1000),),
            optimizers=(OptimizerFacts("g", parameters=950),),
        ),
        "two sigmoids": make_run(
            {"loss/d": lambda s: 1.2 if s % 10 else 1.3, "loss/d/double": 1.2, "loss/d/clean": 2.0}
        ),
        "nearly two sigmoids": make_run(
            {"loss/d": 1.25, "loss/d/double": 1.2, "loss/d/clean": 2.0}
        ),
        "swapped": make_run({"logit/gradient": 0.3, "logit/gradient/generator": -0.3}),
        "swapped now and then": make_run(
            {"logit/gradient": lambda s: 0.3 if s % 4 else -0.3, "logit/gradient/generator": -0.3}
        ),
        "sorted": make_run({"batch/spread": 20.0}),
        "somewhat sorted": make_run({"batch/spread": 4.0}),
        "lost": make_run({"reached/real": 0.0, "reached/fake": 1.0, "reached/generator": 1.0}),
        "lost a little": make_run({"reached/generator": 0.02, "gradient/g/through_d": 0.0}),
        "cut off": make_run({"penalty/d": 0.2}, events=[event(50, "detached", series="penalty/d")]),
        "in evaluation mode": with_setup(
            make_run({"loss/g": 1.0}, events=[event(90, "mode", role="g", training=False)]),
            networks=(Network("g", layers={"BatchNorm2d": 3}),),
            optimizers=(OptimizerFacts("g"),),
        ),
        "drowned": make_run({"gradient/g/through_d": 0.03}),
        "half drowned": make_run({"gradient/g/through_d": 0.1}),
        "images": make_run({}, images),
        "blurred": make_run({}, images | {"laplacian_variance": 0.15, "high_frequency": 0.02}),
        "blurred and told": make_run(
            {}, images | {"laplacian_variance": 0.15, "high_frequency": 0.02, "precision": 0.15}
        ),
        "chequered": make_run({}, images | {"checkerboard": 3.4}),
        "chequered, half as fine": make_run(
            {}, images | {"checkerboard": 3.4, "high_frequency": 0.05}
        ),
        "half of a tanh": with_setup(
            make_run({}, images | nothing | {"outside": 0.2}),
            networks=(Network("g", output_activation="Tanh"),),
            real_range=(0.0, 1.0),
        ),
        "out of reach": with_setup(
            make_run({}, images | {"unreached": 0.2}),
            networks=(Network("g", output_activation="Tanh"),),
            real_range=(-1.0, 1.2),
        ),
        "out of reach, a little real": with_setup(
            make_run({}, images | {"unreached": 0.2, "precision": 0.15}),
            networks=(Network("g", output_activation="Tanh"),),
            real_range=(-1.0, 1.2),
        ),
        "outside": make_run({}, images | {"outside": 0.1}),
        "framed": make_run({}, images | {"border_distance": 0.5, "value_distance": 0.1}),
        "turned": make_run({}, images | {"leak/rotation": 0.8, "precision": 0.3}),
        "turned, none of the data": make_run(
            {}, images | nothing | {"leak/rotation": 0.97, "neighbour_correlation": 0.6}
        ),
        "turned a little": make_run({}, images | {"leak/rotation": 0.46}),
        "turned, a little real": make_run(
            {}, images | {"leak/rotation": 0.8, "precision": 0.15, "spread_ratio": 0.5}
        ),
        "turned and softer": make_run(
            {}, images | {"leak/rotation": 0.8, "laplacian_variance": 0.25}
        ),
        "nan": make_run(players(lambda s: np.nan if s > 600 else 0.9, 0.9), good),
        **over_time,
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_scores_are_causal(slug, corpus):
    """The scores of the run up to t are the prefix of those of the run."""
    detector = known()[slug]()
    for run in corpus.values():
        whole = detector.scores(run)
        for step in (100, 333, 700):
            part = detector.scores(run.until(step))
            if isinstance(part, Missing) or isinstance(whole, Missing):
                continue
            assert len(part) == len(whole)
            for before, after in zip(part, whole, strict=True):
                n = len(before.steps)
                np.testing.assert_array_equal(before.steps, after.steps[:n])
                np.testing.assert_array_equal(before.values, after.values[:n])
                assert n == np.sum(after.steps <= step)


@pytest.mark.parametrize("slug", SLUGS)
def test_an_alarm_once_sounded_keeps_its_date(slug, corpus):
    detector = known()[slug]()
    for run in corpus.values():
        for finding in detector.examine(run).findings:
            before = detector.examine(run.until(finding.alarm)).findings
            assert [f.alarm for f in before] == [finding.alarm]
            assert not detector.examine(run.until(finding.alarm - run.tick_steps)).findings


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_survives_values_that_are_not_finite(slug, value, make_run, players, good):
    detector = known()[slug]()
    run = make_run(dict.fromkeys(players(1.0, 1.0), value), dict.fromkeys(good, value))
    detector.examine(run)


@pytest.mark.parametrize("slug", SLUGS)
def test_says_nothing_of_empty_and_constant_runs(slug, make_run):
    detector = known()[slug]()
    assert detector.examine(Run("empty")).status == "not assessed"
    constant = make_run(dict.fromkeys(("loss/d", "loss/g", "auroc", "gradient/g"), 0.0))
    assert detector.examine(constant).findings == ()


@pytest.mark.parametrize("loss", ["non-saturating", "wasserstein", None])
@pytest.mark.parametrize("slug", SLUGS)
def test_says_nothing_of_a_run_before_its_first_tick(slug, loss, make_run, players, good):
    """A live diagnosis may come that early; the corpus has series of all kinds."""
    for steps in (1, 3, 7):
        short = make_run(players(0.9, 1.0) | {"logit/real": 1.0, "gradient/g": 1.0}, good,
                         steps=steps, check_every=1, objective=loss)  # fmt: skip
        assert known()[slug]().examine(short).findings == ()


@pytest.mark.parametrize("slug", SLUGS)
def test_every_limit_changes_some_answer(slug, corpus):
    kind = known()[slug]

    def answers(limits):
        verdicts = [kind(limits).examine(run) for run in corpus.values()]
        return [[(f.severity, f.onset, f.alarm, f.cleared) for f in v.findings] for v in verdicts]

    for name, limit in kind.limits.items():
        changed = [
            {name: limit.value * 2 + 0.1},
            {name: limit.value / 2 - 0.01},
            {name: 0.999 * limit.value + 0.15},
        ]
        assert any(answers(other) != answers({}) for other in changed), name


@pytest.mark.parametrize("slug", SLUGS)
def test_a_wrong_limit_is_refused(slug):
    with pytest.raises(UnknownNameError, match="nonsense"):
        known()[slug]({"nonsense": 1})
    for name in known()[slug].limits:
        with pytest.raises(ConfigError, match=name):
            known()[slug]({name: "high"})


@pytest.mark.parametrize("slug", SLUGS)
def test_has_a_page_with_all_its_sections(slug):
    kind = known()[slug]
    page = inspect.getdoc(kind)
    found = [section for section in SECTIONS if f"\n{section}\n" in page]
    assert found == list(SECTIONS)
    assert kind.title
    assert kind().slug == slug
    assert all(limit.source and limit.meaning for limit in kind.limits.values())


def test_codes_are_unique():
    codes = [kind.code for kind in known().values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("slug", SLUGS)
def test_findings_say_since_when_on_what_number(slug, corpus):
    for run in corpus.values():
        for finding in known()[slug]().examine(run).findings:
            assert f"step {finding.onset:g}" in finding.message
            assert finding.onset <= finding.alarm
            assert sum(e.important for e in finding.evidence) == 1
            assert all(np.isfinite(e.value) for e in finding.evidence)
