"""Classifiers read back from their checkpoints."""

from pathlib import Path

from cfaug.classifiers.classifier import Classifier
from cfaug.training.checkpoints import read_checkpoint, unreadable
from datamodules.attributes import AttributeSpace


def load_classifier_for(
    path: Path, space: AttributeSpace, image_shape: tuple[int, int, int]
) -> Classifier:
    """Load a classifier and check that it can read images of given data.

    Raises:
        ValueError: If the file cannot be read, is not of a classifier, or was trained for other
            attributes or images.
    """
    checkpoint = read_checkpoint(path, "classifier")
    arguments = checkpoint["hyper_parameters"]
    try:
        classifier = Classifier(
            **{name: value for name, value in arguments.items() if not name.startswith("_")}
        )
        classifier.load_state_dict(checkpoint["state_dict"])
    except Exception as error:  # another module's arguments or weights
        raise unreadable(path, "classifier", error) from error
    classifier.require_made_for(space, image_shape, f"the classifier {path}")
    return classifier.eval().requires_grad_(requires_grad=False)
