"""Networks and layers that a person can import into their own loop."""

from gan_doctor.nn.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_doctor.nn.mlp import MLPDiscriminator, MLPGenerator
from gan_doctor.nn.packing import pack, unpack
from gan_doctor.nn.spectral_norm import remove_spectral_norm, spectral_norm

__all__ = [
    "DCGANDiscriminator",
    "DCGANGenerator",
    "MLPDiscriminator",
    "MLPGenerator",
    "pack",
    "remove_spectral_norm",
    "spectral_norm",
    "unpack",
]
