import numpy as np
import pytest
import torch
from torch import Tensor

from cfaug.classifiers.image_counts import Counts
from cfaug.classifiers.right_answers import difference, pack, unpack


def counts(right: Tensor, read: Tensor | None = None, clusters: Tensor | None = None) -> Counts:
    read = torch.ones_like(right) if read is None else read
    clusters = torch.arange(len(right)) if clusters is None else clusters
    return Counts(right.float() * read, read.float(), torch.zeros(len(right)).long(), clusters)


@pytest.mark.parametrize("images", [1, 7, 8, 1001])
def test_answers_survive_being_packed(images: int) -> None:
    right = torch.rand(images, generator=torch.Generator().manual_seed(0)) < 0.7
    answers = pack(counts(right), "unconfounded")
    assert np.array_equal(unpack(answers), right.numpy())
    assert answers.keys() == {"test_set", "images", "right"}
    assert len(answers["right"]) == 2 * -(-images // 8)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Two classifiers, 82 and 80 % right, on the same 500 images, drawn 400 times."""
    random, held, longer = np.random.default_rng(0), 0, 0
    for seed in range(400):
        hard = random.random(500)
        one, other = (torch.from_numpy(hard + 0.1 * random.random(500) < s) for s in (0.87, 0.85))
        low, high = difference(pack(counts(one), "x"), pack(counts(other), "x"), seed)[1]
        held += low <= 2.0 <= high
        # As long as the two were tested on different images it would be this long.
        longer += high - low > 2 * 1.96 * 100 * (2 * 0.81 * 0.19 / 500) ** 0.5
    assert 0.93 <= held / 400 <= 0.99
    assert longer == 0


def test_images_that_are_read_often_count_often_and_persons_as_one() -> None:
    one, other = (torch.tensor(x) for x in ([1, 1, 0, 1] * 30, [1, 0, 1, 0] * 30))
    read = torch.tensor([1, 3, 1, 1] * 30)
    alone, persons = (
        difference(*(pack(counts(x, read, c), "x") for x in (one, other)), seed=0)
        for c in (torch.arange(120), torch.arange(120) // 12)
    )
    assert alone[0] == persons[0] == pytest.approx(100 * 3 / 6)
    # All persons are alike, so there is no chance in which of them are drawn.
    assert persons[1] == pytest.approx((50, 50))
    assert alone[1][0] < 45
    assert alone[1][1] > 55


def test_answers_on_other_images_are_not_compared() -> None:
    one, more = (pack(counts(torch.ones(n)), "x") for n in (5, 6))
    with pytest.raises(ValueError, match="different images"):
        difference(one, more, seed=0)
