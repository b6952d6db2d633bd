"""Networks of torchvision without their last layer."""

from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from cfaug.networks.weight_files import load_weights, read_weights

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet, by which its weights expect images normalised."""


class TorchvisionNetwork(nn.Module):
    """A classification network of torchvision; its last linear layer is replaced by the identity.

    Images are normalised by the mean and the standard deviation of ImageNet, as for its weights.

    Args:
        name: A name of ``torchvision.models.list_models()``.
        weights: A file with a state dict, see `read_weights`; one of torchvision's names
            (``DEFAULT``, ``IMAGENET1K_V1``), which is fetched from the network; or None for random
            weights.

    Raises:
        ValueError: If there is no such network, it ends otherwise, or the weights do not fit.
    """

    def __init__(self, name: str, weights: str | None = None) -> None:
        super().__init__()
        if name not in torchvision.models.list_models(torchvision.models):
            msg = f"torchvision has no network '{name}'; see torchvision.models.list_models()"
            raise ValueError(msg)
        file = Path(weights) if weights is not None and Path(weights).is_file() else None
        try:
            self.network = torchvision.models.get_model(name, weights=None if file else weights)
        except (RuntimeError, ValueError, KeyError, OSError) as error:
            told = " ".join(str(error).split())[:200]
            msg = (
                f"cannot make {name} with the weights {weights}: {told}; name a file with a state "
                "dict of that network, or one of torchvision's names for its weights"
            )
            raise ValueError(msg) from error
        linear = [p for p, layer in self.network.named_modules() if isinstance(layer, nn.Linear)]
        if not linear or hasattr(self.network, "aux_logits"):
            msg = f"{name} does not end in one linear layer; choose another network"
            raise ValueError(msg)
        if file is not None:
            state = read_weights(file, self.network)
            own = self.network.state_dict()
            # The last layer is not used, so that it may have been trained for other classes.
            state |= {key: own[key] for key in own if key.startswith(f"{linear[-1]}.")}
            load_weights(self.network, state, file, name)
        parent, _, last = linear[-1].rpartition(".")
        self.features: int = self.network.get_submodule(linear[-1]).in_features
        setattr(self.network.get_submodule(parent), last, nn.Identity())
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("spread", torch.tensor(SPREAD)[:, None, None], persistent=False)

    mean: Tensor
    spread: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, features) of images (B, 3, H, W) in [0, 1]."""
        representation: Tensor = self.network((images - self.mean) / self.spread).float()
        return representation
