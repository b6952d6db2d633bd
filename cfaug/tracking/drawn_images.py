"""How training images are drawn: what is left of their confounding, and what they are worth."""

from collections.abc import Mapping
from typing import NamedTuple

from cfaug.auditing.remaining_confounding import cnf_with_label
from cfaug.tracking import keys
from datamodules.base import AttributeDataModule


class Drawn(NamedTuple):
    """Training images as the sampling weights draw them.

    ``attribute`` is the one with the largest CNF with the label that is ``left``, in nats; ``cnf``
    is that in the images as they are. The attribute is None if there is none but the label. The
    draws are ``worth`` so many of the ``images``, see `effective_sample_size`. The higher cap of
    the first `EARLY_DRAWS` draws of a run is not counted.
    """

    attribute: str | None
    cnf: float
    left: float
    images: float
    worth: float


def figures_of_draws(data: AttributeDataModule) -> dict[str, float]:
    """Figures of the training images and of how they are drawn, under the names of the loggers."""
    table, space = data.splits["train"].attributes, data.attribute_space
    figures = {
        keys.TRAIN_SIZE: float(len(table)),
        keys.EFFECTIVE_TRAIN_SIZE: float(data.effective_train_size),
    }
    for key, weights in ((keys.TRAIN_CNF, None), (keys.REMAINING_CNF, data.train_weights)):
        for attribute, value in cnf_with_label(table, space, weights).items():
            figures[key.format(attribute=attribute)] = value
    return figures


def drawn_of(figures: Mapping[str, float | str], prefix: str = "") -> Drawn | None:
    """What the figures of a run tell of how its images were drawn.

    Args:
        figures: Those of `figures_of_draws`, and others.
        prefix: What their names begin with.

    Returns:
        None if all images were drawn alike, or if an earlier version kept no such figures.
    """
    sizes = (figures.get(prefix + key) for key in (keys.TRAIN_SIZE, keys.EFFECTIVE_TRAIN_SIZE))
    images, worth = (None if size is None else float(size) for size in sizes)
    if images is None or worth is None or images == worth:
        return None
    start = prefix + keys.started(keys.REMAINING_CNF)
    pairs: list[tuple[str | None, float, float]] = []
    for name, value in figures.items():
        if name.startswith(start):
            attribute = name.removeprefix(start)
            cnf = float(figures[prefix + keys.TRAIN_CNF.format(attribute=attribute)])
            pairs.append((attribute, cnf, float(value)))
    # Rounded as it is shown: where nothing is left, the pair that was most confounded.
    most = max(pairs, key=lambda pair: (round(pair[2], 2), pair[1]), default=(None, 0.0, 0.0))
    return Drawn(*most, images=images, worth=worth)
