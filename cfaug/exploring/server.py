"""The web side of ``cfaug explore``: one page, and an API of JSON behind it.

Nothing is kept: an uploaded image goes back to the page as the square that networks see, and the
page sends it along with each wish.
"""

import base64
import json
from collections.abc import Callable
from importlib.resources import files
from time import perf_counter
from typing import Any

import torch
from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from torch import Tensor

from cfaug.exploring.session import Session
from cfaug.user_errors import message_for_users
from datamodules.image_files import ImageFiles
from datamodules.storage.image_decoding import decode, encode_png

MOST_BYTES = 20_000_000
"""Of an upload."""
MOST_PIXELS = 50_000_000
"""Of an upload that is decoded."""
THUMBNAILS = 12
"""Test images to choose from at a time."""

JSON, BYTES = "application/json", "application/octet-stream"

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Answer = Callable[[Session, Any], dict[str, Any]]


class RefusedError(ValueError):
    """A wish that is refused.

    Args:
        message: Why.
        status: That of HTTP.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def make_app(session: Session, hosts: list[str]) -> Starlette:
    """The web application. A defect is answered with status 500, and its traceback is printed.

    Args:
        session: What it shows.
        hosts: Names that it answers to; a foreign page cannot reach it by a name of its own.
    """
    pages = Environment(loader=PackageLoader("cfaug.exploring", "."), autoescape=True)
    page = pages.get_template("page.html.j2").render(
        space=session.space,
        classifiers=list(session.classifiers),
        images=session.images,
        thumbnails=THUMBNAILS,
    )

    async def index(request: Request) -> Response:
        return HTMLResponse(page, headers=HEADERS)

    routes = [
        Route("/", index),
        Route("/page.js", _static("page.js", "text/javascript")),
        Route("/page.css", _static("page.css", "text/css")),
        Route("/api/upload", _endpoint(session, _upload, BYTES, _body), methods=["POST"]),
    ]
    answers = {"thumbnails": _thumbnails, "image": _image, "edit": _edit, "grid": _grid}
    for name, answer in {**answers, "flip": _flip}.items():
        endpoint = _endpoint(session, answer, JSON, _json)
        routes.append(Route(f"/api/{name}", endpoint, methods=["POST"]))
    return Starlette(
        routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
    )


def _static(name: str, kind: str) -> Callable[[Request], Response]:
    content = files("cfaug.exploring").joinpath(name).read_text(encoding="utf-8")
    return lambda request: Response(content, media_type=kind, headers=HEADERS)


def _endpoint(
    session: Session, answer: Answer, kind: str, read: Callable[[bytes], Any]
) -> Callable[..., Any]:
    """An endpoint that answers what it read from a body, or says in one line what is wrong."""

    async def endpoint(request: Request) -> Response:
        try:
            told = read(await _content(request, kind))
            found = await run_in_threadpool(answer, session, told)
        except Exception as error:
            message = message_for_users(error)
            if message is None:
                raise
            status = error.status if isinstance(error, RefusedError) else 400
            return JSONResponse({"error": message}, status, headers=HEADERS)
        return JSONResponse(found, headers=HEADERS)

    return endpoint


async def _content(request: Request, kind: str) -> bytes:
    # A browser sends neither kind for a page from elsewhere without asking here first.
    if request.headers.get("content-type") != kind:
        msg = f"content-type is {request.headers.get('content-type')}, expected {kind}"
        raise RefusedError(msg, 415)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            msg = f"the image has more than {MOST_BYTES / 1e6:.0f} MB; scale it down"
            raise RefusedError(msg, 413)
    return bytes(content)


def _body(content: bytes) -> bytes:
    return content


def _json(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise RefusedError("expected an object of JSON")
    return told


def _thumbnails(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """Some test images to choose from."""
    images, codes = session.images_from(_whole(told, "start"), THUMBNAILS)
    captions = [", ".join(_values(session, row).values()) for row in codes]
    pictures = [_png(image) for image in images]
    shown = zip(pictures, captions, strict=True)
    return {"images": [{"image": picture, "caption": caption} for picture, caption in shown]}


def _upload(session: Session, content: bytes) -> dict[str, Any]:
    """The square of an uploaded image, and what the judge reads from it."""
    square = session.data.square if isinstance(session.data, ImageFiles) else "crop"
    side = session.data.image_shape[-1]
    pixels = decode(content, "you chose", side, MOST_PIXELS, square=square)
    image = pixels[None].float() / 255
    codes = session.guess(image)
    known = None if codes is None else _values(session, codes[0])
    return {"image": _png(image[0]), "attributes": known, "guessed": True}


def _image(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """A test image and its attributes."""
    images, codes = session.images_from(_whole(told, "index"), 1)
    return {"image": _png(images[0]), "attributes": _values(session, codes[0]), "guessed": False}


def _edit(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """An edit, how it differs, and what the classifiers say before and after."""
    start = perf_counter()
    image = _picture(session, told)
    codes, targets = _codes(session, told, "attributes"), _codes(session, told, "targets")
    changed = (codes != targets)[0].nonzero()[:, 0].tolist()
    edited = session.edit(image, codes, targets, changed)
    return {
        "edited": _png(edited[0]),
        "difference": _png((edited - image).abs()[0]),
        "before": session.opinions(image),
        "after": session.opinions(edited),
        "milliseconds": round(1000 * (perf_counter() - start)),
    }


def _grid(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """The image with each value of each attribute, and what the classifiers see in each."""
    image = _picture(session, told)
    rows = session.single_edits(image, _codes(session, told, "attributes"))
    return {
        "rows": [[_png(edited) for edited in row] for row in rows],
        "said": [_classes(session, row) for row in rows],
    }


def _classes(session: Session, images: Tensor) -> list[dict[str, str]]:
    """For each image (N, 3, H, W), the class that each classifier sees in it."""
    names = session.space.attributes[session.space.label_position].values
    said = session.predictions(images)
    return [{name: names[codes[row]] for name, codes in said.items()} for row in range(len(images))]


def _flip(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """The next test image that a classifier reads otherwise after an edit of one attribute."""
    names = [told.get(name) for name in ("classifier", "attribute")]
    if not all(isinstance(name, str) for name in names):
        raise RefusedError("name a classifier and an attribute")
    found = session.next_flip(str(names[0]), str(names[1]), _whole(told, "start"))
    values = session.space.attributes[session.space.position(str(names[1]))].values
    value = None if found.value is None else values[found.value]
    return {"index": found.index, "value": value, "looked_to": found.looked_to}


def _picture(session: Session, told: dict[str, Any]) -> Tensor:
    """(1, 3, H, W) in [0, 1]: the image that the page holds."""
    prefix, _, content = str(told.get("image")).partition(",")
    try:
        raw = base64.b64decode(content, validate=True)
    except ValueError as error:
        raise RefusedError("image is no PNG in base 64") from error
    if not prefix.startswith("data:image/png"):
        raise RefusedError("image is no PNG in base 64")
    return decode(raw, "sent", session.data.image_shape[-1], MOST_PIXELS)[None].float() / 255


def _codes(session: Session, told: dict[str, Any], name: str) -> Tensor:
    """(1, K) codes from values by the name of the attribute."""
    values = told.get(name)
    if not isinstance(values, dict) or set(values) != set(session.space.names):
        msg = f"{name} has to give a value to each of {list(session.space.names)}"
        raise RefusedError(msg)
    codes = session.space.encode(values)
    return torch.tensor([[codes[column] for column in range(len(session.space.names))]])


def _values(session: Session, codes: Tensor) -> dict[str, str]:
    """Values by the name of the attribute, from codes (K,)."""
    return {
        attribute.name: attribute.values[code]
        for attribute, code in zip(session.space.attributes, codes.tolist(), strict=True)
    }


def _whole(told: dict[str, Any], name: str) -> int:
    value = told.get(name)
    if type(value) is not int:  # True is an int too
        msg = f"{name} is {value!r}, expected a whole number"
        raise RefusedError(msg)
    return value


def _png(image: Tensor) -> str:
    """A data URL of an image (3, H, W) in [0, 1]."""
    pixels = (255 * image.float()).round().clamp(0, 255).byte().cpu()
    content = base64.b64encode(encode_png(pixels)).decode()
    return f"data:image/png;base64,{content}"
