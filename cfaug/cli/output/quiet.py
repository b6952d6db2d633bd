"""What Lightning and others say of every run, and users can do nothing about, is left out."""

import logging
import warnings

LOGGERS = ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed")
"""Those of the lines on devices, seeds, precision and reasons to stop; callbacks have others."""

WARNINGS = (
    "your dataloader is not resumable",  # the data module goes on where it was
    "LightningCLI's args parameter",  # the words of the process are passed on as they are
    r"isinstance\(treespec, LeafSpec\)",  # Lightning's own use of torch
    "You're using the WeightAveraging callback, but loading",  # a checkpoint holds the averages
    "The dirpath has changed",  # each run has a folder of its own
    "is not supported by the model summary",
    r"\s*Unable to serialize instance",  # what data tell the model need not be written
)
"""How they begin, or what they have in them."""


def be_quiet() -> None:
    """Leave out `WARNINGS`, and lines of `LOGGERS` below a warning; all else is said as before."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in WARNINGS:
        warnings.filterwarnings("ignore", message=f".*{message}")
