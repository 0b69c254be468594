"""What the doctor says of real logs that other people have left, beside what is known of the runs.

    python tests/benchmarks/real_logs.py --logs ../shared/logs --out docs/results

Writes `real_logs.md` and `real_logs.json`: the reader that was chosen, what it made of the log, the
verdict, and whether it agrees with the word of the author or of the FID; each also with the FID
withheld, where there is one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import gan_doctor
from gan_doctor.core import Diagnosis, Run, Source
from gan_doctor.readers import reader_for

JUDGED = ("fid", "author")  # what is known other than from the losses themselves


@dataclass(frozen=True)
class Row:
    """One log.

    Args:
        log: Its folder.
        known: healthy, failed, ambiguous or unknown.
        label: How that is known.
        word: What the author or the FID says.
        reader: The reader that was chosen.
        series: What it found, and how many values.
        clock: What a step is.
        verdict: Warnings and critical findings that stand.
        without_fid: The same with the FID withheld; None where there is none.
        agrees: Whether a failure was found, or a healthy run got nothing critical; None where
            nothing but the losses is known.
    """

    log: str
    known: str
    label: str
    word: str
    reader: str
    series: str
    clock: str
    verdict: tuple[str, ...]
    without_fid: tuple[str, ...] | None
    agrees: bool | None


def rows(folder: Path) -> Iterator[Row]:
    """All logs of the table in the folder's README."""
    for line in (folder / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 8 and (folder / cells[1]).is_dir():
            yield examined(folder / cells[1], cells[5], cells[6], cells[7])


def examined(log: Path, known: str, label: str, word: str) -> Row:
    """One of them."""
    run = gan_doctor.read(log)
    verdict = gan_doctor.diagnose(run)
    blind = without_fid(run)
    bad = [finding for finding in verdict.findings if finding.standing]
    found = any(finding.severity in ("warning", "critical") for finding in bad)
    agrees = {
        "failed": found,
        "healthy": not any(finding.severity == "critical" for finding in bad),
    }.get(known)
    return Row(
        log.name,
        known,
        label,
        word,
        reader_for(Source.of(log)).slug,
        ", ".join(f"{series.key} {len(series)}" for series in run.series),
        f"{run.clock}, {len(run.segments)} segments" if len(run.segments) > 1 else run.clock,
        said(verdict),
        None if len(blind.series) == len(run.series) else said(gan_doctor.diagnose(blind)),
        agrees if label.startswith(JUDGED) else None,
    )


def without_fid(run: Run) -> Run:
    """The run as its losses alone tell of it."""
    return replace(run, series=tuple(s for s in run.series if not s.key.name.startswith("metric/")))


def said(diagnosis: Diagnosis) -> tuple[str, ...]:
    """Code, severity and sentence of what stands."""
    return tuple(
        f"{finding.code} {finding.severity}: {finding.message}"
        for finding in diagnosis.findings
        if finding.standing and finding.severity != "info"
    )


def page(found: list[Row], command: str) -> str:
    """The table in Markdown."""
    judged = [row for row in found if row.agrees is not None]
    failed = [row for row in judged if row.known == "failed"]
    healthy = [row for row in judged if row.known == "healthy"]
    losses = [row for row in failed if row.without_fid is None or row.without_fid]
    lines = [
        "# Real logs of other people", "", f"`{command}`", "",
        f"Of {len(failed)} runs that have failed by their FID or their author's word, "
        f"{sum(bool(row.agrees) for row in failed)} are found, {len(losses)} of them also with the "
        f"FID withheld. Of {len(healthy)} that went well, "
        f"{sum(not row.agrees for row in healthy)} got a critical finding. Runs of which nothing "
        "but the losses is known are not counted.", "",
        "| log | reader | series and values | known | verdict | with the FID withheld | agrees |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in found:
        blind = "" if row.without_fid is None else "; ".join(row.without_fid) or "nothing"
        agrees = {True: "yes", False: "**no**", None: ""}[row.agrees]
        cells = (
            row.log, row.reader, f"{row.series} ({row.clock})", f"{row.word} ({row.label})",
            "; ".join(row.verdict) or "nothing", blind, agrees,
        )  # fmt: skip
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Reads all logs and writes what was said of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--logs", type=Path, required=True, help="the folder with the logs")
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    asked = parser.parse_args()
    found = list(rows(asked.logs))
    command = "python tests/benchmarks/real_logs.py --logs LOGS"
    table = {"command": command, "logs": [asdict(row) for row in found]}
    (asked.out / "real_logs.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    (asked.out / "real_logs.md").write_text(page(found, command), encoding="utf-8")
    print(page(found, command))


if __name__ == "__main__":
    main()
