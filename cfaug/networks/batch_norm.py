"""Batch normalisation by the whole batch, however many devices share it."""

import torch
from torch import Tensor, distributed, nn

from datamodules.process.devices import this_device


class _MeanOverDevices(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return _mean(x)

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        # The losses of all devices depend on the mean, and it on what each device gave.
        return _mean(gradients[0])


def _mean(x: Tensor) -> Tensor:
    total = x.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total / this_device()[1]


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch normalisation (Ioffe & Szegedy, ICML 2015, algorithm 1) of any number of dimensions.

    On one device it is torch's. On several, mean and variance are those of the batch of all
    devices, which have to have as many images each. (torch's ``SyncBatchNorm`` does this on GPUs
    alone.)
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Take all that torch can normalise."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (B, C, ...) features for each of the C channels."""
        _, devices = this_device()
        if not self.training or devices == 1:
            normalised: Tensor = super().forward(features)
            return normalised
        x = features.to(self.weight.dtype)  # in half precision too, as torch does
        over = [0, *range(2, x.ndim)]
        mean: Tensor = _MeanOverDevices.apply(x.mean(over, keepdim=True))
        centred = x - mean
        variance: Tensor = _MeanOverDevices.apply(centred.square().mean(over, keepdim=True))
        self._track(mean, variance, devices * x.numel() // self.num_features)
        spread = (-1, *[1] * (x.ndim - 2))
        scale = self.weight.view(spread) * (variance + self.eps).rsqrt()
        return (centred * scale + self.bias.view(spread)).to(features.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Follow the statistics for evaluation; the variance is that of a sample of `count`."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean.flatten(), self.momentum)
        self.running_var.lerp_(variance.flatten() * count / (count - 1), self.momentum)
