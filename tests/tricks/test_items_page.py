"""docs/reference/items.md says of every item of the catalogue where it is; rewrite it by

python tests/tricks/test_items_page.py
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from gan_doctor.tricks import Trick, known

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "items.md"
POLICY = {
    "3.1": "a sudden jump of the losses stops nothing",
    "6.12": "remedies come tuning > loss > architecture",
    "6.13": "stop only for a D that wins at once while the samples stay bad",
    "6.14": "one change at a time, each on 3 seeds",
}
# What the reference training builds from a field of the plan.
BUILT = {
    "adversarial_weight": "", "attention": "`nn.SelfAttention`", "betas": "`torch.optim.Adam`",
    "class_logits": "`nn.ClassDiscriminator`", "coding": "",
    "conditional": "`nn.ProjectionDiscriminator`, `nn.ConditionalGenerator`",
    "d_norm": "`norm=` of the networks", "d_slope": "`slope=` of the networks",
    "d_steps": "the loop", "data_range": "the data", "dropout": "`dropout=` of the networks",
    "family": "`losses.discriminator_loss`, `losses.generator_loss`", "flip": "", "g_norm": "",
    "g_slope": "", "generators": "`nn.MultiGenerator`, `nn.with_classifier`", "group": "`nn.pack`",
    "latent_law": "the loop", "lazy": "the loop", "lr_d": "`torch.optim`", "lr_g": "",
    "network": "`nn.DCGANGenerator`, `nn.ResNetGenerator`, ...",
    "optimizer": "`nn.OptimisticAdam`", "real_label": "`losses.discriminator_loss`",
    "shuffle": "the data", "spectral_norm": "`nn.spectral_norm`",
    "upsampling": "`nn.upsampling_layer`", "weight_decay": "`nn.parameter_groups`",
}  # fmt: skip
HEAD = """# Where each item of the catalogue is

Numbers are those of the article (1.1.1 to 6.14) and of the modern tricks (7.1 to 7.18); S numbers
are rows of the decision table. `gan-doctor explain NUMBER` shows the card and
`gan-doctor train --trick SLUG` switches it on; the block is there to import from `gan_doctor`, or
is an argument of its networks or of a PyTorch optimizer. Section 5 of the article holds failure
signatures, which are detectors. All cards are held to `tests/tricks/test_trick_contract.py`.

| item | switch and card | block |
|---|---|---|
"""


def page() -> str:
    """The page as the cards have it today."""
    rows = {(item, card.slug): block(card) for card in known().values() for item in card.items}
    rows |= {
        (item, "policy: " + said): "`tests/diagnosis/test_policy.py`"
        for item, said in POLICY.items()
    }
    lines = [f"| {item} | {slug} | {rows[item, slug]} |" for item, slug in sorted(rows, key=order)]
    return HEAD + "\n".join(lines) + "\n"


def order(row: tuple[str, str]) -> tuple[bool, list[int], str]:
    item, slug = row
    return item.startswith("S"), [int(n) for n in re.findall(r"\d+", item)], slug


def block(card: Trick) -> str:
    """What a card imports, or what is built from the fields of the plan that it sets."""
    source = inspect.getsource(inspect.getmodule(type(card)))  # type: ignore[arg-type]
    found = [
        f"`{package}.{name.split(' as ')[0].strip()}`"
        for package, names in re.findall(
            r"from gan_doctor\.(losses|nn|metrics) import ([^\n]+)", source
        )
        for name in names.strip("()").split(",")
    ]
    built = [BUILT[name] for name in card.sets if BUILT[name]]
    return ", ".join(dict.fromkeys(found or built)) or "torch, by a hook"


def test_the_page_of_items_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
