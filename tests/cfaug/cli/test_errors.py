import sys

import pytest
import torch

from cfaug.classifiers.objectives.environments.risks import mean_by
from cfaug.cli.errors import run_reporting_errors
from datamodules.attributes import Attribute


def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def bad_input() -> None:
        Attribute("color", ("red",))

    assert run_reporting_errors(bad_input) == 1
    message = capsys.readouterr().err
    assert message.startswith("cfaug: error: attribute 'color' has 1 value(s) ['red']")
    assert message.count("\n") == 1


def test_a_defect_keeps_its_traceback() -> None:
    def defect() -> None:  # torch refuses shapes in a line of the package
        mean_by(torch.ones(2), torch.ones(4, dtype=torch.long))

    with pytest.raises(RuntimeError, match="index"):
        run_reporting_errors(defect)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("is killed by signal: Bus error. It is possible that", True),
        ("is killed by signal: Killed. ", True),
        ("exited unexpectedly", True),
        ("is killed by signal: Segmentation fault. ", False),
    ],
)
def test_loaders_that_are_short_of_memory_are_told(
    how: str, *, told: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended() -> None:  # in a line of torch's
        exec("raise RuntimeError(f'DataLoader worker (pid 7) {how}')", {"how": how})

    if told:
        assert run_reporting_errors(ended) == 1
        assert "shared memory (/dev/shm), is short; set --data.init" in capsys.readouterr().err
    else:
        with pytest.raises(RuntimeError, match="Segmentation"):
            run_reporting_errors(ended)


def test_ctrl_c_is_told_from_an_exit(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise SystemExit(1) from None

    assert run_reporting_errors(interrupted) == 130
    assert capsys.readouterr().err == "cfaug: stopped\n"
    with pytest.raises(SystemExit):
        run_reporting_errors(sys.exit)
