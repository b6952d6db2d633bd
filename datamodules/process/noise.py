"""Random numbers that depend only on a seed and the index of a sample.

A random generator with a state gives other numbers if the batch size, the number of workers or the
number of devices changes. These numbers stay the same: each is a hash of (seed, stream, index,
position).
"""

import os
import zlib

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_UNIT = 2.0**-24


def run_seed() -> int:
    """Seed of the run, set by Lightning's ``seed_everything``; 0 if that was not called.

    It is not the seed of a data set: runs with different seeds share the same images.
    """
    return int(os.environ.get("PL_GLOBAL_SEED", "0"))


def _signed(value: int) -> int:
    """The signed int64 with the same 64 bits as an unsigned number."""
    return (value + 2**63) % 2**64 - 2**63


def _shift_right(x: Tensor, bits: int) -> Tensor:
    # torch shifts arithmetically; the hash needs zeros from the left.
    shifted: Tensor = (x >> bits) & (2 ** (64 - bits) - 1)
    return shifted


def mix(x: Tensor) -> Tensor:
    """The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, figure 13) on int64 tensors."""
    x = (x ^ _shift_right(x, 30)) * _signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shift_right(x, 27)) * _signed(0x94D049BB133111EB)
    return x ^ _shift_right(x, 31)


def uniform(seed: int, stream: str, index: Tensor, count: int) -> Tensor:
    """Uniform numbers for each index.

    Args:
        seed: Seed of the experiment.
        stream: Name of their purpose; different names give independent numbers.
        index: (B,) int64.
        count: How many numbers an index gets.

    Returns:
        (B, count) float32 in [0, 1), the same on every device.
    """
    key = torch.tensor([seed, zlib.crc32(stream.encode())])
    # As one Python number it reaches the device with the addition, without waiting for a copy.
    state = mix(index + int(mix(mix(key[0]) + key[1])))
    steps = torch.arange(1, count + 1, device=index.device) * _signed(_GOLDEN)
    return _shift_right(mix(state[:, None] + steps), 40).float() * _UNIT
