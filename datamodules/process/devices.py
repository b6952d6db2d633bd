"""What devices that train together share: the images of a batch, and its random numbers."""

from collections.abc import Callable

from torch import Tensor, distributed


def this_device() -> tuple[int, int]:
    """The number of the device of this process, and how many devices train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def share_of_batch(batch_size: int, devices: int) -> int:
    """Images of a batch that each device gets.

    Args:
        batch_size: Images of a batch, those of all devices together.
        devices: Number of devices.

    Raises:
        ValueError: If the devices would not get the same number. The mean of their gradients would
            then not be the gradient of the batch.
    """
    share, left = divmod(batch_size, devices)
    if left or not share:
        near = [size for size in (share * devices, (share + 1) * devices) if size]
        msg = (
            f"batch_size is {batch_size}, the images of a batch over all devices, and {devices} "
            f"devices cannot share them evenly; set --data.init_args.batch_size to "
            f"{' or '.join(map(str, near))}, or --trainer.devices to another number"
        )
        raise ValueError(msg)
    return share


def random_like(draw: Callable[..., Tensor], rows: Tensor) -> Tensor:
    """Random numbers for the images of this device: those that one device would draw for them.

    In training the random generators of all devices have the same state. So each device draws the
    numbers of the whole batch, and takes those of the images that `DrawSampler` gives it.

    Args:
        draw: Draws a tensor of a shape on a device, as ``torch.randn`` does.
        rows: (B, ...), a row for each image of this device.

    Returns:
        As many numbers as `rows` has, in its shape and on its device.
    """
    rank, devices = this_device()
    return draw((devices * len(rows), *rows.shape[1:]), device=rows.device)[rank::devices]
