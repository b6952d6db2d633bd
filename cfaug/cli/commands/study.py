"""``cfaug study``: generators compared by what a classifier learns from them."""

from cfaug.benchmarking.study import Study, run
from cfaug.cli.main import run_command
from cfaug.cli.options import parse_dataclass


def main(args: list[str]) -> None:
    """Run the command."""
    study = parse_dataclass(Study, "study", "Compare generators.", args)
    run(study, ["cfaug", "study", *args], run_command)
