"""The site builds without a warning: no broken link, reference or docstring."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.test_cli import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    shutil.rmtree(ROOT / "docs/_reference", ignore_errors=True)  # of modules that are gone
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q"]
    command += ["-d", str(folder / "doctrees"), "docs", str(folder / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    return folder / "html"


def test_every_module_is_in_the_reference(site: Path) -> None:
    for package in ("cfaug", "datamodules"):
        for path in (ROOT / package).rglob("*.py"):
            if not path.stem.startswith("_"):
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                assert f'id="module-{name}"' in (site / f"_reference/{name}.html").read_text()


def test_docstrings_link_to_each_other(site: Path) -> None:
    page = (site / "_reference/cfaug.generators.conditional_vae.conditional_vae.html").read_text()
    assert (
        "cfaug.generators.conditional_vae.value_vectors.html#cfaug.generators.conditional_vae.value_vectors.ValueVectors"
        in page
    )


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for tag in ("<script src=", '<link rel="stylesheet"', "<img "):
            for part in page.read_text().split(tag)[1:]:
                assert "//" not in part[: part.index(">")], (page, part[:200])
