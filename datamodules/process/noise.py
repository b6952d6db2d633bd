"""Random numbers that depend on a seed and a sample's index alone.

A generator with a state gives other numbers when the batch size, the number of workers or the
number of devices changes. These do not: the number for (seed, stream, index, position) is a hash.
"""

import os
import zlib

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_UNIT = 2.0**-24


def run_seed() -> int:
    """Seed of the run, where Lightning's ``seed_everything`` leaves it; 0 where nothing called it.

    Distinct from the seed of a data set: runs with different seeds share the same images.
    """
    return int(os.environ.get("PL_GLOBAL_SEED", "0"))


def _signed(value: int) -> int:
    """The 64-bit pattern of an unsigned number as torch's signed int64 holds it."""
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
        stream: What the numbers are for; different names give independent numbers.
        index: (B,) int64.
        count: How many numbers an index gets.

    Returns:
        (B, count) float32 in [0, 1), the same on every device.
    """
    key = torch.tensor([seed, zlib.crc32(stream.encode())])
    # One number: to the device of the index it goes with the addition, which waits for nothing.
    state = mix(index + int(mix(mix(key[0]) + key[1])))
    steps = torch.arange(1, count + 1, device=index.device) * _signed(_GOLDEN)
    return _shift_right(mix(state[:, None] + steps), 40).float() * _UNIT
