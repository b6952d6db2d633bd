"""What several tests of the command line need, made once."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfaug.cli.main import main
from tests.integration.test_cli import fit
from tests.integration.tiny import tiny_benchmark


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words of a benchmark of a few updates, already run once."""
    words = tiny_benchmark(tmp_path_factory.mktemp("benchmark"))
    assert main(words) == 0
    return words


@pytest.fixture
def as_in_a_terminal() -> Iterator[None]:
    """Ctrl-C is not ignored, as it is where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each kind that nothing stopped."""
    folder = tmp_path_factory.mktemp("straight")
    for what in ("generator", "classifier"):
        assert fit(what, folder / what) == 0
    return folder
