"""Where training is in the draws of a run, and what they follow from."""

from collections.abc import Mapping
from dataclasses import dataclass

from datamodules.notices import tell
from datamodules.process.devices import share_of_batch


@dataclass(frozen=True)
class Draws:
    """What the draws of a run follow from, beside the images.

    Args:
        batch: Images of a batch, those of all devices together.
        epoch: Images of an epoch, of all devices together.
        seed: Seed of the run.
        data_seed: Seed of the data.
    """

    batch: int
    epoch: int
    seed: int
    data_seed: int

    def position(self, epoch: int, batches: int) -> dict[str, int]:
        """What a checkpoint holds when `batches` of an epoch are done."""
        done = {"epoch": epoch, "draws": batches * self.batch}
        sizes = {"batch": self.batch, "epoch_draws": self.epoch}
        return {**done, **sizes, "seed": self.seed, "data_seed": self.data_seed}

    def resume_at(self, position: Mapping[str, int]) -> tuple[int, int]:
        """The epoch to go on in, and the draws of it that are done on all devices together.

        With batches or epochs of another size, images would come twice or not at all, and the
        learning rate, which follows the updates, would jump.

        Args:
            position: See `position`; of older checkpoints the epoch, and the batches that are done.

        Raises:
            ValueError: If the run drew its images otherwise.
        """
        if not position:
            return 0, 0
        if "draws" not in position:
            if position["batches"]:
                tell(
                    "the checkpoint does not say how many images a batch had; "
                    f"going on as if they were {self.batch}, as now"
                )
            return position["epoch"], position["batches"] * self.batch
        _require_same(
            position["batch"],
            self.batch,
            "has batches of {} images",
            "give it --data.init_args.batch_size {}",
        )
        _require_same(
            position["epoch_draws"],
            self.epoch,
            "draws {} images in an epoch",
            "give the same training images and --data.init_args.epoch_size",
        )
        _require_same(
            position["seed"], self.seed, "has the seed {}", "give it --seed_everything {}"
        )
        _require_same(
            position.get("data_seed", self.data_seed),  # those of older checkpoints are not known
            self.data_seed,
            "has data of the seed {}",
            "give it --data.init_args.seed {}",
        )
        return position["epoch"], position["draws"]


def draws_of(
    images: int,
    epoch_size: int,
    batch_size: int,
    devices: int,
    seed: int,
    data_seed: int,
) -> Draws:
    """How a run draws its images.

    Args:
        images: Number of training images.
        epoch_size: Images an epoch is to draw.
        batch_size: Images of a batch, those of all devices together.
        devices: Number of devices.
        seed: Seed of the run.
        data_seed: Seed of the data.

    Raises:
        ValueError: If an epoch does not fill a batch, or the devices cannot share one evenly.
    """
    share_of_batch(batch_size, devices)
    if batch_size > epoch_size:
        msg = (
            f"batch_size is {batch_size} but an epoch has {epoch_size} images ({images} for "
            f"training); choose at most {epoch_size}"
        )
        raise ValueError(msg)
    return Draws(batch_size, epoch_size // batch_size * batch_size, seed, data_seed)


def _require_same(before: int, now: int, had: str, cure: str) -> None:
    if before != now:
        had, cure = had.format(before), cure.format(before)
        msg = f"the run to go on with {had}, not {now} as now; {cure}, or start anew"
        raise ValueError(msg)
