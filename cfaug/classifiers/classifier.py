"""The classifier: a base objective, counterfactuals, and a representation that ignores edits."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.classifiers.augmentations import Augmentation
from cfaug.classifiers.invariances import Encoded, Invariance, SquaredDistance
from cfaug.classifiers.objectives import CrossEntropy, Objective
from cfaug.classifiers.objectives.base import Beginning, Seen
from cfaug.classifiers.tested_classifier import TestedClassifier
from cfaug.generators.base import Generator
from cfaug.generators.generator_checkpoint import load_generator_for
from cfaug.networks.backbones.choice import make_backbone
from cfaug.tracking import keys
from cfaug.training.quiet_fit import fit_quietly
from cfaug.training.schedule import scheduled
from cfaug.training.training_images import TRAINED_ON, training_digests
from datamodules.attributes import AttributeSpace, Batch
from datamodules.base import AttributeDataModule
from datamodules.checks import require_above, require_at_least
from datamodules.process.interventions import non_label_columns

STATE = "objective"
"""Entry of a checkpoint with the state of the objective, which only training needs."""


class Classifier(TestedClassifier):
    """Minimises ``w B(h(φ(x)), y) + α CE(h(φ(x')), y) + λ D(φ(x), φ(x'))``.

    B is the base objective, by default the cross-entropy CE. x' is the counterfactual of x: every
    attribute except the label has an independent value. A generator makes it for each batch, or
    the data module reads it from disk. Without counterfactuals only the first term remains. That
    is ERM on naturally sampled data, and group balancing on balanced data
    (``sampling: balanced``).

    Args:
        attribute_space: The attributes of the data; linked from the data module.
        image_shape: (3, H, W) of the images; linked from the data module.
        generator: Checkpoint of the generator; None for no generator.
        objective: B; None for the cross-entropy. It is not used without originals (w and λ 0).
        original_weight: w; 0 trains on counterfactuals only.
        counterfactual_weight: α.
        invariance_weight: λ.
        invariance: D; None for the squared distance of representations.
        edits_per_image: Counterfactuals of each image; their terms are means over them.
        augmentation: Changes of images and counterfactuals in training; None for none.
        backbone: The network that represents images: ``convnet``, ``mlp``, ``cgn``, ``linear``,
            a network of torchvision such as ``resnet18``, or the class of an own one, see
            `make_backbone`.
        backbone_weights: Weights of a network of torchvision: a file, or torchvision's name for
            them, which is fetched; None starts from random ones.
        lr: Peak learning rate of AdamW.
        weight_decay: Weight decay of AdamW.

    Raises:
        ValueError: If the backbone cannot be made, or an option is out of range.
    """

    kind = "classifier"

    def __init__(
        self,
        attribute_space: AttributeSpace,
        image_shape: tuple[int, int, int],
        generator: Path | None = None,
        objective: Objective | None = None,
        original_weight: float = 1.0,
        counterfactual_weight: float = 1.0,
        invariance_weight: float = 0.1,
        invariance: Invariance | None = None,
        edits_per_image: int = 1,
        augmentation: Augmentation | None = None,
        backbone: str = "convnet",
        backbone_weights: str | None = None,
        lr: float = 4e-3,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(attribute_space, image_shape, backbone, backbone_weights)
        # What only training needs stays out of checkpoints, which may not name foreign code.
        training = ["objective", "invariance", "augmentation", "backbone_weights"]
        self.save_hyperparameters(logger=False, ignore=training)
        require_at_least(1, edits_per_image=edits_per_image)
        require_above(0, lr=lr)
        require_at_least(0, weight_decay=weight_decay)
        self.original_weight = original_weight
        self.counterfactual_weight = counterfactual_weight
        self.invariance_weight = invariance_weight
        self.edits_per_image = edits_per_image
        self.objective = objective or CrossEntropy()
        self.invariance = invariance or SquaredDistance()
        self.augmentation = augmentation or nn.Identity()
        self.backbone, self.backbone_weights = backbone, backbone_weights
        self.lr, self.weight_decay = lr, weight_decay
        self.generator_path = generator
        # In a list, so that the generator's weights stay out of the classifier's checkpoints.
        self._generator: list[Generator] = []
        self._has_begun = False

    def setup(self, stage: str) -> None:
        """Load the generator and begin the objective; only training needs them.

        Raises:
            ValueError: If the generator cannot be read or was trained for other attributes or
                images, or the data already have counterfactuals, or have no attribute to edit, or
                there is nothing to weigh originals against.
        """
        if stage != "fit":
            return
        data: AttributeDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        if data.counterfactuals is not None and self.edits_per_image > 1:
            msg = "edits_per_image is for a generator; counterfactuals on disk come one by one"
            raise ValueError(msg)
        if self.generator_path is not None and not self._generator:
            if data.counterfactuals is not None:
                msg = "two sources of counterfactuals, --model.generator and "
                raise ValueError(f"{msg}--data.init_args.counterfactuals; leave one of them out")
            if not non_label_columns(self.attribute_space):
                msg = (
                    "the data have no attribute beside the label, "
                    f"'{self.attribute_space.label}', and counterfactuals keep the label; leave "
                    "--model.generator out"
                )
                raise ValueError(msg)
            self._generator = [load_generator_for(Path(self.generator_path), data)]
        if self.original_weight != 1 and not self._generator and data.counterfactuals is None:
            msg = (
                f"original_weight is {self.original_weight}, a weight beside counterfactuals, and "
                "there are none; name --model.generator, or leave original_weight out"
            )
            raise ValueError(msg)
        if not self._has_begun:
            beginning = Beginning(data, self.attribute_space, self._new_network, self._train_erm)
            self.objective.begin(beginning)
            self._has_begun = True

    def _new_network(self) -> nn.Module:
        backbone = make_backbone(self.backbone, self.image_shape, self.backbone_weights)
        return nn.Sequential(backbone, nn.Linear(backbone.features, self.classes))

    def _train_erm(self, updates: int) -> nn.Module:
        data: AttributeDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        plain = Classifier(
            self.attribute_space,
            self.image_shape,
            backbone=self.backbone,
            backbone_weights=self.backbone_weights,
            lr=self.lr,
            weight_decay=self.weight_decay,
        )
        how = str(self.trainer.precision), "a first network", self.trainer.strategy.root_device
        fit_quietly(plain, data.sampled("natural"), updates, *how)
        return plain

    @property
    def made_with(self) -> dict[str, Path | None]:
        """See `AttributeModule.made_with`: the generator."""
        return {"generator": Path(self.generator_path) if self.generator_path else None}

    def use_only(self, generator: Generator) -> None:
        """Train on this generator's counterfactuals alone, to test what they teach."""
        self._generator = [generator]
        self.original_weight = self.invariance_weight = 0.0

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """One update on originals, counterfactuals, or both."""
        terms = self.losses(batch)
        self.log_dict(keys.train_terms(terms), sync_dist=True)
        return terms["loss"]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The terms of the loss on a batch, ``loss`` being what is minimised."""
        labels = batch["attributes"][:, self.attribute_space.label_position]
        edits = self._edits(batch)
        if edits and not self.original_weight and not self.invariance_weight:
            # Originals stay out of batch normalisation too.
            logits = self(self.augmentation(torch.cat(edits)))
            loss = F.cross_entropy(logits, labels.repeat(len(edits)))
            return {"loss": self.counterfactual_weight * loss}
        mixture = self.objective.mixture(batch, self.attribute_space)
        images, targets = batch["image"], labels
        if mixture is not None:
            images, *edits = map(mixture.images, (images, *edits))
            targets = mixture.targets(labels, self.classes)
        images = self.objective.show(self.augmentation(images))
        edits = [self.augmentation(edit) for edit in edits]
        # One pass over both, so that the statistics of batch normalisation include real images.
        features = self.represent(torch.cat([images, *edits]))
        logits = self.head(features)
        seen = self._seen(batch, images, features[: len(images)], logits[: len(images)], targets)
        original = self.objective(seen)
        if not edits:
            return {"loss": original}
        edited = Encoded(features[len(images) :], logits[len(images) :])
        repeated = targets.repeat(len(edits), *[1] * (targets.ndim - 1))
        counterfactual = F.cross_entropy(edited.logits, repeated)
        distance = self._distance(seen, edited)
        loss = (
            self.original_weight * original
            + self.counterfactual_weight * counterfactual
            + self.invariance_weight * distance
        )
        terms = {"loss": loss, "original": original, "counterfactual": counterfactual}
        return {**terms, "distance": distance}

    def _edits(self, batch: Batch) -> list[Tensor]:
        """Counterfactuals (B, 3, H, W) of the images, `edits_per_image` or none."""
        if "counterfactual" in batch:
            return [batch["counterfactual"]]
        return [
            generator.to(self.device).counterfactuals(batch)["image"]
            for generator in self._generator
            for _ in range(self.edits_per_image)
        ]

    def _seen(
        self, batch: Batch, images: Tensor, features: Tensor, logits: Tensor, targets: Tensor
    ) -> Seen:
        space, attributes = self.attribute_space, batch["attributes"]
        return Seen(
            images,
            features,
            logits,
            labels=attributes[:, space.label_position],
            targets=targets,
            groups=space.groups(attributes),
            environments=space.environments(attributes),
            index=batch["index"],
        )

    def _distance(self, seen: Seen, edited: Encoded) -> Tensor:
        """D, the mean over the counterfactuals of each image."""
        images = len(seen.labels)
        original = Encoded(seen.features[:images], seen.logits[:images])
        prevailing = seen.targets if seen.targets.ndim == 1 else seen.targets.argmax(1)
        parts = zip(*(torch.split(each, images) for each in edited), strict=True)
        each = [self.invariance(original, Encoded(*part), prevailing) for part in parts]
        return torch.stack(each).mean()

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        """Finish the objective after the last update; see also `AttributeModule`."""
        if self.objective.finishes and self._is_last_update():
            self._finish()
        super().on_train_batch_end(outputs, batch, batch_idx)

    def on_train_end(self) -> None:
        """See `AttributeModule`.

        Raises:
            ValueError: If training ended before an objective that finishes it could.
        """
        super().on_train_end()
        if self.objective.finishes and not self._is_last_update():
            name, trainer = type(self.objective).__name__, self.trainer
            msg = (
                f"{name} learns the last layer after the last update, and training ended before, "
                f"at update {trainer.global_step:,} of {trainer.estimated_stepping_batches:,}; "
                "leave out what ends it early, or set --trainer.max_epochs to where it may end"
            )
            raise ValueError(msg)

    def _is_last_update(self) -> bool:
        return self.trainer.global_step >= self.trainer.estimated_stepping_batches

    @torch.no_grad()
    def _finish(self) -> None:
        data: AttributeDataModule = self.trainer.datamodule  # type: ignore[attr-defined]
        self.network.eval()
        batches = list(data.batches("val", self.device))
        features = torch.cat([self.represent(batch["image"]) for batch in batches]).float().cpu()
        attributes = torch.cat([batch["attributes"] for batch in batches]).cpu()
        self.network.train()
        head = nn.Linear(self.head.in_features, self.classes)
        labels = attributes[:, self.attribute_space.label_position]
        self.objective.finish(head, features, labels, self.attribute_space.groups(attributes))
        self.head.load_state_dict(head.state_dict())

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the state of the objective apart, see `STATE`, and what it was trained on."""
        checkpoint[TRAINED_ON] = training_digests(getattr(self._trainer, "datamodule", None))
        state, prefix = checkpoint["state_dict"], f"{STATE}."
        checkpoint[STATE] = {
            name: state.pop(name) for name in list(state) if name.startswith(prefix)
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the state of the objective back where training goes on; see `AttributeModule`."""
        if self._has_begun:
            checkpoint["state_dict"].update(checkpoint.get(STATE, {}))
        super().on_load_checkpoint(checkpoint)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW with a warm-up and a linear fall over the second half."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        return scheduled(optimizer, self.trainer.estimated_stepping_batches)
