"""Remedies that are no trick of the training: their names, and the page of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gan_doctor.tricks import Category


@dataclass(frozen=True)
class Answer:
    """What can be done beside the tricks.

    Args:
        title: Its headline.
        category: Where it stands in the order of tricks.
        page: What it does, when to use it and when not, and how to see that it worked; sections as
            on the cards of the tricks.
    """

    title: str
    category: Category
    page: str


ANSWERS: Mapping[str, Answer] = {
    "full-precision": Answer(
        "Losses in float32",
        "tuning",
        """\
Computes the losses and penalties outside of mixed precision, and the networks in it.

What it does:
    The layers stay fast in 16 bits. What is summed, squared or put into a logarithm is not: D's
    logits are turned to float32 before the loss, and a penalty's gradient is taken in float32.

When to use it:
    Values become NaN, gradients explode or vanish, and the training uses AMP.

When not to:
    In float32 it changes nothing. Where the same steps fail in float32 too, the cause is another.

Values:
    float16 overflows beyond 65,504 and loses what is below 6e-8: scale the loss, and unscale the
    gradient before it is clipped. bfloat16 has the range of float32 and not three digits.

Cost:
    None to speak of: the losses are a small part of a step.

How to see that it worked:
    A hundred steps in float32 and a hundred with it have the same gradient norms.

References:
    Micikevicius et al. 2018 (1710.03740); StyleGAN2-ADA, which keeps its last blocks in float32.
""",
    ),
    "capacity": Answer(
        "Players of a size",
        "architecture",
        """\
Gives G and D networks of about the same number of parameters.

What it does:
    Narrows D where it wins with far more parameters than G, and widens it where it fails with far
    fewer. The parameters of a layer go with the square of its width.

When to use it:
    One player has four times the parameters of the other or more, and that one wins.

When not to:
    While a learning rate, a number of steps or the wiring explains it: those are cheaper to change.
    A D that is larger than G is common in healthy trainings: the size alone is no fault.

Cost:
    D is another network: train it afresh.

How to see that it worked:
    D's AUROC moves off its extreme within a tenth of the budget.

References:
    Catalogue, causes that people really had; BigGAN (1809.11096) widens both players together.
""",
    ),
    "augment-less": Answer(
        "Augment less",
        "tuning",
        """\
Augments so rarely that G has no reason to make augmented samples.

What it does:
    Lowers the probability of the augmentation, or leaves out of it what shows in the fakes.

When to use it:
    More of the fakes than of the reals look turned, shifted or cut out (augmentation-leak).

When not to:
    Where the fakes themselves are not augmented before D sees them: that is a fault of the wiring,
    and no probability is low enough.

Values:
    Below a probability of .8 (Karras 2020): then the samples as they are remain the most frequent
    ones, and G can tell what the data is.

Cost:
    None.

How to see that it worked:
    The share of fakes that are taken for augmented falls to that of the reals.

References:
    Karras et al. 2020 (2006.06676), section 2.2 and appendix C.
""",
    ),
    "shuffled-stream": Answer(
        "A shuffled stream",
        "tuning",
        """\
Shuffles data that comes as a stream and cannot be drawn from at random.

What it does:
    The files are read in random order, and a buffer of samples is filled from them, out of which
    each batch is drawn.

When to use it:
    The batches come class by class or file by file (data-not-shuffled), and the data does not fit
    a loader with `shuffle=True`.

When not to:
    With a data set that can be indexed: there `shuffle=True` is simpler and exact.

Values:
    A buffer of a hundred batches; more if one file holds one class.

Cost:
    The memory of the buffer.

How to see that it worked:
    The means of the real batches vary as those of shuffled data do.

References:
    `torch.utils.data.IterDataPipe.shuffle`, WebDataset and `tf.data` all have such a buffer.
""",
    ),
    "latent-in-more-layers": Answer(
        "z in more layers",
        "architecture",
        """\
Gives z, or noise of its own, to several layers of G and not to the first alone.

What it does:
    Makes it costly for G to ignore z: each layer is modulated by it or adds noise of its own.

When to use it:
    G makes one sample for each condition whatever z is (latent-ignored), as image-to-image
    networks do.

When not to:
    Where one output for each input is wanted. Try mode-seeking first: it costs no new network.

Cost:
    G is another network: train it afresh.

How to see that it worked:
    Samples of two z under one condition differ.

References:
    Karras et al. 2019 (1812.04948); BigGAN (1809.11096), which splits z over its blocks; Isola et
    al. 2017 (1611.07004) on noise that G ignores.
""",
    ),
    "blurred-resampling": Answer(
        "Resampling without aliases",
        "architecture",
        """\
Smooths after each upsampling in G and before each subsampling in D.

What it does:
    A filter of (1, 2, 1) in both directions takes off the frequencies that a change of resolution
    folds over, which are the grid that is seen.

When to use it:
    A regular grid lies over the samples (checkerboard), and the kernels fit their strides.

When not to:
    Before the kernels fit their strides: that is the simpler cause. On points and tables.

Cost:
    Both are other networks: train them afresh. A few percent of a step.

How to see that it worked:
    The peaks at the period of the upsampling leave the spectrum of the fakes.

References:
    Zhang 2019 (1904.11486); Karras et al. 2020 (1912.04958), section 4; Odena et al. 2016.
""",
    ),
    "more-data": Answer(
        "More data",
        "tuning",
        """\
Trains on more samples, or begins with networks that were trained on more.

What it does:
    D cannot learn by heart what it rarely sees again. Networks that were trained on a large set of
    the same kind have learned what all such samples share, and need few to learn the rest.

When to use it:
    D tells the reals it was trained on from held-out ones (discriminator-overfitting), or the
    fakes copy reals (memorization).

When not to:
    While augmentation of all that D sees is not tried: it costs nothing to collect.

Values:
    At 256x256 StyleGAN2 without augmentation begins to overfit below some 100,000 images, and with
    it trains on a few thousand (Karras 2020, figure 1). Smaller networks need fewer.

Cost:
    That of the data. Training goes on as before.

How to see that it worked:
    Held-out reals score like those of the training.

References:
    Karras et al. 2020 (2006.06676); Mo et al. 2020 (2002.10964), which freezes D's first layers.
""",
    ),
}
