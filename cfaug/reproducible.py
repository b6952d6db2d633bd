"""What makes a resumed run draw what it would have drawn."""

import os

import torch
from lightning.pytorch import LightningModule


class ReproducibleModule(LightningModule):
    """A module whose random numbers in an update follow from the seed, the update and the rank.

    Checkpoints hold no state of the random number generators, so a run that went on from one would
    otherwise draw other noise than the run that was never stopped.
    """

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Seed torch for the update: after the loader, which draws from the same generator."""
        seed = int(os.environ.get("PL_GLOBAL_SEED", "0"))  # where seed_everything leaves it
        torch.manual_seed((seed * 1_000_000_007 + self.global_step) * 1_009 + self.global_rank)
