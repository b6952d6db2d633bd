"""Data for runs of a few updates."""

from pathlib import Path

import yaml

from tests.integration.test_cli import ROOT


def tiny_benchmark(folder: Path) -> list[str]:
    """Words of a benchmark of a few updates."""
    base = yaml.safe_load((ROOT / "experiments/base.yaml").read_text())
    base["trainer"]["log_every_n_steps"] = 1
    (folder / "base.yaml").write_text(yaml.safe_dump(base))
    words = ["benchmark", "-c", str(ROOT / "experiments/benchmarks/demo.yaml")]
    for name, part in {"generator": "conditional-vae", "classifier": "counterfactual"}.items():
        words += [f"--{name}", str(ROOT / f"experiments/{name}/{part}.yaml")]
    words += ["--base", str(folder / "base.yaml"), "--data", str(tiny_data(folder))]
    words += ["--folder", str(folder / "run"), "--generator_epochs", "1"]
    return [*words, "--classifier_epochs", "1", "--judge_steps", "2"]


def folder_of(words: list[str]) -> Path:
    """The folder of a benchmark's results."""
    return Path(words[words.index("--folder") + 1])


def tiny_data(folder: Path) -> Path:
    """Write a YAML of scikit-learn's digits with epochs of one batch."""
    data = yaml.safe_load((ROOT / "experiments/data/digits-colored.yaml").read_text())
    data["data"]["init_args"]["epoch_size"] = 128
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(data))
    return path
