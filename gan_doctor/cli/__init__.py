"""The command line: a command parses, makes one call into the library, and shows what came.

Nothing slow is imported before a command runs: `gan-doctor --help` needs neither torch nor NumPy.
"""

from gan_doctor.cli.app import app, main

__all__ = ["app", "main"]
