"""The types that everything else speaks in; no torch here."""

from gan_doctor.core.config import Config, load_config
from gan_doctor.core.discovery import discover
from gan_doctor.core.errors import (
    ConfigError,
    GanDoctorError,
    MissingExtraError,
    MonitorWarning,
    ReadError,
    RunExistsError,
    UnknownNameError,
)
from gan_doctor.core.evenly import evenly
from gan_doctor.core.finding import (
    SEVERITIES,
    Diagnosis,
    Evidence,
    Finding,
    Missing,
    Outlook,
    Progress,
    Remedy,
    Severity,
    Verdict,
)
from gan_doctor.core.json_form import dumps, from_json, to_json
from gan_doctor.core.objective import FAMILIES, Objective
from gan_doctor.core.run import Event, Run, Samples, Segment, join
from gan_doctor.core.series import Band, FloatArray, Key, Series
from gan_doctor.core.setup import Latent, Network, OptimizerFacts, Setup, Upsampling
from gan_doctor.core.source import Source
from gan_doctor.core.vocabulary import VOCABULARY, Term, canonical

__all__ = [
    "FAMILIES",
    "SEVERITIES",
    "VOCABULARY",
    "Band",
    "Config",
    "ConfigError",
    "Diagnosis",
    "Event",
    "Evidence",
    "Finding",
    "FloatArray",
    "GanDoctorError",
    "Key",
    "Latent",
    "Missing",
    "MissingExtraError",
    "MonitorWarning",
    "Network",
    "Objective",
    "OptimizerFacts",
    "Outlook",
    "Progress",
    "ReadError",
    "Remedy",
    "Run",
    "RunExistsError",
    "Samples",
    "Segment",
    "Series",
    "Setup",
    "Severity",
    "Source",
    "Term",
    "UnknownNameError",
    "Upsampling",
    "Verdict",
    "canonical",
    "discover",
    "dumps",
    "evenly",
    "from_json",
    "join",
    "load_config",
    "to_json",
]
