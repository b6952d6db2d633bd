"""What several tests of the command line need, made once."""

import pytest

from cfaug.cli.main import main
from tests.integration.tiny import tiny_benchmark


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words of a benchmark of a few updates, already run once."""
    words = tiny_benchmark(tmp_path_factory.mktemp("benchmark"))
    assert main(words) == 0
    return words
