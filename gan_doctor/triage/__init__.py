"""A whole sweep at a glance: which run to stop, which to look at, which to leave alone."""

from gan_doctor.triage.rows import FIELDS, Group, Row, groups
from gan_doctor.triage.sweep import Sweep
from gan_doctor.triage.where import where

__all__ = ["FIELDS", "Group", "Row", "Sweep", "groups", "where"]
