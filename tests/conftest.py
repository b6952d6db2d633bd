"""Fixtures: real MNIST where it is, and command lines run in this process."""

import os
from pathlib import Path

import pytest

os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"

ROOT = Path(__file__).parents[1]
MNIST_PLACES = (ROOT / "data", ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """Folder that holds MNIST/raw; the test is skipped where there is none."""
    for place in MNIST_PLACES:
        if (place / "MNIST" / "raw" / "train-images-idx3-ubyte").exists():
            return place
    pytest.skip("no real MNIST in data/MNIST/raw")
