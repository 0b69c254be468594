"""The text log of ESRGAN, BasicSR and MMSR."""

from __future__ import annotations

import re

from gan_doctor.core import Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._lines import read_text
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._text_files import beginning, ending, file_to_read, is_text, surest_file

__all__ = ["BasicSRLogReader"]

_PATTERNS = ("*.log", "*.txt")
_ROW = re.compile(rb"[<\[]epoch: *\x01, iter: *\x01|psnr: *\x01")
_PRINTED = re.compile(rb"[<\[]epoch: *\d+, iter: *\d[\d,]*[,>\]]")
# With pix2pix D_real and D_fake are losses; here they are what D says.
_DIALECT = {"D_real": "score/real", "D_fake": "score/fake", "performance": "", "lr": "lr/g"}


class BasicSRLogReader(Reader):
    """The text log of ESRGAN and its successors BasicSR, MMSR and traiNNer.

    What it reads:
        Lines such as `<epoch: 86, iter: 107,200, lr:2.500e-05> l_g_gan: 7.2e-02 l_d_real: 1.4e-05`,
        with or without thousands separators. Steps are its `iter`. `l_d_real` and `l_d_fake` are
        the halves of D's loss; `D_real` and `D_fake`, or `out_d_real` and `out_d_fake`, are D's
        logits, which drift together where D is relativistic. The rate is the first one, G's. A
        last line without its end is torn and left out.

    What it leaves out:
        The settings it begins with, the terms of G's loss beside the adversarial one, psnr.
    """

    title = "ESRGAN / BasicSR log"
    files = "train_*.log with [epoch: .., iter: ..]"

    def score(self, source: Source) -> float:
        """Nearly sure where a line tells epoch and iteration in its way."""
        return surest_file(source, _PATTERNS, _sure)[1]

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        file = file_to_read(source, _PATTERNS, _sure)
        return read_text(source, file, since, Naming(self.told, _DIALECT), _ROW)


def _sure(source: Source, file: str) -> float:
    texts = (beginning(source, file), ending(source, file))
    if not is_text(texts[0]):
        return 0.0
    return 0.9 if any(map(_PRINTED.search, texts)) else 0.0
