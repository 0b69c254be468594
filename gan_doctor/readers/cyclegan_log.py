"""The loss_log.txt of CycleGAN and pix2pix."""

from __future__ import annotations

import re

from gan_doctor.core import Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._lines import read_text
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._text_files import beginning, file_to_read, is_text, surest_file

__all__ = ["CycleGANLogReader"]

_PATTERNS = ("*loss_log*.txt",)
_ROW = re.compile(rb"\(epoch: *\x01, iters: *\x01,")
_PRINTED = re.compile(rb"\(epoch: *\d+, iters: *\d+,")
_HEADER = re.compile(rb"=+ Training Loss \(.*\) =+")
# D_real and D_fake are losses here; with ESRGAN they are what D says.
_DIALECT = {
    "D_real": "loss/d/real",
    "D_fake": "loss/d/fake",
    "D_real_?": "loss/d/real",
    "D_fake_?": "loss/d/fake",
}


class CycleGANLogReader(Reader):
    """The `loss_log.txt` of pytorch-CycleGAN-and-pix2pix.

    What it reads:
        Lines such as `(epoch: 1, iters: 100, time: 0.198, data: 0.278) D_A: 0.255 G_A: 0.322`. Its
        `iters` begin anew with each epoch; steps are counted through. `D_A` and `D_B` are two
        players. pix2pix prints `D_real` and `D_fake`, both losses, and D's loss is their sum; the
        D that it trains has half of it. A last line without its end is torn and left out.

    What it leaves out:
        The headers that each start of the training writes, `time`, `data`, and the losses beside
        the adversarial one, such as `cycle_A` and `G_L1`.
    """

    title = "CycleGAN / pix2pix loss log"
    files = "loss_log.txt"

    def score(self, source: Source) -> float:
        """Nearly sure of its lines, fairly of its headers alone."""
        return surest_file(source, _PATTERNS, _sure)[1]

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        file = file_to_read(source, _PATTERNS, _sure)
        return read_text(source, file, since, Naming(self.told, _DIALECT), _ROW)


def _sure(source: Source, file: str) -> float:
    head = beginning(source, file)
    if not is_text(head):
        return 0.0
    return 0.9 if _PRINTED.search(head) else 0.5 if _HEADER.match(head) else 0.0
