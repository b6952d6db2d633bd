"""Checks of options, by name."""


def require_at_least(smallest: float, **values: float) -> None:
    """Check options by name.

    Raises:
        ValueError: If one is smaller, or null, which jsonargparse lets pass for anything; the
            message names it.
    """
    for name, value in values.items():
        if value is None or value < smallest:
            told = "null" if value is None else value
            msg = f"{name} is {told}, expected at least {smallest}"
            raise ValueError(msg)


def require_above(limit: float, **values: float) -> None:
    """Check options by name.

    Raises:
        ValueError: If one is not larger, or null; the message names it.
    """
    for name, value in values.items():
        if value is None or not value > limit:
            msg = f"{name} is {'null' if value is None else value}, expected a number above {limit}"
            raise ValueError(msg)


def require_between(smallest: float, largest: float, **values: float) -> None:
    """Check options by name.

    Raises:
        ValueError: If one is outside, or null; the message names it.
    """
    for name, value in values.items():
        if value is None or not smallest <= value <= largest:
            told = "null" if value is None else value
            msg = f"{name} is {told}, expected a number from {smallest} to {largest}"
            raise ValueError(msg)


def require_seed(name: str, seed: int) -> None:
    """Check a seed, which all generators of random numbers must take.

    Raises:
        ValueError: If it is not a number of 32 bits; the message has its name.
    """
    if not 0 <= seed < 2**32:
        msg = f"{name} is {seed}, expected a whole number from 0 to {2**32 - 1}"
        raise ValueError(msg)
