"""What the sampler draws is independent, or the values that have too few images are named."""

from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cfaug.auditing.remaining_confounding import Remainder, remainders
from cfaug.cli.options import data_parser
from datamodules.attributes import AttributeSpace, attribute_space
from datamodules.base import AttributeDataModule
from datamodules.drawn_faces import write_faces
from datamodules.process.measures import contingency, mutual_information
from datamodules.process.sampling import DrawSampler

DRAWN = ("class_path: ConfoundedDigits", "class_path: Faces")
FAMILIES = [
    path.stem
    for path in Path("experiments/data").glob("*.yaml")
    if any(kind in path.read_text() for kind in DRAWN)
]
BATCHES, SIZE = 100, 128


def load(family: str, request: pytest.FixtureRequest, tmp_path: Path) -> AttributeDataModule:
    words = ["-c", f"experiments/data/{family}.yaml"]
    if family == "faces":
        list(write_faces(tmp_path / "faces", 300, 0.9, 0))
        words += ["--data.init_args.root", str(tmp_path / "faces")]
    elif not family.startswith("digits"):
        words += ["--data.init_args.root", str(request.getfixturevalue("mnist_root"))]
    parser = data_parser("test", "")
    data: AttributeDataModule = parser.instantiate(parser.parse_args(words)).data
    data.setup()
    return data


def share_above_threshold(batches: Tensor, i: int, j: int, space: AttributeSpace) -> float:
    """Share of the batches more dependent than 95 % of the same values shuffled."""
    sizes = space.cardinalities[i], space.cardinalities[j]
    generator = torch.Generator().manual_seed(0)
    above = 0
    for batch in batches:
        a, b = batch[:, i], batch[:, j]
        orders = [torch.randperm(SIZE, generator=generator) for _ in range(60)]
        tables = [contingency(a, b[order], sizes) for order in (torch.arange(SIZE), *orders)]
        measured, *shuffled = mutual_information(torch.stack(tables))
        above += int(measured > torch.stack(shuffled).quantile(0.95))
    return above / len(batches)


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_are_independent_or_what_they_lack_is_named(
    family: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    data = load(family, request, tmp_path)
    space, table = data.attribute_space, data.splits["train"].attributes
    weights = data.sampled("deconfounded").train_weights
    assert weights is not None
    sampler = DrawSampler(range(len(table)), BATCHES * SIZE, seed=0, weights=weights)
    drawn = table[[row for row, _ in sampler]]
    batches = drawn.reshape(BATCHES, SIZE, -1)
    left = {(found.first, found.second): found for found in remainders(table, space, 10.0)}
    for i, j in combinations(range(len(space.names)), 2):
        found = left[space.names[i], space.names[j]]
        if share_above_threshold(batches, i, j, space) > 0.15:  # 0.05 if they are independent
            check_names(found, i, j, drawn, table, weights, space)


def check_names(
    found: Remainder,
    i: int,
    j: int,
    drawn: Tensor,
    table: Tensor,
    weights: Tensor,
    space: AttributeSpace,
) -> None:
    assert found.cnf > 0.005
    for cell in found.short:
        names = dict(part.split("=") for part in cell.values.split(", "))
        codes = [space.attributes[k].code(names[space.names[k]]) for k in (i, j)]
        here = [((t[:, i] == codes[0]) & (t[:, j] == codes[1])) for t in (table, drawn)]
        assert int(here[0].sum()) == cell.images
        assert 100 * float(here[1].double().mean()) == pytest.approx(cell.share, abs=0.6)
        assert cell.share < cell.wanted
        groups = space.num_groups // (space.cardinalities[i] * space.cardinalities[j])
        there = space.groups(table[here[0]]).unique()
        assert len(there) < groups or float(weights[here[0]].max()) == 10.0


def test_an_independent_table_lacks_nothing() -> None:
    space = attribute_space({"a": ["x", "y"], "b": ["p", "q", "r"]}, "a")
    table = torch.tensor([[a, b] for a in (0, 1) for b in (0, 1, 1, 2, 2, 2, 2)] * 7)
    (found,) = remainders(table, space, cap=10)
    assert found.cnf < 1e-9
    assert found.short == ()


def test_a_worked_example() -> None:
    space = attribute_space({"a": ["x", "y"], "b": ["p", "q"]}, "a")
    table = torch.tensor([[0, 0]] * 50 + [[1, 1]] * 49 + [[0, 1]])
    (found,) = remainders(table, space, cap=10)  # weights 0.51, 0.5 and 25.5, cut to 10
    total = 50 * 0.51 + 49 * 0.5 + 10
    assert [cell.values for cell in found.short[:2]] == ["a=y, b=p", "a=x, b=q"]
    lacking, few = found.short[:2]
    assert (lacking.share, lacking.images) == (0, 0)
    assert lacking.wanted == pytest.approx(49 * 50 / 100)
    assert few.share == pytest.approx(100 * 10 / total)
    assert few.wanted == pytest.approx(51 * 50 / 100)
