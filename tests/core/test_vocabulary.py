from __future__ import annotations

import re
from collections import Counter

import pytest

from gan_doctor.core import VOCABULARY, Key, canonical

# Names from real logs and repositories, by what they mean there.
FOREIGN = {
    "loss/d": [
        "d_loss", "Loss_D", "D loss", "errD", "Loss/D/loss", "dis_loss", "D_loss", "Loss/D",
        "discriminator_loss", "loss_D", "disc_loss", "Discriminator_loss", "Discriminator Loss",
        "Dis_loss", "discrim_loss", "loss_dis", "c_loss", "C_loss",
    ],
    "loss/d/real": [
        "errD_real", "d_loss_real", "D_loss_real", "Loss/D_real", "dis_loss_real", "l_d_real", "DR",
    ],
    "loss/d/fake": [
        "errD_fake", "d_loss_fake", "D_loss_fake", "Loss/D_fake", "dis_loss_fake", "l_d_fake", "DF",
    ],
    "loss/g": [
        "g_loss", "Loss_G", "g Loss", "gen_loss", "errG", "G_loss", "g loss", "Loss/G/loss",
        "generator_loss", "Loss/G", "Gen_loss", "Generator_loss", "Generator Loss", "loss_gen",
        "G_GAN", "gen_loss_GAN", "l_g_gan", "g_loss_fake", "A loss", "gen_loss_total",
    ],
    "score/real": ["D(x)", "D_x", "real_score", "real_out", "Loss/scores/real", "out_d_real"],
    "score/fake": [
        "D(G(z))", "D(G(x))", "D_G_z1", "fake_score", "Loss/scores/fake", "out_d_fake",
    ],
    "score/fake/after": ["D_G_z2"],
    "penalty/d": ["GP", "loss_gp", "gradient_penalty", "Loss/r1_penalty", "Loss/D/reg"],
    "penalty/g": ["Loss/G/reg", "Loss/pl_penalty"],
    "gradient/d": ["D_loss_grad_norm", "d_grad_norm"],
    "gradient/g": ["G_loss_grad_norm", "g_grad_norm"],
    "metric/fid": [
        "FID", "fid", "fid_score", "fid50k_full", "FID score", "Metrics/fid50k_full",
    ],
    "augment/p": ["Progress/augment", "ada_p"],
    "sign/real": ["Loss/signs/real"],
    "sign/fake": ["Loss/signs/fake"],
    "accuracy/d": ["acc"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "name"), [(tag, name) for name, tags in FOREIGN.items() for tag in tags]
)
def test_names_that_people_use_are_known(tag, name):
    assert canonical(tag) == Key(name)


@pytest.mark.parametrize(
    ("tag", "key"),
    [
        ("D_A", Key("loss/d", "A")),
        ("D_B", Key("loss/d", "B")),
        ("G_A", Key("loss/g", "A")),
        ("loss_D_A", Key("loss/d", "A")),
        ("loss_D1", Key("loss/d", "1")),
        ("loss_D2", Key("loss/d", "2")),
        ("loss_G_B", Key("loss/g", "B")),
    ],
)
def test_a_player_in_a_name_becomes_the_player_of_the_key(tag, key):
    assert canonical(tag) == key


@pytest.mark.parametrize(
    "tag",
    [
        "D_real",  # a loss in pix2pix, a logit in ESRGAN
        "D_fake",
        "current_lr_0",  # of whichever optimizer came first
        "grad_norm_0",
        "loss_d_f",  # rather a fake half than player F
        "D_G",
        "loss",
        "time",
        "data",
        "epoch",
        "cycle_A",
        "",
    ],
)
def test_what_is_ambiguous_or_foreign_is_nobodys_alias(tag):
    assert canonical(tag) is None


@pytest.mark.parametrize("name", VOCABULARY)
def test_our_own_names_are_themselves(name):
    assert canonical(name) == Key(name)


def test_no_alias_stands_twice():
    aliases = [alias for term in VOCABULARY.values() for alias in term.aliases]
    folded = Counter(re.sub(r"[^a-z0-9()?]+", "_", alias.lower()) for alias in aliases)
    assert [alias for alias, count in folded.items() if count > 1] == []


def test_every_alias_leads_to_its_own_term():
    for term in VOCABULARY.values():
        for alias in term.aliases:
            assert canonical(alias.replace("?", "A")).name == term.name


def test_no_alias_hides_a_name_of_ours():
    for term in VOCABULARY.values():
        for alias in term.aliases:
            assert VOCABULARY.get(alias, term) is term


@pytest.mark.parametrize("term", VOCABULARY.values(), ids=lambda term: term.name)
def test_every_term_says_what_it_is(term):
    assert term.meaning
    assert term.unit
    assert term.low is None or term.high is None or term.low < term.high
