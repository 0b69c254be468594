from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def test_two_runs_of_any_reader_are_compared(command: Any, sick_log: Path, clear_log: Path) -> None:
    answer = command("compare", sick_log, clear_log)
    assert answer.code == 0
    assert answer.out.startswith("[2] clear looks the healthier; [1] has non-finite (critical)")
    assert max(map(len, answer.out.splitlines())) <= 80
    foreign = clear_log.parent / "loss.csv"
    foreign.write_text("step,loss_d,loss_g\n" + "".join(f"{n},1.0,2.0\n" for n in range(300)))
    assert command("compare", sick_log, foreign, clear_log).code == 0


def test_json_is_all_that_is_printed(command: Any, sick_log: Path, clear_log: Path) -> None:
    answer = command("compare", sick_log, clear_log, "--json")
    assert [run["worst"] for run in json.loads(answer.out)["runs"]] == ["critical", None]


def test_what_cannot_be_read_or_is_alone_exits_with_2(command: Any, sick_log: Path) -> None:
    answer = command("compare", sick_log, "nowhere")
    assert answer.code == 2
    assert "nowhere" in answer.err
    assert command("compare", sick_log).code == 2


def test_detectors_can_be_chosen(command: Any, sick_log: Path, clear_log: Path) -> None:
    answer = command("compare", sick_log, clear_log, "--ignore", "GD101")
    assert "non-finite" not in answer.out


def test_it_loads_nothing_heavy(sick_log: Path, clear_log: Path) -> None:
    code = (
        "import sys\nfrom gan_doctor.cli import main\n"
        f"try: main(['compare', {str(sick_log)!r}, {str(clear_log)!r}])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'sklearn', 'matplotlib', 'scipy.stats', 'scipy.signal'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("heavy: []\n")
