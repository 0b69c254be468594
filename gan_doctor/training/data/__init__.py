"""The real data of the reference training, and its endless batches."""

from gan_doctor.training.data.batches import Batches
from gan_doctor.training.data.dataset import Dataset
from gan_doctor.training.data.gaussians import ring
from gan_doctor.training.data.kinds import DATA, DataKind, load

__all__ = ["DATA", "Batches", "DataKind", "Dataset", "load", "ring"]
