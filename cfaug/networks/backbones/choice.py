"""Makes the network that an option names."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

import torch
from torch import Tensor, nn

from cfaug.networks.backbones.cgn import CGNClassifier
from cfaug.networks.backbones.convnet import ConvNet
from cfaug.networks.backbones.linear import Linear
from cfaug.networks.backbones.mlp import MLP
from cfaug.networks.backbones.torchvision_networks import TorchvisionNetwork


class Backbone(nn.Module):
    """What a backbone is: maps images (B, 3, H, W) in [0, 1] to representations (B, features)."""

    features: int

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, features) of images (B, 3, H, W) in [0, 1]."""
        raise NotImplementedError


def make_backbone(
    name: str, image_shape: tuple[int, int, int], weights: str | None = None
) -> Backbone:
    """Make a network.

    Args:
        name: ``convnet``, ``mlp``, ``cgn`` or ``linear``, a network of torchvision such as
            ``resnet18``, or the class of an own one, ``module.Class``: an ``nn.Module`` that is
            made without arguments and has the length of its representations as ``features``.
        image_shape: (3, H, W) of the images.
        weights: Of a network of torchvision, see `TorchvisionNetwork`.

    Raises:
        ValueError: If there is no such network, or it does not take weights, or images of that
            shape.
    """
    network = _network(name, image_shape[-1], weights)
    _require_images(network, name, image_shape)
    return network


def _network(name: str, side: int, weights: str | None) -> Backbone:
    own: dict[str, Callable[[], nn.Module]] = {
        "convnet": lambda: ConvNet(side),
        "mlp": lambda: MLP(side),
        "cgn": CGNClassifier,
        "linear": lambda: Linear(side),
    }
    if name not in own and "." not in name:
        return cast("Backbone", TorchvisionNetwork(name, weights))
    if weights is not None:
        msg = f"backbone_weights are for networks of torchvision, and the backbone is {name}"
        raise ValueError(msg)
    return cast("Backbone", own[name]() if name in own else _own_backbone(name))


@torch.no_grad()
def _require_images(network: Backbone, name: str, image_shape: tuple[int, int, int]) -> None:
    """Show a network an image; neither it nor random numbers change.

    Raises:
        ValueError: If it does not take the image, or makes no representation of it.
    """
    training = [part for part in network.modules() if part.training]
    size = " x ".join(map(str, image_shape[1:]))
    try:
        with torch.random.fork_rng([]):
            made = network.eval()(torch.zeros(1, *image_shape))
    except Exception as error:  # whatever a network says to a shape
        told = " ".join(str(error).split())[:200]
        msg = (
            f"the network {name} does not take images of {size} pixels ({told}); choose another "
            "--model.backbone, or another --data.init_args.size"
        )
        raise ValueError(msg) from error
    finally:
        for part in training:
            part.training = True
    shape = tuple(getattr(made, "shape", ()))
    if shape != (1, network.features):
        msg = (
            f"the network {name} makes {shape or type(made).__name__} of an image of {size} "
            f"pixels, expected a representation of (1, {network.features})"
        )
        raise ValueError(msg)


def is_own(name: str) -> bool:
    """Whether a name is that of a user's own class, which a checkpoint may not name."""
    return "." in name


def import_network(path: str) -> nn.Module:
    """Make a network of the user's own, given its class.

    Args:
        path: ``module.Class``; it is made without arguments.

    Raises:
        ValueError: If it cannot be made.
    """
    module, _, name = path.rpartition(".")
    try:
        network: Any = getattr(import_module(module), name)()
    except (ImportError, AttributeError, TypeError) as error:
        msg = f"cannot make the network {path}: {error}; expected module.Class, without arguments"
        raise ValueError(msg) from error
    if not isinstance(network, nn.Module):
        msg = f"{path} is no nn.Module"
        raise ValueError(msg)
    return network


def _own_backbone(path: str) -> nn.Module:
    network = import_network(path)
    if not isinstance(getattr(network, "features", None), int):
        msg = f"{path} has no number of features; see `make_backbone`"
        raise ValueError(msg)
    return network
