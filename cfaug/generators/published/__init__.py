"""Generators of other authors, to compare with, behind the same interface."""

from cfaug.generators.published.conditional_cycle_gan import ConditionalCycleGAN
from cfaug.generators.published.deep_scm import DeepSCM
from cfaug.generators.published.star_gan import StarGAN

__all__ = ["ConditionalCycleGAN", "DeepSCM", "StarGAN"]
