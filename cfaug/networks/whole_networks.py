"""Classifiers that were trained elsewhere: a network with its last layer, and its weights."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from cfaug.networks.backbones.choice import import_network, is_own
from cfaug.networks.backbones.torchvision_networks import MEAN, SPREAD
from cfaug.networks.weight_files import load_weights, read_weights


class WholeNetwork(nn.Module):
    """Turns images into the logits of the label, in the order of its values.

    Args:
        network: Turns normalised images (B, 3, H, W) into logits (B, classes).
        mean: What is subtracted from each channel.
        spread: What each channel is divided by, after that.
        order: For each value of the label the place of its logit.
    """

    def __init__(
        self, network: nn.Module, mean: Sequence[float], spread: Sequence[float], order: list[int]
    ) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("spread", torch.tensor(spread)[:, None, None])
        self.register_buffer("order", torch.tensor(order))

    mean: Tensor
    spread: Tensor
    order: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, 3, H, W) in [0, 1].

        Raises:
            ValueError: If the network gives something else.
        """
        logits = self.network((images - self.mean) / self.spread)
        expected = (len(images), len(self.order))
        if not isinstance(logits, Tensor) or logits.shape != expected:
            shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            msg = (
                f"the classifier turned {len(images)} images into {shape}, expected logits of the "
                f"shape {expected}"
            )
            raise ValueError(msg)
        return logits[:, self.order].float()


def make_whole_network(
    name: str,
    values: Sequence[str],
    weights: Path | None = None,
    outputs: Sequence[str] | None = None,
    mean: Sequence[float] | None = None,
    spread: Sequence[float] | None = None,
) -> WholeNetwork:
    """Make a classifier that was trained elsewhere.

    Args:
        name: A network of torchvision, such as ``resnet18``, or the class of an own one,
            ``module.Class``: an ``nn.Module`` that is made without arguments.
        values: The values of the label.
        weights: A file with its state dict, as ``torch.save`` writes it; None for an own class that
            loads its weights itself.
        outputs: The values of the label in the order of the logits; None for that of `values`.
        mean: What it expects to be subtracted from each channel of images in [0, 1]; None for
            ImageNet's with torchvision, else 0.
        spread: What each is divided by after that; None for ImageNet's with torchvision, else 1.

    Raises:
        ValueError: If it cannot be made, the weights cannot be read or do not fit, or the outputs
            are not the values of the label.
    """
    named = list(values if outputs is None else outputs)
    if sorted(named) != sorted(values):
        msg = f"outputs are {named}, expected the values of the label in any order: {list(values)}"
        raise ValueError(msg)
    if is_own(name):
        network, default = import_network(name), ((0.0,) * 3, (1.0,) * 3)
    else:
        network, default = _of_torchvision(name, len(values)), (MEAN, SPREAD)
        if weights is None:
            msg = f"--classifier {name} needs --weights, a file with its state dict"
            raise ValueError(msg)
    if weights is not None:
        load_weights(network, read_weights(weights, network), weights, name)
    normal = default[0] if mean is None else mean, default[1] if spread is None else spread
    for what, numbers in zip(("mean", "spread"), normal, strict=True):
        if len(numbers) != 3 or (what == "spread" and not all(n > 0 for n in numbers)):
            above = " above 0" if what == "spread" else ""
            msg = f"{what} is {list(numbers)}, expected a number{above} for red, green and blue"
            raise ValueError(msg)
    whole = WholeNetwork(network, *normal, [named.index(value) for value in values])
    return whole.eval().requires_grad_(requires_grad=False)


def _of_torchvision(name: str, classes: int) -> nn.Module:
    if name not in torchvision.models.list_models(torchvision.models):
        msg = (
            f"there is no network '{name}': expected a checkpoint (.ckpt), a network of "
            "torchvision, or a class of your own, module.Class"
        )
        raise ValueError(msg)
    network: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=classes)
    return network
