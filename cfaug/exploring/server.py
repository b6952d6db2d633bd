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
from torchvision.io import encode_png

from cfaug.exploring.session import Session
from datamodules.errors import ImageError
from datamodules.images import decode

MOST_BYTES = 20_000_000
"""Of an upload."""
MOST_PIXELS = 50_000_000
"""Of an upload that is decoded."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Answer = Callable[[Session, Any], dict[str, Any]]


class TooLargeError(ValueError):
    """An upload has too many bytes."""


def make_app(session: Session, hosts: list[str]) -> Starlette:
    """The web application.

    Args:
        session: What it shows.
        hosts: Names that it answers to; a foreign page cannot reach it by a name of its own.
    """
    pages = Environment(loader=PackageLoader("cfaug.exploring", "."), autoescape=True)
    page = pages.get_template("page.html.j2").render(
        space=session.space, classifiers=list(session.classifiers), images=session.images
    )

    async def index(request: Request) -> Response:
        return HTMLResponse(page, headers=HEADERS)

    routes = [
        Route("/", index),
        Route("/page.js", _static("page.js", "text/javascript")),
        Route("/page.css", _static("page.css", "text/css")),
        Route("/api/upload", _endpoint(session, _upload, _body), methods=["POST"]),
    ]
    for name, answer in {"image": _image, "edit": _edit, "grid": _grid, "flip": _flip}.items():
        routes.append(Route(f"/api/{name}", _endpoint(session, answer, _json), methods=["POST"]))
    return Starlette(
        routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)]
    )


def _static(name: str, kind: str) -> Callable[[Request], Response]:
    content = files("cfaug.exploring").joinpath(name).read_text()
    return lambda request: Response(content, media_type=kind, headers=HEADERS)


def _endpoint(session: Session, answer: Answer, read: Callable[[bytes], Any]) -> Callable[..., Any]:
    """An endpoint that answers what it read from a body, or says in one line what is wrong."""

    async def endpoint(request: Request) -> Response:
        try:
            told = read(await _content(request))
            found = await run_in_threadpool(answer, session, told)
        except TooLargeError as error:
            return JSONResponse({"error": str(error)}, 413, headers=HEADERS)
        except (ValueError, ImageError) as error:
            return JSONResponse({"error": str(error)}, 400, headers=HEADERS)
        return JSONResponse(found, headers=HEADERS)

    return endpoint


async def _content(request: Request) -> bytes:
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            msg = f"the image has more than {MOST_BYTES / 1e6:.0f} MB; scale it down"
            raise TooLargeError(msg)
    return bytes(content)


def _body(content: bytes) -> bytes:
    return content


def _json(content: bytes) -> dict[str, Any]:
    told = json.loads(content)
    if not isinstance(told, dict):
        raise ValueError("expected an object of JSON")
    return told


def _upload(session: Session, content: bytes) -> dict[str, Any]:
    """The square of an uploaded image, and what the judge reads from it."""
    pixels = decode(content, "you chose", session.data.image_shape[-1], MOST_PIXELS)
    image = pixels[None].float() / 255
    codes = session.guess(image)
    known = None if codes is None else _values(session, codes)
    return {"image": _png(image), "attributes": known, "guessed": True}


def _image(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """A test image and its attributes."""
    image, codes = session.image(_whole(told, "index"))
    return {"image": _png(image), "attributes": _values(session, codes), "guessed": False}


def _edit(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """An edit, how it differs, and what the classifiers say before and after."""
    start = perf_counter()
    image = _picture(session, told)
    edited = session.edit(
        image, _codes(session, told, "attributes"), _codes(session, told, "targets")
    )
    return {
        "edited": _png(edited),
        "difference": _png((edited - image).abs()),
        "before": session.opinions(image),
        "after": session.opinions(edited),
        "milliseconds": round(1000 * (perf_counter() - start)),
    }


def _grid(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """The image with each value of each attribute."""
    rows = session.single_edits(_picture(session, told), _codes(session, told, "attributes"))
    return {"rows": [[_png(image[None]) for image in row] for row in rows]}


def _flip(session: Session, told: dict[str, Any]) -> dict[str, Any]:
    """The next test image that a classifier reads otherwise after an edit of one attribute."""
    names = [told.get(name) for name in ("classifier", "attribute")]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("name a classifier and an attribute")
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
        raise ValueError("image is no PNG in base 64") from error
    if not prefix.startswith("data:image/png"):
        raise ValueError("image is no PNG in base 64")
    return decode(raw, "sent", session.data.image_shape[-1], MOST_PIXELS)[None].float() / 255


def _codes(session: Session, told: dict[str, Any], name: str) -> Tensor:
    """(1, K) codes from values by the name of the attribute."""
    values = told.get(name)
    if not isinstance(values, dict) or set(values) != set(session.space.names):
        msg = f"{name} has to give a value to each of {list(session.space.names)}"
        raise ValueError(msg)
    codes = session.space.encode(values)
    return torch.tensor([[codes[column] for column in range(len(session.space.names))]])


def _values(session: Session, codes: Tensor) -> dict[str, str]:
    return {
        attribute.name: attribute.values[code]
        for attribute, code in zip(session.space.attributes, codes[0].tolist(), strict=True)
    }


def _whole(told: dict[str, Any], name: str) -> int:
    value = told.get(name)
    if not isinstance(value, int):
        msg = f"{name} is {value!r}, expected a whole number"
        raise ValueError(msg)
    return value


def _png(image: Tensor) -> str:
    """A data URL of an image (1, 3, H, W) in [0, 1]."""
    pixels = (255 * image[0].float()).round().clamp(0, 255).byte().cpu()
    content = base64.b64encode(encode_png(pixels).numpy().tobytes()).decode()
    return f"data:image/png;base64,{content}"
