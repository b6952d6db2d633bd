"""Classifiers read back from their checkpoints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfaug.classifiers.classifier import Classifier
from cfaug.networks.backbones.choice import is_own
from cfaug.training.checkpoints import read_checkpoint, unreadable
from cfaug.training.training_images import TRAINED_ON, tell_if_trained_on
from datamodules.attributes import AttributeSpace
from datamodules.base import AttributeDataModule


def load_classifier_for(
    path: Path,
    space: AttributeSpace,
    image_shape: tuple[int, int, int],
    own_backbone: str | None = None,
) -> Classifier:
    """Load a classifier and check that it can read images of given data.

    Args:
        path: The checkpoint.
        space: The attributes of the data.
        image_shape: (3, H, W) of their images.
        own_backbone: The class of a network that is not of this package, if the checkpoint may name
            it, see `require_known_backbone`.

    Raises:
        ValueError: If the file cannot be read, is not of a classifier, or was trained for other
            attributes or images, or names a network that it may not.
    """
    checkpoint = read_checkpoint(path, "classifier")
    arguments = checkpoint["hyper_parameters"]
    require_known_backbone(arguments, own_backbone, path)
    try:
        classifier = Classifier(
            **{name: value for name, value in arguments.items() if not name.startswith("_")}
        )
        classifier.load_state_dict(checkpoint["state_dict"])
        classifier.trained_on = checkpoint.get(TRAINED_ON)
    except Exception as error:  # another module's arguments or weights
        raise unreadable(path, "classifier", error) from error
    classifier.require_made_for(space, image_shape, f"the classifier {path}")
    return classifier.eval().requires_grad_(requires_grad=False)


def load_classifier_to_test(
    path: Path, data: AttributeDataModule, own_backbone: str | None = None
) -> Classifier:
    """Load a classifier for given data; it is told if it was trained on their test images.

    Args:
        path: The checkpoint.
        data: The data, set up.
        own_backbone: See `load_classifier_for`.

    Raises:
        ValueError: See `load_classifier_for`.
    """
    classifier = load_classifier_for(path, data.attribute_space, data.image_shape, own_backbone)
    tell_if_trained_on(classifier.trained_on, data, f"the classifier {path}")
    return classifier


def require_known_backbone(
    arguments: Mapping[str, Any], own_backbone: str | None, path: Path
) -> None:
    """Refuse a checkpoint that names a class which is not of this package, and was not named.

    Loading it would run that code, whoever wrote the checkpoint.

    Args:
        arguments: The hyperparameters of the checkpoint.
        own_backbone: The class that the user named.
        path: The checkpoint.

    Raises:
        ValueError: If it does.
    """
    backbone = str(arguments.get("backbone", ""))
    if is_own(backbone) and backbone != own_backbone:
        msg = (
            f"the classifier {path} has the network {backbone}, which is not of cfaug; if you "
            f"trust it, name it on the command line: {backbone}"
        )
        raise ValueError(msg)
