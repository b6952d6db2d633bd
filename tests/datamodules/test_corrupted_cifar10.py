"""Corrupted CIFAR-10 from folders, whose images tell their object."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.corrupted_cifar10 import CorruptedCIFAR10
from datamodules.storage import cifar10
from datamodules.storage.cifar10 import CLASSES


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 training and 10 test images of each class; red tells the class."""
    folder = tmp_path_factory.mktemp("cifar10")
    for part, count in (("train", 40), ("test", 10)):
        for code, name in enumerate(CLASSES):
            (folder / part / name).mkdir(parents=True)
            for number in range(count):
                pixels = np.full((32, 32, 3), 60, np.uint8)
                pixels[:, :, 0] = 10 * code
                Image.fromarray(pixels).save(folder / part / name / f"{number:04}.png")
    return folder


def loaded(root: Path, **options: object) -> CorruptedCIFAR10:
    data = CorruptedCIFAR10(root, batch_size=64, **options)  # type: ignore[arg-type]
    data.prepare_data()
    data.setup()
    return data


def test_images_have_their_class_and_every_tenth_is_for_validation(root: Path) -> None:
    data = loaded(root)
    assert [len(data.splits[name]) for name in ("train", "val", "test")] == [360, 40, 100]
    for split in data.splits.values():
        assert torch.equal(split.source[:, 0, 5, 5].long(), 10 * split.attributes[:, 0])
    assert data.splits["val"].attributes[:, 0].bincount().tolist() == [4] * 10
    assert data.attribute_space.names == ("object", "corruption")
    assert data.attribute_space.attributes[1].values[0] == "snow"
    assert loaded(root, kind=1).attribute_space.attributes[1].values[0] == "gaussian_noise"


def test_an_object_goes_with_its_corruption(root: Path) -> None:
    table = loaded(root, conflicting_share=0.2).splits["train"].attributes
    conflicting = float((table[:, 0] != table[:, 1]).double().mean())
    assert conflicting == pytest.approx(0.2, abs=0.07)
    free = loaded(root, conflicting_share=0.2).splits["test"].attributes
    assert float((free[:, 0] == free[:, 1]).double().mean()) < 0.25
    oracle = loaded(root, conflicting_share=0.2, oracle=True).splits["train"].attributes
    assert float((oracle[:, 0] == oracle[:, 1]).double().mean()) < 0.2


def test_the_true_counterfactual_is_the_same_image_corrupted_otherwise(root: Path) -> None:
    data = loaded(root, kind=1)
    batch = data.first("train", 20)
    targets = batch["attributes"].clone()
    targets[:, 1] = 9  # the original
    clean = data.counterfactual(batch, targets)
    assert torch.equal(clean, data.splits["train"].source[:20].float() / 255)
    same = data.counterfactual(batch, batch["attributes"])
    assert torch.allclose(same, batch["image"], atol=1e-6)


def test_what_is_missing_or_wrong_is_named(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(cifar10, "CIFAR10", offline)
    with pytest.raises(RuntimeError, match=r"no CIFAR-10 in .*nowhere .*put torchvision's"):
        CorruptedCIFAR10(tmp_path / "nowhere").prepare_data()
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "train/cat").mkdir(parents=True)
    Image.new("RGB", (32, 32)).save(tmp_path / "train/cat/1.png")
    with pytest.raises(ValueError, match=r"has \['cat'\] below train, expected \['airplane'"):
        loaded(tmp_path)
