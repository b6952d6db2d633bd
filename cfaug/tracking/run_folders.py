"""One folder for each run, which no other takes."""

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from cfaug.tracking.run_records import logger_folder


def claim_run_folder(trainer: Trainer) -> None:
    """Make the folder of a run, one that is not there yet where its loggers have no version.

    Loggers only look for the next number. Of two runs that begin together, both would find the
    same, and overwrite each other's checkpoints.

    Raises:
        ValueError: If figures and checkpoints would lie in several folders, or the one cannot
            be made.
    """
    loggers = trainer.loggers  # checkpoints go to the folder of the first
    files = [logger for logger in loggers if isinstance(logger, (CSVLogger, TensorBoardLogger))]
    numbered = [logger for logger in files if logger._version is None]
    while files:
        folders = dict.fromkeys(map(logger_folder, files))
        names = [str(folder) for folder in folders]
        if loggers[0] not in files:
            names.insert(0, f"the folder of {type(loggers[0]).__name__}, which comes first,")
        if len(names) > 1:
            msg = (
                f"the run would be spread over {' and '.join(names)}; give one logger in the place "
                "of those of the YAMLs, --trainer.logger CSVLogger --trainer.logger.save_dir runs "
                "--trainer.logger.name NAME, or all the same save_dir, name and version"
            )
            raise ValueError(msg)
        if not numbered or rank_zero_only.rank:  # type: ignore[attr-defined]
            return  # other processes of the run make none
        try:
            next(iter(folders)).mkdir(parents=True)
        except FileExistsError:
            for logger in numbered:
                logger._version = None  # it looks again
        except OSError as error:
            msg = f"the folder of the run, {names[0]}, cannot be made ({error.strerror or error}); "
            raise ValueError(f"{msg}choose another save_dir of the logger") from error
        else:
            return
