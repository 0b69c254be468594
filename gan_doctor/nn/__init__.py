"""Networks and layers that a person can import into their own loop."""

from gan_doctor.nn._named_layers import Norm
from gan_doctor.nn.ada import AdaptiveAugment
from gan_doctor.nn.attention import SelfAttention
from gan_doctor.nn.augment import diff_augment
from gan_doctor.nn.class_discriminator import ClassDiscriminator
from gan_doctor.nn.conditional import (
    ConditionalGenerator,
    ProjectionDiscriminator,
    condition_embedding,
)
from gan_doctor.nn.dcgan import DCGANDiscriminator, DCGANGenerator
from gan_doctor.nn.decay import l1_penalty, parameter_groups
from gan_doctor.nn.discriminator import Discriminator
from gan_doctor.nn.ema import ExponentialAverage, stylegan_decay
from gan_doctor.nn.gating import SeparationGate
from gan_doctor.nn.image_pool import ImagePool
from gan_doctor.nn.initial import normal_init
from gan_doctor.nn.instance_noise import annealed, instance_noise
from gan_doctor.nn.labels import flipped, noisy_labels
from gan_doctor.nn.maxout import LinearMaxout, MaxoutDiscriminator
from gan_doctor.nn.minibatch import MinibatchDiscrimination, MinibatchStdDev
from gan_doctor.nn.mlp import MLPDiscriminator, MLPGenerator
from gan_doctor.nn.multi_generator import MultiGenerator, with_classifier
from gan_doctor.nn.optimistic import OptimisticAdam
from gan_doctor.nn.packing import pack, unpack
from gan_doctor.nn.replay_buffer import Mixed, ReplayBuffer
from gan_doctor.nn.resnet import ResNetDiscriminator, ResNetGenerator
from gan_doctor.nn.spectral_norm import remove_spectral_norm, spectral_norm
from gan_doctor.nn.top_k import annealed_share, top_k
from gan_doctor.nn.upsampling import ResizeConv, SubPixelConv, Upsampling, icnr_, upsampling_layer
from gan_doctor.nn.weight_clipping import clip_weights

__all__ = [
    "AdaptiveAugment",
    "ClassDiscriminator",
    "ConditionalGenerator",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "Discriminator",
    "ExponentialAverage",
    "ImagePool",
    "LinearMaxout",
    "MLPDiscriminator",
    "MLPGenerator",
    "MaxoutDiscriminator",
    "MinibatchDiscrimination",
    "MinibatchStdDev",
    "Mixed",
    "MultiGenerator",
    "Norm",
    "OptimisticAdam",
    "ProjectionDiscriminator",
    "ReplayBuffer",
    "ResNetDiscriminator",
    "ResNetGenerator",
    "ResizeConv",
    "SelfAttention",
    "SeparationGate",
    "SubPixelConv",
    "Upsampling",
    "annealed",
    "annealed_share",
    "clip_weights",
    "condition_embedding",
    "diff_augment",
    "flipped",
    "icnr_",
    "instance_noise",
    "l1_penalty",
    "noisy_labels",
    "normal_init",
    "pack",
    "parameter_groups",
    "remove_spectral_norm",
    "spectral_norm",
    "stylegan_decay",
    "top_k",
    "unpack",
    "upsampling_layer",
    "with_classifier",
]
