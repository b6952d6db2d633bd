"""With ``test_on: val`` both test sets are of validation images, and no test image is anywhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from datamodules.base import AttributeDataModule
from datamodules.celeba import CelebA
from datamodules.digits import ConfoundedDigits
from datamodules.drawn_faces import Faces
from datamodules.folder import ImagesWithTable
from datamodules.rendering.renderers import Color
from datamodules.storage.grey_digits import load_sklearn_digits, resize
from tests.datamodules.test_folder import loaded

SPLITS = "train", "val", "test", "test_confounded"


def images_of(pictures: Tensor) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in pictures}


def test_no_test_digit_is_in_any_split() -> None:
    data = ConfoundedDigits([Color()], source="digits", size=16, test_on="val")
    data.setup()
    digits = load_sklearn_digits()
    kept, val = (images_of(resize(digits[name][0], 16)) for name in ("test", "val"))
    assert len(kept) > 390
    seen = {name: images_of(data.splits[name].pictures(torch.arange(97))) for name in SPLITS}
    assert seen["test"] == seen["test_confounded"] == seen["val"] == val
    everything = images_of(data.splits["train"].source) | val
    assert not everything & kept
    usual = ConfoundedDigits([Color()], source="digits", size=16)
    usual.setup()
    assert images_of(usual.splits["test"].source) == kept


def files(data: AttributeDataModule, split: str) -> set[int]:
    index = data.splits[split].index
    return set(index(torch.arange(len(data.splits[split]))).tolist())


def own(people: Path, faces: Path, *, test_on: str) -> ImagesWithTable:
    return loaded(people, test_on=test_on)


def celeba(people: Path, faces: Path, *, test_on: str) -> CelebA:
    data = CelebA(faces, "Smiling", ("Beard",), size=16, test_on=test_on)
    data.setup()
    return data


def drawn(people: Path, faces: Path, *, test_on: str) -> Faces:
    data = Faces(faces, "Smiling", ("Beard",), size=16, test_on=test_on)
    data.setup()
    return data


@pytest.mark.parametrize("load", [own, celeba, drawn])
def test_no_test_image_of_files_is_in_any_split(
    load: Callable[..., AttributeDataModule], people: Path, faces: Path
) -> None:
    usual, redraw = (load(people, faces, test_on=name) for name in ("test", "val"))
    count = 60 if load is drawn else 10**6  # faces drawn anew count on from the last
    kept = files(usual, "test_confounded")
    seen = {name: {index % count for index in files(redraw, name)} for name in SPLITS}
    assert len(kept) > 5
    assert not kept & set().union(*seen.values())
    assert seen["test"] <= seen["test_confounded"] == seen["val"] == files(usual, "val")
    assert files(redraw, "train") == files(usual, "train")
    assert len(redraw.splits["test"]) == len(redraw.splits["val"])


def test_groups_of_celeba_are_told_as_the_files_have_them(
    faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for test_on in ("test", "val"):
        celeba(faces, faces, test_on=test_on)
        told.append([line for line in capsys.readouterr().err.splitlines() if "; Smiling" in line])
    assert len(told[0]) == 3
    assert told[0] == told[1]


def test_a_weak_redraw_asks_for_validation_images(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(people, test_on="val")
    told = " ".join(capsys.readouterr().err.split())
    assert "figures of the resampled test set of" in told
    assert told.endswith("; add val images of what is rare")


def test_test_sets_are_called_what_they_are(people: Path, faces: Path) -> None:
    names = [load(people, faces, test_on="test").test_sets[0] for load in (own, celeba, drawn)]
    assert names == ["resampled", "resampled", "unconfounded"]
    digits = ConfoundedDigits([Color()], source="digits", size=16)
    assert digits.test_sets == ("unconfounded", "confounded")
    assert loaded(people).unconfounded() is None  # nobody can draw them anew
