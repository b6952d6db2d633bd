"""The one interface of all generators."""

from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from cfaug.reproducible import ReproducibleModule
from datamodules.attributes import AttributeSpace


class Generator(ReproducibleModule, ABC):
    """Edits any attribute of an image to any value.

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images; linked from the data module.
    """

    def __init__(self, attribute_space: AttributeSpace, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.attribute_space = attribute_space
        self.image_shape = image_shape

    @abstractmethod
    def edit(self, images: Tensor, attributes: Tensor, targets: Tensor) -> Tensor:
        """Counterfactuals of images.

        Args:
            images: (B, 3, H, W) float32 in [0, 1].
            attributes: (B, K) int64 codes the images have.
            targets: (B, K) int64 codes they are to have.

        Returns:
            (B, 3, H, W) float32 in [0, 1].
        """


def load_generator(path: Path) -> Generator:
    """Load a generator from a checkpoint, whatever its class, ready to edit.

    Raises:
        ValueError: If the file is missing, damaged, or not a generator's checkpoint.
    """
    if not path.is_file():
        msg = f"no generator checkpoint at {path}; train one with `make train-generator`"
        raise ValueError(msg)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        arguments = dict(checkpoint["hyper_parameters"])
        generator = _generator_class(arguments["_class_path"])(
            **{name: value for name, value in arguments.items() if not name.startswith("_")}
        )
        generator.load_state_dict(checkpoint["state_dict"])
    except Exception as error:  # whatever the damage provokes
        reason = " ".join(str(error).split())[:200]
        msg = f"{path} is not a readable generator checkpoint ({type(error).__name__}: {reason})"
        raise ValueError(msg) from error
    return generator.eval().requires_grad_(requires_grad=False)


def load_generator_for(
    path: Path, space: AttributeSpace, image_shape: tuple[int, int, int]
) -> Generator:
    """Load a generator that is to edit images of given data.

    Raises:
        ValueError: If it cannot be read, or was made for other attributes or images.
    """
    generator = load_generator(path)
    space.require_same(generator.attribute_space, f"the generator {path}")
    if tuple(generator.image_shape) != tuple(image_shape):
        msg = (
            f"the generator {path} was made for images of {tuple(generator.image_shape)}, the "
            f"data have {tuple(image_shape)}; set --data.init_args.size to match"
        )
        raise ValueError(msg)
    return generator


def _generator_class(path: str) -> type[Generator]:
    # Lightning's load_from_checkpoint cannot start from an abstract class. A file is not trusted to
    # name code outside this package.
    module, _, name = path.rpartition(".")
    if not module.startswith("cfaug.generators."):
        msg = f"{path} is not in cfaug.generators"
        raise ValueError(msg)
    found = getattr(import_module(module), name)
    if not issubclass(found, Generator):
        msg = f"{path} is not a generator"
        raise TypeError(msg)
    generator_class: type[Generator] = found
    return generator_class
