"""Each precision of Lightning's trains, or is refused in one line that names those that do."""

from pathlib import Path
from typing import get_args

import pytest
from lightning.fabric.connector import _PRECISION_INPUT

from cfaug.cli.main import main
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, GENERATOR, SHORT, last, logger
from tests.integration.test_errors import fails

NAMES = [str(name) for kind in get_args(_PRECISION_INPUT) for name in get_args(kind)]
TRAINED = {"bf16-mixed", "16-mixed", "32-true", "bf16", "16", "32"}
FIT = {"generator": GENERATOR, "classifier": CLASSIFIER}


def test_all_of_lightnings_are_known() -> None:
    assert set(NAMES) > TRAINED | {"bf16-true", "16-true", "64-true", "64", "transformer-engine"}


# Lightning wishes for other names of some, and has no half precision on a CPU.
@pytest.mark.filterwarnings("ignore:`precision=(bf16|16|32|64)` is supported for historical")
@pytest.mark.filterwarnings("ignore:You passed `Trainer.accelerator='cpu', precision='16")
@pytest.mark.parametrize("what", FIT)
@pytest.mark.parametrize("name", sorted({*NAMES, "null", "8-true"}))
def test_a_precision_trains_or_is_refused(
    what: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [what, "fit", *BASE, *DATA, *FIT[what], *SHORT, *logger(tmp_path)]
    words += ["--trainer.max_epochs", "1", "--trainer.precision", name]
    if name in TRAINED | {"null"}:
        assert main(words) == 0
        assert last(tmp_path)["global_step"] == 4
        return
    message = fails(words, capsys)
    if name in NAMES:
        told = f"--trainer.precision is {name}, expected one of bf16-mixed, 16-mixed, 32-true"
        assert message == f"cfaug: error: {told}"
    assert not list(tmp_path.iterdir())
