"""``cfaug faces``: draw a data set in the layout of CelebA."""

from pathlib import Path

from jsonargparse import ArgumentParser
from jsonargparse.typing import ClosedUnitInterval, restricted_number_type
from rich.progress import track

from datamodules.faces import write_faces

SomeFaces = restricted_number_type("SomeFaces", int, (">=", 10))


def main(args: list[str]) -> None:
    """Run the command."""
    parser = ArgumentParser(
        prog="cfaug faces", description="Draw faces in the layout and file formats of CelebA."
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("data/faces"), help="is made")
    parser.add_argument("--count", type=SomeFaces, default=6000, help="number of faces")
    parser.add_argument(
        "--strength",
        type=ClosedUnitInterval,
        default=0.9,
        help="r with which every attribute follows the colour of the hair",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of everything")
    options = parser.parse_args(args)
    faces = write_faces(options.folder, options.count, options.strength, options.seed)
    for _ in track(faces, description="drawing faces", total=options.count):
        pass
    print(f"{options.count:,} faces: {options.folder}")
