"""The default generator: its module, its networks and its losses."""

from cfaug.generators.conditional_vae.conditional_vae import ConditionalVAE

__all__ = ["ConditionalVAE"]
