"""``cfaug explore``: a local page on a generator and classifiers."""

import socket
from pathlib import Path
from typing import Any

import uvicorn
from jsonargparse import ArgumentParser
from jsonargparse.typing import NonNegativeInt, restricted_number_type
from torch import nn

from cfaug.classifiers.classifier_checkpoint import load_classifier_to_test
from cfaug.cli.classifier_tests import (
    add_classifier_arguments,
    named_classifier,
    refuse_without_classifier,
)
from cfaug.cli.options import (
    add_generator_argument,
    add_precision_argument,
    chosen_generator,
    data_parser,
    prepare,
)
from cfaug.evaluation.judges import train_judge
from cfaug.exploring.server import make_app
from cfaug.exploring.session import Session

Port = restricted_number_type("Port", int, [(">=", 0), ("<=", 65535)])

EVERY_ADDRESS = "0.0.0.0"


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("explore", "Look at edits, and at what classifiers make of them.")
    add_generator_argument(parser)
    parser.add_argument(
        "--classifiers",
        type=list[Path],
        default=[],
        help="checkpoints of one or two, e.g. '[a.ckpt, b.ckpt]'",
    )
    add_classifier_arguments(parser)
    parser.add_argument(
        "--judge_steps",
        type=NonNegativeInt,
        default=500,
        help="updates of a network that guesses the attributes of uploads; 0: you choose them",
    )
    add_precision_argument(parser)
    parser.add_argument(
        "--host",
        type=str,
        default="127.0.0.1",
        help="address to listen on; whoever reaches it can use the page",
    )
    parser.add_argument("--port", type=Port, default=7860, help="port to listen on, 0 for any")
    options = parser.parse_args(args)
    require_two(options.classifiers, options.classifier)
    if options.classifier is None:
        refuse_without_classifier(options)
    with listen(options.host, options.port) as listener:
        serve(options, parser, listener)


def serve(options: Any, parser: ArgumentParser, listener: socket.socket) -> None:
    """Load what the page needs, then answer it until Ctrl-C."""
    data = prepare(options, parser)
    generator, _ = chosen_generator(options.generator, data)
    classifiers: dict[str, nn.Module] = {
        name_of(path, options.classifiers): load_classifier_to_test(
            path, data, options.own_backbone
        )
        for path in options.classifiers
    }
    if options.classifier is not None:
        classifiers[options.classifier] = named_classifier(options, data)
    judge = None
    if options.judge_steps:
        judge = train_judge(data.sampled("deconfounded"), options.judge_steps, options.precision)
    session = Session(generator, classifiers, data, judge)
    app = make_app(session, [options.host, "127.0.0.1", "localhost"])
    print(f"open http://{options.host}:{listener.getsockname()[1]}  (Ctrl-C ends it)", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def require_two(classifiers: list[Path], other: str | None) -> None:
    """Refuse more classifiers than one sees side by side.

    Raises:
        ValueError: If there are more than two.
    """
    count = len(classifiers) + (other is not None)
    if count > 2:
        msg = f"--classifiers and --classifier name {count}; name one or two to compare"
        raise ValueError(msg)


def listen(host: str, port: int) -> socket.socket:
    """A socket for the page, before anything slow is done.

    Raises:
        ValueError: If the port is taken, or the host is every address at once: a page of another
            name could then not be told from one of these.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        msg = f"cannot listen on port {port} of {host} ({error.strerror}); choose another --port"
        raise ValueError(msg) from error
    if listener.getsockname()[0] == EVERY_ADDRESS:
        listener.close()
        msg = f"--host {host} is every address at once; name the one that others call"
        raise ValueError(msg)
    return listener


def name_of(path: Path, among: list[Path]) -> str:
    """The run that left a checkpoint, or the whole path where two would be called alike."""
    names = ["/".join(other.parts[-4:-2]) for other in among]
    name = "/".join(path.parts[-4:-2])
    return name if name and names.count(name) == 1 else str(path)
