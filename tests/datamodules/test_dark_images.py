"""Images of 16 bits that hold fewer are told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.folder import ImagesWithTable


def set_up(folder: Path, largest: int, kind: type = np.uint16, ending: str = "png") -> None:
    """Set up 60 images whose values go up to one, the last of them damaged."""
    for row in range(60):
        path = folder / "images" / "ab"[row % 2] / f"{row}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.linspace(0, largest * (row + 1) / 60, 64).reshape(8, 8)
        Image.fromarray(values.astype(kind)).save(path)
    path.write_bytes(b"damaged")
    data = ImagesWithTable(folder / "images", "kind", size=8)
    data.setup()
    data.setup()  # once is told


@pytest.mark.parametrize("ending", ["png", "TIFF"])
@pytest.mark.parametrize(("bits", "factor"), [(12, 16), (14, 4)])
def test_images_that_use_few_of_16_bits_are_told(
    bits: int, factor: int, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path, 2**bits - 1, ending=ending)
    told = capsys.readouterr().err
    assert told.startswith(f"images of {tmp_path}/images come out dark: they have 16 bits, and the")
    assert told.endswith(
        f" of 65,535; if they hold {bits} bits, save their values multiplied by {factor}\n"
    )
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("largest", "kind"),
    [(2**16 - 1, np.uint16), (2**15, np.uint16), (30, np.uint8), (0, np.uint16)],
)
def test_images_that_use_their_bits_are_not_told(
    largest: int, kind: type, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path, largest, kind)
    assert capsys.readouterr().err == ""
