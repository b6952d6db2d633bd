"""Data for runs of a few updates."""

from pathlib import Path

import yaml

from tests.integration.test_cli import ROOT


def tiny_benchmark(folder: Path) -> list[str]:
    """Words of a benchmark of two generators and a few updates."""
    base = yaml.safe_load((ROOT / "experiments/base.yaml").read_text())
    base["trainer"]["log_every_n_steps"] = 1
    (folder / "base.yaml").write_text(yaml.safe_dump(base))
    generator = yaml.safe_load((ROOT / "experiments/generator/conditional-vae.yaml").read_text())
    generators = [folder / f"beta-{beta}.yaml" for beta in (0.1, 1.0)]
    for path, beta in zip(generators, (0.1, 1.0), strict=True):
        generator["model"]["init_args"] = {"beta": beta}
        path.write_text(yaml.safe_dump(generator))
    words = ["benchmark", "-c", str(ROOT / "experiments/benchmarks/demo.yaml")]
    words += ["--generators", f"[{','.join(map(str, generators))}]"]
    words += ["--classifier", str(ROOT / "experiments/classifier/counterfactual.yaml")]
    words += ["--base", str(folder / "base.yaml"), "--data", str(tiny_data(folder))]
    words += ["--folder", str(folder / "run"), "--generator_epochs", "1", "--seeds", "[0]"]
    return [*words, "--classifier_epochs", "1", "--judge_steps", "2"]


def folder_of(words: list[str]) -> Path:
    """The folder of a benchmark's results."""
    return Path(words[words.index("--folder") + 1])


def cell_of(words: list[str], name: str) -> Path:
    """The folder of the runs of a cell."""
    return folder_of(words) / ("r-0.0" if name == "oracle" else "r-0.95") / name / "seed-0"


def tiny_data(folder: Path) -> Path:
    """Write a YAML of scikit-learn's digits with epochs of one batch."""
    data = yaml.safe_load((ROOT / "experiments/data/digits-colored.yaml").read_text())
    data["data"]["init_args"]["epoch_size"] = 128
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(data))
    return path
