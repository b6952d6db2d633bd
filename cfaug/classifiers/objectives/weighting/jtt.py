"""Just train twice."""

import torch

from cfaug.classifiers.objectives.base import Beginning
from cfaug.classifiers.objectives.erm import CrossEntropy
from datamodules.checks import require_at_least
from datamodules.process.devices import of_first_device


class JTT(CrossEntropy):
    """Cross-entropy on training images of which those that ERM gets wrong are drawn more often.

    Liu et al., "Just Train Twice", ICML 2021, algorithm 1: a first network is trained by ERM for a
    few updates; the images that it gets wrong are drawn λ_up times as often in the second training.
    (In the authors' code such an image is in the data 1 + λ_up times.) The updates of the first
    network come on top of those of the classifier.

    Args:
        updates: Updates of the first network.
        times: λ_up, how many times as often a wrong image is drawn.

    Raises:
        ValueError: If an option is out of range.
    """

    def __init__(self, updates: int = 100, times: float = 20.0) -> None:
        super().__init__()
        require_at_least(1, updates=updates)
        require_at_least(0, times=times)
        self.updates, self.times = updates, times

    def begin(self, beginning: Beginning) -> None:
        """See `Objective`."""
        data, space = beginning.data, beginning.space
        network = beginning.train_erm(self.updates)
        device = next(network.parameters()).device
        with torch.no_grad():
            wrong = [
                network(batch["image"]).argmax(1) != batch["attributes"][:, space.label_position]
                for batch in data.batches("train", device)
            ]
        # Each device has a network of its own, and rounding may part them.
        is_wrong = of_first_device(torch.cat(wrong).int()).cpu() > 0
        data.emphasis = torch.where(is_wrong, self.times, 1.0).double()
