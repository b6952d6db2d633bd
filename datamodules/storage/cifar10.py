"""CIFAR-10 (Krizhevsky, 2009), from torchvision's files or from folders of its classes."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.datasets import CIFAR10

from datamodules.storage.image_decoding import decode
from datamodules.storage.image_store import ImageStore, open_images

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
"""The objects, in the order of the labels."""

SIDE = 32
EVERY = 10
"""Every so many-th image of the training file is for validation."""

FOLDER = "cifar-10-batches-py"


def _store(root: Path) -> ImageStore | None:
    """The folders ``train`` and ``test`` with a folder for each class; None if there are none."""
    if (root / "images.zip").is_file():
        return open_images(root / "images.zip")
    return open_images(root) if (root / "train").is_dir() else None


def ensure_cifar10(root: Path) -> None:
    """Download CIFAR-10 unless it is there.

    Raises:
        RuntimeError: If it is neither there nor can be downloaded; says what to put where.
    """
    if _store(root) is not None or (root / FOLDER).is_dir():
        return
    was_there = root.exists()
    try:
        CIFAR10(root, download=True)
    except (OSError, RuntimeError) as error:
        if not was_there:
            with suppress(OSError):
                root.rmdir()
        msg = (
            f"no CIFAR-10 in {root} and it cannot be downloaded ({error}); put torchvision's "
            f"{FOLDER} there, or folders train/airplane, test/airplane and so on, or those in "
            "images.zip, or name another folder with --data.init_args.root"
        )
        raise RuntimeError(msg) from error


def load_cifar10(root: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """CIFAR-10 in splits; every tenth training image is for validation.

    Args:
        root: See `ensure_cifar10`.

    Returns:
        For train, val and test, images (N, 3, 32, 32) uint8 and labels (N,) int64, the places of
        the classes in `CLASSES`.

    Raises:
        ValueError: If a file is missing, damaged or of another size.
    """
    store = _store(root)
    parts = {
        name: _of_torchvision(root, name) if store is None else _of_store(store, name)
        for name in ("train", "test")
    }
    images, labels = parts["train"]
    is_val = torch.arange(len(images)) % EVERY == EVERY - 1
    return {
        "train": (images[~is_val], labels[~is_val]),
        "val": (images[is_val], labels[is_val]),
        "test": parts["test"],
    }


def _of_torchvision(root: Path, part: str) -> tuple[Tensor, Tensor]:
    try:
        data = CIFAR10(root, train=part == "train")
    except Exception as error:  # torchvision raises whatever the damage provokes
        msg = f"CIFAR-10 in {root / FOLDER} cannot be read ({error}); put intact files there"
        raise ValueError(msg) from error
    return torch.from_numpy(data.data).permute(0, 3, 1, 2), torch.tensor(data.targets)


def _of_store(store: ImageStore, part: str) -> tuple[Tensor, Tensor]:
    names = [name for name in store.listing()[0] if name.startswith(f"{part}/")]
    folders = [name.split("/")[1] for name in names]
    if set(folders) != set(CLASSES):
        msg = f"{store.path} has {sorted(set(folders))} below {part}, expected {list(CLASSES)}"
        raise ValueError(msg)
    images = np.empty((len(names), 3, SIDE, SIDE), np.uint8)
    for row, name in enumerate(names):
        where = f"{store.path}/{name}"
        images[row] = decode(store.read(name), where, SIDE, SIDE * SIDE, "expected 32 x 32").numpy()
    return torch.from_numpy(images), torch.tensor([CLASSES.index(folder) for folder in folders])
