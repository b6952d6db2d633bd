"""A run that goes on draws every image that was still to come, once, or is refused."""

from collections import Counter
from copy import copy
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.digits import ConfoundedDigits
from datamodules.process.position import Draws
from datamodules.process.sampling import DrawSampler
from datamodules.rendering.renderers import Color


@cache
def digits() -> ConfoundedDigits:
    """The data of all devices."""
    data = ConfoundedDigits([Color()], source="digits", size=16)
    data.epoch_size = 240
    data.setup()
    return data


def on_device(batch_size: int, rank: int, devices: int, **state: int) -> ConfoundedDigits:
    """The data of a device of a run, where its trainer is as the state tells."""
    data = copy(digits())
    data.batch_size, done = batch_size, state.get("batches", 0)
    progress = SimpleNamespace(current=SimpleNamespace(processed=done, completed=done))
    loop = SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=progress))
    data.trainer = cast(
        "Any",
        SimpleNamespace(
            global_rank=rank,
            world_size=devices,
            current_epoch=state.get("epoch", 0),
            num_training_batches=240 // batch_size,
            fit_loop=loop,
        ),
    )
    return data


def drawn(data: list[ConfoundedDigits], epoch: int) -> list[list[tuple[int, int]]]:
    """The draws of an epoch by batch, those of all devices together."""
    shares = []
    for device in data:
        sampler = cast("DrawSampler", device.train_dataloader().sampler)
        sampler.set_epoch(epoch)
        shares.append(list(sampler))
    size = data[0].batch_size // len(data)
    starts = range(0, len(shares[0]), size)
    return [
        sorted((d for s in shares for d in s[i : i + size]), key=lambda d: d[1]) for i in starts
    ]


SPLITS = [(batch, devices) for devices in (1, 2, 3) for batch in (24, 42, 60, 102, 120, 240)]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SPLITS), st.sampled_from(SPLITS), st.integers(0, 1), st.integers(0, 30))
def test_every_draw_comes_once_or_the_run_is_refused(
    before: tuple[int, int], after: tuple[int, int], epoch: int, batches: int
) -> None:
    (size, devices), (new_size, new_devices) = before, after
    batches = min(batches, 240 // size)
    straight = [on_device(size, rank, devices) for rank in range(devices)]
    done = drawn(straight, epoch)[:batches]
    state = on_device(size, 0, devices, epoch=epoch, batches=batches).state_dict()
    resumed = [on_device(new_size, rank, new_devices) for rank in range(new_devices)]
    for device in resumed:
        device.load_state_dict(state)
    if size != new_size:
        with pytest.raises(ValueError, match=f"batches of {size} images, not {new_size} as now"):
            drawn(resumed, epoch)
        return
    first = epoch + 1 if batches == len(drawn(straight, epoch)) else epoch
    # Not only as sets: each batch holds what it would have held.
    rest = drawn(resumed, first)
    assert rest == (drawn(straight, first) if first > epoch else drawn(straight, epoch)[batches:])
    seen = [draw for batch in done for draw in batch]
    seen += [draw for batch in rest for draw in batch]
    if first == epoch:
        whole = 240 // size * size
        numbers = sorted(number for _, number in seen)
        assert numbers == list(range(epoch * whole, (epoch + 1) * whole))
    assert drawn(resumed, first + 1) == drawn(straight, first + 1)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (
            Draws(16, 512, 0, 0),
            "batches of 128 images, not 16 as now; give it --data.init_args.batch_size 128,",
        ),
        (Draws(128, 256, 0, 0), "draws 512 images in an epoch, not 256 as now"),
        (
            Draws(128, 512, 0, 3),
            "has data of the seed 0, not 3 as now; give it --data.init_args.seed",
        ),
        (
            Draws(128, 512, 1, 0),
            "has the seed 0, not 1 as now; give it --seed_everything 0, or start",
        ),
    ],
)
@pytest.mark.parametrize("batches", [0, 2])
def test_what_would_draw_other_images_is_named(now: Draws, expected: str, batches: int) -> None:
    before = Draws(128, 512, 0, 0)
    position = before.position(1, batches)
    assert before.resume_at(position) == (1, 128 * batches)
    with pytest.raises(ValueError, match=expected):
        now.resume_at(position)


def test_few_images_come_several_times_in_an_epoch() -> None:
    data = copy(digits())
    data.epoch_size, data.min_epoch_size = None, 5000
    images = len(data.splits["train"])
    draws = [image for batch in drawn([data], 0) for image, _ in batch]
    assert len(draws) == 5000 // 128 * 128 > 3 * images
    times = Counter(draws)
    assert len(times) == images
    assert set(times.values()) == {len(draws) // images, len(draws) // images + 1}


@pytest.mark.parametrize(("own", "least", "batches"), [(None, 500, 10), (512, 5000, 4)])
def test_many_images_and_a_chosen_epoch_stay_as_they_are(
    own: int | None, least: int, batches: int
) -> None:
    data = copy(digits())
    assert len(data.splits["train"]) // 128 == 10
    data.epoch_size, data.min_epoch_size = own, least
    assert len(data.train_dataloader()) == batches


def test_a_position_in_batches_is_gone_on_with(capsys: pytest.CaptureFixture[str]) -> None:
    now = Draws(128, 512, 0, 0)
    assert now.resume_at({}) == (0, 0)
    assert now.resume_at({"epoch": 2, "batches": 0}) == (2, 0)
    assert not capsys.readouterr().err
    assert now.resume_at({"epoch": 2, "batches": 3}) == (2, 384)
    assert "does not say how many images a batch had; going on as if they were 128" in (
        capsys.readouterr().err
    )
