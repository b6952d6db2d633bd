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
    words = tiny_words(folder, tiny_data(folder))
    words += ["--generators", f"[{','.join(map(str, generators))}]"]
    return [*words, "--methods", methods("erm", "balanced", "oracle")]


def tiny_words(folder: Path, data: Path) -> list[str]:
    """Words of a benchmark of a few updates, with the YAMLs of the repository."""
    experiments = ROOT / "experiments"
    words = ["benchmark", "-c", str(experiments / "benchmarks/demo.yaml")]
    words += ["--base", str(folder / "base.yaml"), "--data", f"[{data}]"]
    words += ["--methods", methods("erm", "balanced")]
    words += ["--with_counterfactuals", methods("erm")]
    words += ["--generators", f"[{experiments / 'generator/conditional-vae.yaml'}]"]
    words += ["--counterfactual", str(experiments / "classifier/counterfactual.yaml")]
    words += ["--folder", str(folder / "run"), "--generator_epochs", "1", "--seeds", "[0]"]
    return [*words, "--updates", "30", "--checks", "2", "--judge_steps", "2"]


def methods(*names: str) -> str:
    """The value of an option that names methods of the repository."""
    return f"[{','.join(str(ROOT / f'experiments/methods/{name}.yaml') for name in names)}]"


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
