"""Fixtures: real MNIST where it is; and in CI a test that is skipped fails the run."""

import os
from pathlib import Path

import pytest

from datamodules.storage import grey_digits
from tests.skips import NoSkips

os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    # Where files run side by side, the process that starts the others knows of all skips.
    if os.environ.get("CI") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NoSkips())


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """Folder that holds MNIST/raw; the test is skipped where there is none."""
    root = ROOT / grey_digits.mnist_root(Path("data"))
    if not (root / "MNIST" / "raw" / "train-images-idx3-ubyte").exists():
        pytest.skip(f"no MNIST/raw in {root}; name its folder in {grey_digits.DATA_VARIABLE}")
    return root
