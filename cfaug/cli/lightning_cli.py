"""LightningCLI for generators and classifiers, which share data modules and trainers."""

import warnings
from pathlib import Path
from typing import Any

import wandb
from jsonargparse import set_parsing_settings
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ProgressBar
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI

from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.classifier_checkpoint import require_known_backbone
from cfaug.classifiers.group_table import GroupTable
from cfaug.cli.output.run_results import RunResults, line_of, line_of_draws
from cfaug.generators.base import Generator
from cfaug.generators.edit_grid import EditGrid
from cfaug.generators.generator_checkpoint import LAST, find_generator
from cfaug.terminal.progress import OneBar
from cfaug.terminal.tables import short_path, show
from cfaug.tracking.lineage import Lineage
from cfaug.tracking.run_folders import claim_run_folder
from cfaug.tracking.run_names import identify
from cfaug.tracking.run_records import RunRecord, SaveRunConfig, run_folder
from cfaug.training.checkpoints import Checkpoints, read_checkpoint
from cfaug.training.finite import FiniteLosses
from cfaug.training.precision import fastest_precision, require_precision
from datamodules.base import AttributeDataModule
from datamodules.checks import require_seed
from datamodules.process.devices import share_of_batch

SPECIAL_CHECKPOINTS = ("best", "last", "hpc", "registry")
"""What Lightning's ``ckpt_path`` takes beside a file, and finds only in the run that made it."""

set_parsing_settings(omegaconf_absolute_to_relative_paths=True)


class CfaugCLI(LightningCLI):
    """LightningCLI with the links, callbacks and defaults of the project."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link what the data know to the model; add the callbacks that every run has."""
        prefix = "model.init_args" if self.subclass_mode_model else "model"
        for name in ("attribute_space", "image_shape"):
            parser.link_arguments(f"data.{name}", f"{prefix}.{name}", apply_on="instantiate")
        # Outside trainer.callbacks, so that an overlay of that list cannot lose them.
        parser.add_lightning_class_args(Checkpoints, "checkpoint")
        parser.set_defaults(
            {
                "checkpoint.filename": "last",
                "checkpoint.enable_version_counter": False,
                "checkpoint.save_on_exception": True,
            }
        )

    def _add_subcommands(self, parser: LightningArgumentParser, **kwargs: Any) -> None:
        super()._add_subcommands(parser, **kwargs)
        for name in ("validate", "test"):
            # `RunResults` prints a table of its own.
            self._subcommand_parsers[name].set_defaults({"verbose": False})

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse the words of the command, and check the seed, which is used before all else."""
        super().parse_arguments(parser, args)
        seed = self.config[self.config["subcommand"]].seed_everything
        if not isinstance(seed, bool):
            require_seed("seed_everything", seed)
        trainer = self.config[self.config["subcommand"]].trainer
        require_precision(trainer.precision)
        if trainer.precision is None and isinstance(trainer.accelerator, str):
            trainer.precision = fastest_precision(trainer.accelerator)

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Build the trainer, with one bar for all epochs unless another or none is asked for.

        Raises:
            ValueError: If Lightning refuses its options, or loggers have several folders.
        """
        options = self.config_init[self.config["subcommand"]].trainer
        callbacks = _listed(options.callbacks or [])
        if (
            options.enable_progress_bar is not False
            and not options.barebones
            and not any(isinstance(callback, ProgressBar) for callback in callbacks)
        ):
            kwargs["callbacks"] = [OneBar(), *callbacks]
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except (MisconfigurationException, ValueError) as error:
            msg = f"the options of --trainer do not go together or with this machine: {error}"
            raise ValueError(msg) from error
        claim_run_folder(trainer)
        return trainer

    def before_instantiate_classes(self) -> None:
        """Put the checkpoint in the place of ``last``, and name the run."""
        options = self.config[self.config["subcommand"]]
        generator = None
        if self.model_class is Classifier:
            if options.model.generator == LAST:
                began = self._checkpoint()  # a run goes on with the generator that it began with
                options.model.generator = (
                    began["hyper_parameters"]["generator"] if began else find_generator(LAST)
                )
            generator = options.model.generator
        origins = options.get("ckpt_path"), generator, options.data.init_args.counterfactuals
        origin = next((Path(path) for path in origins if path), None)
        method = _method(options) if self.model_class is Classifier else None
        identity = identify(options, origin, method)
        self.save_config_kwargs["identity"] = identity
        for logger in _listed(options.trainer.logger):
            if getattr(logger, "class_path", "").endswith("WandbLogger"):
                wandb.setup()  # it would say the first things before it looks at WANDB_SILENT
                chosen = logger.init_args
                for name, value in identity.options(chosen.get("job_type") or "train").items():
                    chosen[name] = chosen.get(name) or value

    def _checkpoint(self) -> dict[str, Any] | None:
        """What the file named by ``--ckpt_path`` holds.

        Raises:
            ValueError: If something else is named, or nothing where a trained network is wanted, or
                a file without what a run goes on with.
        """
        command = self.config["subcommand"]
        path = self.config[command].get("ckpt_path")
        kind = "classifier" if self.model_class is Classifier else "generator"
        if not path:
            if command == "fit":
                return None
            told = f"`cfaug {kind} {command}` wants a trained {kind}"
        elif str(path).partition(":")[0] in SPECIAL_CHECKPOINTS:
            told = f"--ckpt_path is {path}, which is no file"
        else:
            checkpoint = read_checkpoint(Path(path), kind)
            if kind == "classifier":
                own = self.config[command].model.backbone
                require_known_backbone(checkpoint["hyper_parameters"], own, Path(path))
            if command != "fit" or "optimizer_states" in checkpoint:
                return checkpoint
            told = f"{path} holds weights alone, and a run goes on with the state of its optimizer"
        msg = (
            f"{told}; name its checkpoint: --ckpt_path runs/{kind}/version_0/checkpoints/last.ckpt"
        )
        raise ValueError(msg)

    def _parse_ckpt_path(self) -> None:
        self._checkpoint()  # a missing or damaged file is told before anything is built
        # The command line wins over a checkpoint's hyperparameters when a run goes on.
        if self.config.get("subcommand") != "fit":
            super()._parse_ckpt_path()

    def before_fit(self) -> None:
        """Check that devices can share a batch, before Lightning starts a process for each.

        Raises:
            ValueError: If they cannot.
        """
        trainer: Any = self.trainer
        share_of_batch(self.datamodule.batch_size, trainer.num_devices * trainer.num_nodes)
        self.before_test()

    def before_test(self) -> None:
        """Keep Lightning from asking for more workers where none is fastest."""
        if self.datamodule.num_workers == 0:
            warnings.filterwarnings("ignore", message=".*does not have many workers")

    before_validate = before_predict = before_test

    def after_fit(self) -> None:
        """Test a classifier when it is trained; say how images were drawn and where the run is."""
        if self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        line = line_of(self.trainer, self.model)  # a test puts its figures in the place of these
        if self.model_class is Classifier:
            best = self._best_weights()
            self.trainer.test(self.model, datamodule=self.datamodule, ckpt_path=best, verbose=False)
        if self.trainer.is_global_zero:
            if drawn := line_of_draws(self.datamodule):
                show(drawn)
            print(line)

    def _best_weights(self) -> str | None:
        """The checkpoint to test where the best of several is kept; None for the last weights."""
        kept: Any = self.trainer.checkpoint_callback
        if kept is None or kept.monitor is None or not kept.best_model_path:
            return None
        if self.trainer.is_global_zero:
            print(f"tested are the weights with the best {kept.monitor}")
        path: str = kept.best_model_path
        return path

    def after_test(self) -> None:
        """Say where the figures are."""
        if self.trainer.is_global_zero and not self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            print(f"all figures: {short_path(run_folder(self.trainer) / 'metrics.json')}")


def _method(options: Any) -> str:
    """How a classifier is trained: objective, sampling, augmentation, counterfactuals.

    What is plain goes without saying; nothing but that is ``erm``, and ``oracle`` with it.
    """
    data, model = options.data.init_args, options.model
    chosen = (_class_name(model.objective), _class_name(model.augmentation))
    parts = [name for name in chosen if name not in {"", "CrossEntropy"}]
    parts += [] if data.sampling == "natural" else [str(data.sampling)]
    parts += ["counterfactual"] if model.generator or data.counterfactuals else []
    plain = "oracle" if data.get("oracle") else "erm"
    return " + ".join(parts) if parts and plain == "erm" else plain


def _class_name(option: Any) -> str:
    """The name of the class that an option names; empty where it names none."""
    path = getattr(option, "class_path", option)
    return str(path).rpartition(".")[2] if path else ""


def _listed(loggers: Any) -> list[Any]:
    return loggers if isinstance(loggers, list) else [loggers]


def _run(
    name: str, model: type, args: list[str], *, family: bool, callbacks: list[object]
) -> CfaugCLI:
    return CfaugCLI(
        model,
        AttributeDataModule,
        subclass_mode_data=True,
        subclass_mode_model=family,
        seed_everything_default=0,
        auto_configure_optimizers=False,
        parser_kwargs={
            "parser_mode": "omegaconf+",
            "prog": f"cfaug {name}",
            "exit_on_error": False,
        },
        save_config_callback=SaveRunConfig,
        save_config_kwargs={"save_to_log_dir": False, "command": ["cfaug", name, *args]},
        trainer_defaults={
            "callbacks": [FiniteLosses(), RunRecord(), *callbacks, Lineage(), RunResults()],
            "enable_model_summary": False,
            "plugins": [{"class_path": "cfaug.training.checkpoints.WholeCheckpointIO"}],
        },
        args=args,
    )


def run_generator(args: list[str]) -> CfaugCLI:
    """Run ``cfaug generator``."""
    return _run("generator", Generator, args, family=True, callbacks=[EditGrid()])


def run_classifier(args: list[str]) -> CfaugCLI:
    """Run ``cfaug classifier``."""
    return _run("classifier", Classifier, args, family=False, callbacks=[GroupTable()])
