"""The tables of benchmarks in Markdown are those of the kept cells."""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from tests.integration.test_cli import ROOT


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = spec_from_file_location("benchmark_tables", ROOT / "docs/benchmark_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "docs/benchmark.md"])
def test_tables_are_those_of_the_kept_cells(tables: ModuleType, page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "<!-- table: " in text
    assert tables.written(text) == text, "make tables"


def test_a_figure_that_is_no_longer_that_of_its_cell_is_written_anew(tables: ModuleType) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith("|") and "r = 0.99 " in line)
    assert tables.written(text.replace(row, row.replace("66.8", "99.9"))) == text
