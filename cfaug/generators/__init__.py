"""Generators: they edit any attribute of an image to any value."""

from cfaug.generators.base import Generator
from cfaug.generators.conditional_vae import ConditionalVAE
from cfaug.generators.generator_checkpoint import load_generator, load_generator_for
from cfaug.generators.published import ConditionalCycleGAN, DeepSCM, StarGAN

__all__ = [
    "ConditionalCycleGAN",
    "ConditionalVAE",
    "DeepSCM",
    "Generator",
    "StarGAN",
    "load_generator",
    "load_generator_for",
]
