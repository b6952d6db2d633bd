"""Probes: networks that try to read the old values of attributes from edits."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from cfaug.evaluation.judges import IGNORED, Lesson, Reader
from cfaug.generators.base import Generator
from cfaug.networks.backbones.convnet import ConvNet
from cfaug.training.module import best_device
from cfaug.training.quiet_fit import fit_quietly
from datamodules.attributes import Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import fresh_values
from datamodules.process.sampling import sampling_weights

KINDS = ((32, 1), (16, 1), (16, 3))
"""Channels of each probe, and how many times as long as a judge it is trained."""


def edits_to_probe(
    generator: Generator, batch: Batch, columns: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Edits of a batch, and the old values that a probe is to read from them.

    Values are fresh, so they may be the old ones. Otherwise a probe could exclude what it sees.

    Args:
        generator: Makes the edits.
        batch: The originals.
        columns: The attributes that are edited.

    Returns:
        Images (B, 3, H, W), and codes (B, K) with `IGNORED` for attributes that are not edited.
    """
    attributes = batch["attributes"]
    targets = fresh_values(attributes, generator.attribute_space, columns)
    codes = torch.full_like(attributes, IGNORED)
    codes[:, columns] = attributes[:, columns]
    with torch.no_grad():
        images = generator.to(attributes.device).edit(batch["image"], attributes, targets, columns)
    return images, codes


class Probes:
    """Several networks that read old values; for each attribute the strongest one counts.

    A single probe can miss what a smaller, larger or longer trained one reads. The strongest is
    chosen on validation images, weighted as `sampling_weights` does. Where there is no redraw of
    the data, probes may learn to read an old value from the label, and miss a trace of it.

    Args:
        generator: The generator.
        edits: The sets of attributes to edit; each batch has edits of one of them, by chance.
        data: Training and validation images.
        steps: Updates of a judge.
        precision: Lightning's name.
        doing: Name of the progress bars.
    """

    def __init__(
        self,
        generator: Generator,
        edits: Sequence[Sequence[int]],
        data: AttributeDataModule,
        steps: int,
        precision: str,
        doing: str,
    ) -> None:
        self.generator, self.edits, self.data = generator, edits, data
        self.readers = []
        for channels, times in KINDS:
            space, shape = generator.attribute_space, generator.image_shape
            network = ConvNet(shape[-1], channels=channels)
            reader = Reader(space, shape, self._lesson(), network)
            fit_quietly(reader, data, times * steps, precision, doing)
            self.readers.append(reader.to(best_device()))
        self.strongest = self._strongest()

    def _lesson(self) -> Lesson:
        def lesson(batch: Batch) -> tuple[Tensor, Tensor]:
            columns = self.edits[int(torch.randint(len(self.edits), ()))]
            return edits_to_probe(self.generator, batch, columns)

        return lesson

    @torch.no_grad()
    def _strongest(self) -> dict[int, int]:
        """For each attribute that is edited, the place of the probe that reads it best."""
        data = self.data
        attributes, space = data.splits["val"].attributes, self.generator.attribute_space
        weights = sampling_weights(attributes, space, "deconfounded", data.weight_cap)
        assert weights is not None
        count = len(space.attributes)
        hits = torch.zeros(len(self.readers), count, dtype=torch.float64)
        position = 0
        for batch in data.batches("val", best_device()):
            size = len(batch["index"])
            weight = weights[position : position + size]
            position += size
            for columns in self.edits:
                images, codes = edits_to_probe(self.generator, batch, columns)
                for number, reader in enumerate(self.readers):
                    right = (reader.read(images) == codes).cpu().double()
                    hits[number] += weight @ right
        columns = sorted({column for edit in self.edits for column in edit})
        return {column: int(hits[:, column].argmax()) for column in columns}

    def found(self, batch: Batch, columns: Sequence[int]) -> Iterable[tuple[int, Tensor]]:
        """For each attribute of an edit, which of its old values (B,) the strongest probe reads."""
        images, codes = edits_to_probe(self.generator, batch, columns)
        for column in columns:
            reader = self.readers[self.strongest[column]]
            yield column, reader(images)[column].argmax(1) == codes[:, column]
