"""The names of series: what each means, its unit and range, and what other people call it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from gan_doctor.core.series import Key


@dataclass(frozen=True)
class Term:
    """One name of the vocabulary.

    Args:
        name: The name.
        meaning: One sentence.
        unit: "nats", "probability", "1" and so on.
        low: Smallest value possible, None without one.
        high: Largest value possible, None without one.
        better: Which direction is better, "" when neither is.
        aliases: Names of the same thing in other people's logs. Case and separators do not matter;
            `?` stands for a player: A, B or a number.
    """

    name: str
    meaning: str
    unit: str = "1"
    low: float | None = None
    high: float | None = None
    better: Literal["lower", "higher", ""] = ""
    aliases: tuple[str, ...] = ()


# Names that mean one thing in one code and another in the next are nobody's alias: D_real is a
# loss in pix2pix and a logit in ESRGAN, current_lr_0 belongs to whichever optimizer came first.
# fmt: off
_TERMS = (
    # Losses
    Term("loss/d", "D's loss as the training loop reported it", "loss units", aliases=(
        "d_loss", "loss_d", "Loss/D/loss", "D/loss/total", "errD", "dis_loss", "loss_dis",
        "disc_loss", "discrim_loss", "discriminator_loss", "loss/discriminator",
        "critic_loss", "loss_critic", "c_loss", "D_?", "loss_D_?", "loss_D?")),
    Term("loss/g", "G's loss as the training loop reported it", "loss units", aliases=(
        "g_loss", "loss_g", "Loss/G/loss", "G/loss/total", "errG", "gen_loss", "loss_gen",
        "generator_loss", "loss/generator", "G_GAN", "gen_loss_GAN", "l_g_gan", "g_loss_fake",
        "gen_loss_total", "A loss", "G_?", "loss_G_?", "loss_G?")),
    Term("loss/g/adversarial", "The adversarial part of G's loss, where it has others",
         "loss units", aliases=("G_adv_loss",)),
    Term("loss/d/clean",
         "D's loss recomputed from its logits as L_real + L_fake: no penalty, no label policy",
         "loss units"),
    Term("loss/d/double",
         "D's loss recomputed as if the probabilities that it gives were logits", "loss units"),
    Term("loss/d/real", "The real half of D's loss", "loss units", aliases=(
        "errD_real", "d_loss_real", "Loss/D_real", "dis_loss_real", "l_d_real", "DR")),
    Term("loss/d/fake", "The fake half of D's loss", "loss units", aliases=(
        "errD_fake", "d_loss_fake", "Loss/D_fake", "dis_loss_fake", "l_d_fake", "DF")),
    Term("penalty/d", "A penalty on D, not part of its adversarial loss", "loss units", 0, aliases=(
        "GP", "loss_gp", "gradient_penalty", "Loss/r1_penalty", "r1_penalty", "r1", "Loss/D/reg")),
    Term("penalty/g", "A penalty on G", "loss units", aliases=("Loss/G/reg", "Loss/pl_penalty")),

    # What D says
    Term("logit/real", "Mean of D's output on the real batch of a D step", "logit"),
    Term("logit/fake", "Mean of D's output on the fake batch of a D step", "logit"),
    Term("logit/sd", "Standard deviation of D's output over real and fake together", "logit", 0),
    Term("logit/generator", "Mean of D's output on fakes in the G step", "logit"),
    Term("logit/gradient",
         "Sum of the loss gradient over D's logits on reals: negative when D learns to score "
         "reals high", "loss per logit"),
    Term("logit/gradient/generator",
         "Sum of the loss gradient over D's logits on fakes in the G step: negative when G learns "
         "to have fakes scored high", "loss per logit"),
    Term("reached/real",
         "Share of the watched D steps in which a loss gradient came to D's output on reals",
         "probability", 0, 1),
    Term("reached/fake",
         "Share of the watched D steps in which a loss gradient came to D's output on fakes",
         "probability", 0, 1),
    Term("reached/generator",
         "Share of the watched G steps in which a loss gradient came to D's output on fakes",
         "probability", 0, 1),
    Term("score/real", "D's printed output on reals: D(x)", "probability or logit", aliases=(
        "D(x)", "D_x", "real_score", "real_out", "Loss/scores/real", "out_d_real")),
    Term("score/fake", "D's printed output on fakes before its update: D(G(z))",
         "probability or logit", aliases=(
        "D(G(z))", "D(G(x))", "D_G_z1", "D_G_z", "fake_score", "Loss/scores/fake", "out_d_fake")),
    Term("score/fake/after", "D's printed output on fakes in the G step", "probability or logit",
         aliases=("D_G_z2",)),
    Term("sign/real", "Mean sign of D's output on reals: ADA's r_t", "1", -1, 1,
         aliases=("Loss/signs/real",)),
    Term("sign/fake", "Mean sign of D's output on fakes", "1", -1, 1,
         aliases=("Loss/signs/fake",)),
    Term("auroc",
         "Probability that D's raw output on a real beats the one on a fake, within one batch; "
         "not yet oriented", "probability", 0, 1),
    Term("auroc/held_out",
         "Probability that D's output on a real it was trained on beats the one on a held-out real",
         "probability", 0, 1),
    Term("auroc/cluster",
         "Probability that D's output on a real of one cluster beats the one on a fake; not yet "
         "oriented", "probability", 0, 1),
    Term("overfit/r_v",
         "ADA's r_v: how far held-out reals have moved in D's output from the reals it was trained "
         "on towards the fakes", "1"),
    Term("rank/d", "Effective rank of D's last features on reals", "1", 1),
    Term("accuracy/d", "Share of images that D calls right", "probability", 0, 1,
         aliases=("acc", "d_acc")),

    # Gradients, weights, schedule
    Term("gradient/d", "Norm of D's gradient just before its optimizer's step",
         "loss per weight", 0, aliases=("d_grad_norm", "D_loss_grad_norm", "grad_norm_d")),
    Term("gradient/g", "Norm of G's gradient just before its optimizer's step",
         "loss per weight", 0, aliases=("g_grad_norm", "G_loss_grad_norm", "grad_norm_g")),
    Term("gradient/d/first", "Norm of the gradient of D's first layer", "loss per weight", 0),
    Term("gradient/d/hidden", "Norm of the gradient of D's layers between first and last",
         "loss per weight", 0),
    Term("gradient/d/last", "Norm of the gradient of D's last layer", "loss per weight", 0),
    Term("nonfinite/d",
         "Share of D's steps for which the backward pass left a gradient of D's first layer that "
         "was not finite, before any clipping or scaling", "probability", 0, 1, "lower"),
    Term("gradient/d/cosine",
         "Cosine between the gradients of D at two successive steps: below 0 it overshoots",
         "1", -1, 1),
    Term("update/d", "Change of D's weights over one generator step, over their norm", "1", 0),
    Term("weight/d", "Norm of D's weights", "1", 0),
    Term("gradient/g/first", "Norm of the gradient of G's first layer", "loss per weight", 0),
    Term("gradient/g/hidden", "Norm of the gradient of G's layers between first and last",
         "loss per weight", 0),
    Term("gradient/g/last", "Norm of the gradient of G's last layer", "loss per weight", 0),
    Term("nonfinite/g",
         "Share of G's steps for which the backward pass left a gradient of G's first layer that "
         "was not finite, before any clipping or scaling", "probability", 0, 1, "lower"),
    Term("gradient/g/cosine",
         "Cosine between the gradients of G at two successive steps: below 0 it overshoots",
         "1", -1, 1),
    Term("gradient/g/through_d",
         "Share of the loss gradient at G's output that comes through D, the rest being of losses "
         "beside the adversarial one", "probability", 0, 1),
    Term("update/g", "Change of G's weights over one generator step, over their norm", "1", 0),
    Term("weight/g", "Norm of G's weights", "1", 0),
    Term("lr/d", "Learning rate of D", "1", 0, aliases=("lr_d", "d_lr")),
    Term("lr/g", "Learning rate of G", "1", 0, aliases=("lr_g", "g_lr")),
    Term("steps/d", "Optimizer steps of D since the generator step before", "steps", 0),

    # The real data as it is fed
    Term("batch/spread",
         "Variance between the means of real batches over what shuffled batches give: 1 when "
         "shuffled", "1", 0),

    # Samples against the real data; each with a feature space and a band
    Term("sample/precision", "Share of fakes inside the real manifold (Kynkaanniemi 2019)",
         "probability", 0, 1, "higher"),
    Term("sample/recall", "Share of reals inside the fake manifold (Kynkaanniemi 2019)",
         "probability", 0, 1, "higher"),
    Term("sample/density", "Fakes per real neighbourhood (Naeem 2020); may exceed 1", "1", 0,
         better="higher"),
    Term("sample/coverage", "Share of reals with a fake in their neighbourhood (Naeem 2020)",
         "probability", 0, 1, "higher"),
    Term("sample/kernel_distance",
         "Unbiased squared MMD with the cubic polynomial kernel (KID, Binkowski 2018)", "1",
         better="lower"),
    Term("sample/pairwise_ratio",
         "Mean distance between fakes over that between as many reals", "1", 0),
    Term("sample/spread_ratio",
         "Trace of the fakes' feature covariance over that of as many reals", "1", 0),
    Term("sample/vendi_ratio",
         "Vendi score of order 2 (RBF kernel, bandwidth of the real data) less 1, over that of as "
         "many reals", "1", 0),
    Term("sample/rank_ratio",
         "Effective rank of the fakes' feature covariance over that of as many reals", "1", 0),
    Term("sample/cluster_spread_ratio",
         "Trace of the fakes' covariance within a real cluster over that of the reals in it, the "
         "median over clusters", "1", 0),
    Term("sample/class_spread_ratio",
         "Trace of the fakes' covariance within a class over that of the reals in it, the median "
         "over classes", "1", 0),
    Term("sample/label_agreement",
         "Agreement of a classifier of the real data with the classes that were asked, beyond "
         "chance (Cohen's kappa)", "1", -1, 1, "higher"),
    Term("sample/nearest_ratio",
         "Median distance of a fake to its nearest real over that between reals", "1", 0),
    Term("sample/copying",
         "C_T of Meehan 2020 against held-out reals: far below 0 where fakes are copies of the "
         "training data", "1", better="higher"),
    Term("sample/duplicates",
         "Share of fakes closer to another fake than 999 of 1,000 reals are to another real",
         "probability", 0, 1, "lower"),
    Term("sample/copied_pairs",
         "Share of pairs of fakes as close as duplicates: 1/k for k images over and over",
         "probability", 0, 1, "lower"),
    Term("sample/modes", "Share of the real clusters that the fakes reach",
         "probability", 0, 1, "higher"),
    Term("sample/mode_share", "Share of the fakes in one real cluster", "probability", 0, 1),
    Term("sample/mode_distance",
         "Jensen-Shannon divergence between the cluster occupancies of fakes and reals",
         "nats", 0, 0.6931472, "lower"),
    Term("sample/neighbour_correlation",
         "Correlation of horizontally and vertically neighbouring pixels", "1", -1, 1),
    Term("sample/spectral_slope",
         "Fall of the radial power spectrum in log-log: 0 is white noise, about 2 natural"),
    Term("sample/high_frequency", "Share of the spectral power beyond half the Nyquist frequency",
         "probability", 0, 1),

    Term("sample/laplacian_variance", "Variance of the discrete Laplacian of the images", "1", 0),
    Term("sample/checkerboard",
         "Log power at the frequencies that upsampling leaves, less that of their neighbours: the "
         "largest", "nats"),
    Term("sample/value_distance",
         "Total variation between the histograms of the values of fakes and reals",
         "probability", 0, 1, "lower"),
    Term("sample/outside", "Share of the fakes' values beyond the range of the reals",
         "probability", 0, 1, "lower"),
    Term("sample/unreached", "Share of the reals' values beyond the range of the fakes",
         "probability", 0, 1, "lower"),
    Term("sample/border_distance",
         "Total variation between the histograms of the outermost pixels of fakes and reals",
         "probability", 0, 1, "lower"),
    Term("sample/leak/rotation",
         "Share of fakes that a classifier of the real data takes for turned by quarter turns",
         "probability", 0, 1, "lower"),
    Term("sample/leak/flip", "Share of fakes that it takes for mirrored",
         "probability", 0, 1, "lower"),
    Term("sample/leak/translation", "Share of fakes that it takes for shifted",
         "probability", 0, 1, "lower"),
    Term("sample/leak/cutout", "Share of fakes that it takes for cut out",
         "probability", 0, 1, "lower"),

    # Measures that a log brings along
    Term("metric/fid", "Frechet inception distance as the log reports it", "1", 0, better="lower",
         aliases=("FID", "fid_score", "fid50k_full", "Metrics/fid50k_full", "fid50k")),
    Term("metric/kid", "Kernel inception distance as the log reports it", "1", better="lower",
         aliases=("KID", "kid50k_full", "Metrics/kid50k_full")),
    Term("metric/is", "Inception score as the log reports it", "1", 1, better="higher",
         aliases=("IS", "IS_mean", "inception_score")),
    Term("augment/p", "Probability of the adaptive augmentation", "probability", 0,
         aliases=("Progress/augment", "ada_p")),

    # The monitor itself
    Term("monitor/cost", "Share of the wall time that the monitor itself has taken",
         "probability", 0, 1, "lower"),
)
# fmt: on

VOCABULARY: Mapping[str, Term] = {term.name: term for term in _TERMS}


def canonical(tag: str) -> Key | None:
    """The key of a foreign tag, None when no alias fits.

    Case, separators and surrounding blanks do not matter.

    Example:
        >>> str(canonical("errD"))
        'loss/d'
        >>> str(canonical("loss_D_A"))
        'loss/d@A'
    """
    if tag in VOCABULARY:
        return Key(tag)
    folded = _fold(tag)
    exact, with_player = _aliases()
    if folded in exact:
        return Key(exact[folded])
    for pattern, name in with_player:
        match = pattern.fullmatch(folded)
        if match:
            return Key(name, player=match["player"].upper())
    return None


def _fold(tag: str) -> str:
    return re.sub(r"[\s_\-./:]+", "_", tag.strip().lower())


@cache
def _aliases() -> tuple[Mapping[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    exact: dict[str, str] = {}
    with_player: list[tuple[re.Pattern[str], str]] = []
    for term in _TERMS:
        for alias in map(_fold, term.aliases):
            if "?" in alias:
                # No other letters: D_x is D(x), loss_d_f a fake half.
                pattern = re.escape(alias).replace(r"\?", r"(?P<player>[ab]|\d+)")
                with_player.append((re.compile(pattern), term.name))
            else:
                exact[alias] = term.name
    return exact, tuple(with_player)
