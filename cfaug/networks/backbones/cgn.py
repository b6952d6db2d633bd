"""The classifier of "Counterfactual Generative Networks" on MNIST."""

from torch import Tensor, nn

from cfaug.networks.batch_norm import BatchNorm


class CGNClassifier(nn.Module):
    """Normalised pixels, four convolutions with ReLUs, and a mean over places.

    Sauer & Geiger, ICLR 2021, after the authors' code for the MNIST families: 32, 32, 64 and 64
    channels, kernels of 5, 3, 3 and 3, a max pool after the first and a stride of 2 in the third.
    Their mean leaves out the last row and column of 8 x 8 places; here it is over all.
    """

    features = 64

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            BatchNorm(3),
            nn.Conv2d(3, 32, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Representations (B, 64) of images (B, 3, H, W) in [0, 1]."""
        representation: Tensor = self.layers(images).float()
        return representation
