"""What a training printed, of any of the usual shapes."""

from __future__ import annotations

import re

from gan_doctor.core import Run, Source
from gan_doctor.readers._base import Cursor, Reader
from gan_doctor.readers._lines import Lines, read_text
from gan_doctor.readers._naming import Naming
from gan_doctor.readers._text_files import beginning, ending, file_to_read, is_text, surest_file

__all__ = ["PrintedTextReader"]

_PATTERNS = ("*.log", "*.txt", "*.out")
# Letters that lucidrains' GANs print alone, and what coqui's vocoders call the parts of G's loss.
DIALECT = {"D": "loss/d", "G": "loss/g", "G_gen_loss": "loss/g", "G_l1_spec_loss": ""}
_JSON = re.compile(rb"\s*(?:\{\s*\"|\[\s*\{)")


class PrintedTextReader(Reader):
    """Text that a training printed to a file or a pipe, of any of the usual shapes.

    What it reads:
        Lines with numbers that have names: `Loss_D: 0.52`, `D_loss=0.3`, `[D loss: 0.7, acc: 50%]`,
        `D(G(z)): 0.3 / 0.1`, `discrim_loss nan`. Where in the training a line stands is told by
        words such as epoch, step, iteration and batch, by brackets such as `[0/20][10/32]`, by a
        progress bar, by a number that the line begins with, or by a line before it that tells
        nothing else. nan and inf are values; N/A, None and no are none. A percentage is divided by
        100. A name that several brackets of a line share gets the first word of its bracket.

        A carriage return ends a line as well: each state of a progress bar is a row, and of several
        at one step the last one counts. Lines with only part of the values, such as those that tell
        the FID, stand where the line before them stood. A last line without its end is torn, for
        the next number may be half written: it is left out with a note until it has one.

    What it leaves out:
        Dates, times, durations and rates; the best value so far; pages of settings before the first
        row of a loss; lines over 1 MiB and lines with NUL bytes, with a note. A loss after the word
        validation or test is not the training's.

    When it is wrong:
        Names that it does not know are listed. Say what they are with --map TAG=SERIES.
    """

    title = "Printed text"
    files = "what a training printed: *.log, *.txt"

    def score(self, source: Source) -> float:
        """Fairly sure where it finds losses of D or G with their place, less so of a directory."""
        _, sure = surest_file(source, _PATTERNS, self._sure)
        return sure * 0.8 if source.is_dir() else sure

    def read(self, source: Source, since: Cursor | None = None) -> tuple[Run, Cursor]:
        """Reads the log, going on from where an earlier reading ended."""
        file = file_to_read(source, _PATTERNS, self._sure)
        return read_text(source, file, since, self._naming)

    @property
    def _naming(self) -> Naming:
        return Naming(told=self.told, dialect=DIALECT)

    def _sure(self, source: Source, file: str) -> float:
        """Sure by its first or last lines; a log may begin with pages of settings."""
        head = beginning(source, file)
        if not is_text(head):
            return 0.0
        sure = 0.0
        for text in (head, ending(source, file)):
            lines = Lines(self._naming)
            lines.take(text)
            sure = max(sure, lines.sureness())
        if _JSON.match(head):
            return 0.1 if sure > 0.5 else 0.0
        return sure
