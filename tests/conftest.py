"""Settings of all tests: one thread for each worker, no display, no deadline on a busy machine."""

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

settings.register_profile("gan_doctor", deadline=None)
settings.load_profile("gan_doctor")
