import torch

from datamodules.process.noise import _signed, mix, uniform


def splitmix_finaliser(x: int) -> int:
    """Independent reference: SplitMix64's output function on Python's unbounded integers."""
    mask = 2**64 - 1
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return x ^ (x >> 31)


def test_mix_is_splitmix64() -> None:
    numbers = [0, 1, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15]
    mixed = mix(torch.tensor([_signed(n) for n in numbers]))
    assert mixed.tolist() == [_signed(splitmix_finaliser(n)) for n in numbers]


def test_numbers_belong_to_the_index_not_to_the_batch() -> None:
    index = torch.arange(100)
    together = uniform(3, "color", index, 4)
    shuffled = torch.randperm(100)
    assert torch.equal(uniform(3, "color", index[shuffled], 4), together[shuffled])
    assert torch.equal(uniform(3, "color", index, 2), together[:, :2])


def test_numbers_are_uniform_and_streams_differ() -> None:
    a = uniform(0, "a", torch.arange(100_000), 2)
    assert a.min() >= 0
    assert a.max() < 1
    counts = torch.histc(a, bins=20, min=0, max=1)
    chi2 = ((counts - 10_000) ** 2 / 10_000).sum()
    assert chi2 < 50  # 19 degrees of freedom, p = 0.0001
    for other in (
        uniform(0, "b", torch.arange(100_000), 2),
        uniform(1, "a", torch.arange(100_000), 2),
    ):
        correlation = torch.corrcoef(torch.stack([a.flatten(), other.flatten()]))[0, 1]
        assert abs(correlation) < 0.01
