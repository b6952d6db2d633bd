"""Which errors a user can mend, and what they have to tell in one line."""

import traceback
from collections.abc import Iterator
from errno import ENOSPC
from importlib.util import find_spec
from pathlib import Path


def message_for_users(error: Exception) -> str | None:
    """What an error has to tell, in one line; None for a defect, of which users cannot know."""
    if any(_is_of_workers(e) for e in chain(error)):
        return (
            "processes that load images were ended, as they are where memory, or shared memory "
            "(/dev/shm), is short; set --data.init_args.num_workers 0, or a smaller batch_size"
        )
    return next((one_line(e) for e in chain(error) if _is_for_users(e)), None)


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then what it was raised from: parsers wrap what a constructor raises."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_of_workers(error: BaseException) -> bool:
    """Whether torch tells that a worker of a loader was ended, by no fault of its own."""
    told = str(error)
    ended = isinstance(error, RuntimeError) and told.startswith("DataLoader worker")
    return ended and "Segmentation fault" not in told


def _is_for_users(error: BaseException) -> bool:
    """Whether a check of the project, Lightning or W&B raised it, or the system refused a file."""
    if isinstance(error, OSError):
        return error.filename is not None or error.errno == ENOSPC
    # By their names, or imported late: the command line should not wait for torch.
    kind = type(error)
    if kind.__name__ == "MisconfigurationException" or kind.__module__.startswith("wandb.errors"):
        return True  # of Lightning, of options; of W&B, of a login or a connection
    from datamodules.storage.image_error import ImageError

    if isinstance(error, ImageError):  # out of a loader's worker, whose frames are gone
        return True
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or not isinstance(error, (ValueError, RuntimeError)):
        return False
    packages = (find_spec(name) for name in ("cfaug", "datamodules"))
    folders = [Path(spec.origin).parent for spec in packages if spec and spec.origin]
    ours = any(Path(frames[-1].filename).is_relative_to(folder) for folder in folders)
    # What torch refuses in a line of ours is a defect and keeps its traceback.
    return ours and (frames[-1].line or "").startswith("raise ")
