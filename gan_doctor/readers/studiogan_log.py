"""The text log of PyTorch-StudioGAN."""

from __future__ import annotations

import re

from gan_doctor.core import Objective, Run, Setup, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._lines import read_text
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._text_files import beginning, file_to_read, is_text, surest_file

__all__ = ["StudioGANLogReader"]

_PATTERNS = ("*.log",)
_ROW = re.compile(rb"> (?:Step: *\x01 |(?!Best |F_).*\(Step: *\x01)")
_PRINTED = re.compile(
    rb"^\[INFO\] [\d -]+[\d:]+ > (?:Run name : |Step: *\d+ Progress)", re.MULTILINE
)

_BUDGET = re.compile(rb"""['"]total_steps?['"]: (\d{1,12})\b""")
_BATCH = re.compile(rb"""['"]batch_size['"]: (\d{1,9})\b""")
_LOSS = re.compile(rb"""['"]adv_loss['"]: ['"](\w+)['"]""")
# Where the losses that are printed hold a term for the classes, the family tells nothing of them.
_PLAIN = re.compile(
    rb"""'conditional_strategy': '(?:no|cGAN|ProjGAN)'"""
    rb"""|"d_cond_mtd": "(?:W/O|PD|SPD)",\s+"aux_cls_type": "W/O\""""
)
_FAMILIES = {
    b"vanilla": Objective("non-saturating", "sum"),
    b"logistic": Objective("non-saturating", "sum"),
    b"hinge": Objective("hinge", "sum"),
    b"least_square": Objective("least-squares", "mean"),
    b"wasserstein": Objective("wasserstein"),
}


class StudioGANLogReader(Reader):
    """The `<run>.log` of PyTorch-StudioGAN, of its old and its new form.

    What it reads:
        `> Step: 100 Progress: 0.1% ... Discriminator_loss: 0.006 Generator_loss: 5.1` or `Gen_loss:
        8.1 Dis_loss: 0.03`, and the lines of an evaluation, such as `> FID score (Step: 2000, Using
        test moments): 114.9`, at the step that they tell. A resumed run steps back and begins a new
        segment. A last line without its end is torn and left out.

        The settings at its beginning tell the budget, the batch size, and the loss family where no
        loss for classes is added to it.

    What it leaves out:
        `Best FID score`, which repeats the best so far; precision, recall, F scores, density
        and coverage, which cannot be judged without those between halves of the real data.
    """

    title = "StudioGAN log"
    files = "<run>.log of StudioGAN"

    def score(self, source: Source) -> float:
        """Nearly sure where a line is of its form."""
        return surest_file(source, _PATTERNS, _sure)[1]

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        file = file_to_read(source, _PATTERNS, _sure)
        setup = _setup(beginning(source, file))
        return read_text(source, file, since, Naming(self.told), _ROW, setup)


def _sure(source: Source, file: str) -> float:
    head = beginning(source, file)
    return 0.9 if is_text(head) and _PRINTED.search(head) else 0.0


def _setup(head: bytes) -> Setup:
    """What the settings at the beginning tell."""
    budget, batch, loss = (pattern.search(head) for pattern in (_BUDGET, _BATCH, _LOSS))
    family = _FAMILIES.get(loss[1]) if loss and _PLAIN.search(head) else None
    return Setup(
        objective=family or Objective(),
        total_steps=int(budget[1]) if budget else None,
        batch_size=int(batch[1]) if batch else None,
    )
