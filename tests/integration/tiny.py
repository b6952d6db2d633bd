"""Data for runs of a few updates."""

from pathlib import Path

import yaml

from tests.integration.test_cli import ROOT


def tiny_data(folder: Path) -> Path:
    """Write a YAML of scikit-learn's digits with epochs of one batch."""
    data = yaml.safe_load((ROOT / "experiments/data/digits-colored.yaml").read_text())
    data["data"]["init_args"]["epoch_size"] = 128
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(data))
    return path
