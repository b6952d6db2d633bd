"""Grey digits to render: real MNIST, or the digits that scikit-learn carries."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F
from torchvision.datasets import MNIST

Source = Literal["mnist", "digits"]
Protocol = Literal["standard", "cgn"]
Splits = dict[str, tuple[Tensor, Tensor]]

DATA_VARIABLE = "CFAUG_DATA"
"""Environment variable with the folder that holds ``MNIST/raw`` on this machine."""

_MNIST_SIZES = {True: 60_000, False: 10_000}


def mnist_root(root: Path) -> Path:
    """The folder that a root stands for: ``data``, that of `DATA_VARIABLE` where it is set."""
    return Path(os.environ.get(DATA_VARIABLE) or root) if root == Path("data") else root


def ensure_mnist(root: Path) -> None:
    """Download MNIST unless it is there.

    Raises:
        RuntimeError: If it is neither there nor can be downloaded; says what to put where.
    """
    folder = root / "MNIST" / "raw"
    if all((folder / Path(name).stem).is_file() for name, _ in MNIST.resources):
        return
    missing = [path for path in (folder, folder.parent, root) if not path.exists()]
    try:
        MNIST(root, download=True)
    except (OSError, RuntimeError) as error:
        for path in missing:  # torchvision made them before it looked for a connection
            with suppress(OSError):
                path.rmdir()
        files = ", ".join(f"{name}.gz" for name, _ in MNIST.resources).replace(".gz.gz", "[.gz]")
        msg = (
            f"no MNIST in {folder} and it cannot be downloaded ({error}); "
            f"put the four files {files} there, or name another folder with "
            f"--data.init_args.root or {DATA_VARIABLE}, or use scikit-learn's with "
            "--data.init_args.source digits"
        )
        raise RuntimeError(msg) from error


def load_mnist(root: Path, protocol: Protocol = "standard") -> Splits:
    """Real MNIST in splits.

    Args:
        root: Folder that holds ``MNIST/raw`` in torchvision's layout.
        protocol: ``standard`` takes the last 5,000 images of the training file for validation;
            ``cgn`` its last 10,000 for testing, and the test file for validation.

    Returns:
        For train, val and test, images (N, 1, 28, 28) uint8 and labels (N,) int64.

    Raises:
        RuntimeError: If a file is missing, cut short or damaged.
    """
    files: dict[bool, tuple[Tensor, Tensor]] = {}
    for train, size in _MNIST_SIZES.items():
        try:
            data = MNIST(root, train=train)
            files[train] = data.data[:, None], data.targets
        except Exception as error:  # torchvision raises whatever the damage provokes
            folder = root / "MNIST" / "raw"
            msg = f"MNIST in {folder} cannot be read ({error}); put intact files there"
            raise RuntimeError(msg) from error
        shapes = tuple(files[train][0].shape), tuple(files[train][1].shape)
        if shapes != ((size, 1, 28, 28), (size,)):
            msg = (
                f"MNIST in {root / 'MNIST' / 'raw'} is damaged: the {'train' if train else 'test'} "
                f"images and labels have shapes {shapes}, expected {size} of 28 x 28"
            )
            raise RuntimeError(msg)
    images, labels = files[True]
    kept = 55_000 if protocol == "standard" else 50_000
    last = images[kept:], labels[kept:]
    val, test = (last, files[False]) if protocol == "standard" else (files[False], last)
    return {"train": (images[:kept], labels[:kept]), "val": val, "test": test}


def load_sklearn_digits() -> Splits:
    """The 1,797 digits of scikit-learn: 1,300 for training, 97 for validation, 400 for test.

    They come 8 x 8 and are enlarged to 16 x 16. The split is drawn once for all seeds.

    Returns:
        For train, val and test, images (N, 1, 16, 16) uint8 and labels (N,) int64.
    """
    digits = load_digits()
    grey = torch.from_numpy(digits.images).float()[:, None] * (255 / 16)
    grey = F.interpolate(grey, size=(16, 16), mode="bicubic").round().clamp(0, 255).byte()
    labels = torch.from_numpy(digits.target).long()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    parts = torch.split(order, [1300, 97, 400])
    names = ("train", "val", "test")
    return {name: (grey[rows], labels[rows]) for name, rows in zip(names, parts, strict=True)}


def resize(images: Tensor, size: int) -> Tensor:
    """Bring grey images to a size: padded with black where it is a few pixels larger, else scaled.

    Args:
        images: (N, 1, H, H) uint8.
        size: Wanted side in pixels.

    Returns:
        (N, 1, size, size) uint8.
    """
    side = images.shape[-1]
    if size == side:
        return images
    if side < size <= side + 4 and (size - side) % 2 == 0:
        return F.pad(images, [(size - side) // 2] * 4)
    scaled = F.interpolate(images.float(), size=(size, size), mode="bilinear", antialias=True)
    return scaled.round().byte()
