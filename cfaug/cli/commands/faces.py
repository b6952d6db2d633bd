"""``cfaug faces``: draw a data set in the layout of CelebA."""

from pathlib import Path

from jsonargparse.typing import ClosedUnitInterval, restricted_number_type

from cfaug.cli.options import command_parser
from cfaug.terminal.progress import track
from datamodules.drawn_faces import write_faces
from datamodules.rendering.drawn_face import NAMES

SomeFaces = restricted_number_type("SomeFaces", int, (">=", 10))


def main(args: list[str]) -> None:
    """Run the command."""
    parser = command_parser("faces", "Draw faces in the layout and file formats of CelebA.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("data/faces"), help="is made")
    parser.add_argument("--count", type=SomeFaces, default=6000, help="number of faces")
    parser.add_argument(
        "--strength",
        type=ClosedUnitInterval,
        default=0.9,
        help="r with which the confounded attributes follow the colour of the hair",
    )
    parser.add_argument(
        "--confounded",
        type=list[str],
        default=["Eyeglasses", "Smiling", "Beard"],
        help="attributes that follow it; the others are independent of the hair",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of everything")
    options = parser.parse_args(args)
    others = NAMES[1:]
    for name in options.confounded:
        if name not in others:
            msg = f"--confounded names '{name}', expected some of {', '.join(others)}"
            raise ValueError(msg)
    strength = {name: options.strength * (name in options.confounded) for name in others}
    faces = write_faces(options.folder, options.count, strength, options.seed)
    for _ in track(faces, "drawing faces", options.count):
        pass
    print(f"{options.count:,} faces: {options.folder}")
