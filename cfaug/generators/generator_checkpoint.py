"""Generators read back from their checkpoints."""

from importlib import import_module
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from cfaug.generators.base import Generator
from cfaug.training.checkpoints import read_checkpoint, unreadable
from cfaug.training.training_images import TRAINED_ON, tell_if_trained_on
from datamodules.base import AttributeDataModule

LAST = Path("last")
"""Means the generator of the last run, see `find_generator`."""


def find_generator(path: Path) -> Path:
    """Find the checkpoint that a user names; for ``last``, print which one it is.

    Args:
        path: A checkpoint, or `LAST` for the newest ``last.ckpt`` below ``runs/generator``.

    Raises:
        ValueError: If the path is `LAST` and there is no run.
    """
    if path != LAST:
        return path
    folder = Path("runs", "generator")
    found = sorted(folder.glob("*/checkpoints/last.ckpt"), key=lambda file: file.stat().st_mtime)
    if not found:
        msg = f"no generator in {folder}; train one (`cfaug generator fit`), or name a checkpoint"
        raise ValueError(msg)
    rank_zero_only(print)(f"generator of the last run: {found[-1]}")
    return found[-1]


def load_generator(path: Path) -> Generator:
    """Load a generator of any class from a checkpoint, ready to edit.

    Raises:
        ValueError: If the file is missing, damaged, or not a generator's checkpoint.
    """
    checkpoint = read_checkpoint(path, "generator")
    try:
        arguments = dict(checkpoint["hyper_parameters"])
        generator = _generator_class(arguments["_class_path"])(
            **{name: value for name, value in arguments.items() if not name.startswith("_")}
        )
        generator.load_state_dict(checkpoint["state_dict"])
        generator.trained_on = checkpoint.get(TRAINED_ON)
    except Exception as error:  # a damaged file can raise anything
        raise unreadable(path, "generator", error) from error
    return generator.eval().requires_grad_(requires_grad=False)


def load_generator_for(path: Path, data: AttributeDataModule) -> Generator:
    """Load a generator and check that it can edit images of given data.

    It is told if the generator was trained on their test images.

    Args:
        path: The checkpoint.
        data: The data, set up.

    Raises:
        ValueError: If it cannot be read, or was trained for other attributes or images.
    """
    generator, what = load_generator(path), f"the generator {path}"
    generator.require_made_for(data.attribute_space, data.image_shape, what)
    rank_zero_only(tell_if_trained_on)(generator.trained_on, data, what)
    return generator


def _generator_class(path: str) -> type[Generator]:
    # Lightning's load_from_checkpoint cannot start from an abstract class. A checkpoint may only
    # name code in this package, for safety.
    module, _, name = path.rpartition(".")
    if not f"{module}.".startswith("cfaug.generators."):
        msg = f"{path} is not in cfaug.generators"
        raise ValueError(msg)
    found = getattr(import_module(module), name)
    if not issubclass(found, Generator):
        msg = f"{path} is not a generator"
        raise TypeError(msg)
    generator_class: type[Generator] = found
    return generator_class
