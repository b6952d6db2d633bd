"""Fixtures: drawn faces in the layout of CelebA."""

from pathlib import Path

import pytest

from datamodules.drawn_faces import write_faces


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 60 faces, not to be changed."""
    root = tmp_path_factory.mktemp("celeba") / "faces"
    assert len(list(write_faces(root, 60, 0.6, 3))) == 60
    return root
