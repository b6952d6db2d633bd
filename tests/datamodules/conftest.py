"""Fixtures: own images, and drawn faces in the layout of CelebA."""

from pathlib import Path

import pytest

from datamodules.drawn_faces import write_faces
from tests.people import write_people


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 60 faces, not to be changed."""
    root = tmp_path_factory.mktemp("celeba") / "faces"
    assert len(list(write_faces(root, 60, 0.6, 3))) == 60
    return root


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 200 images and a table, not to be changed."""
    return write_people(tmp_path_factory.mktemp("people"))
