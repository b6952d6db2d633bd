"""The explorer: its session and its API."""

import base64
import io
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from cfaug.classifiers.classifier_checkpoint import load_classifier_for
from cfaug.cli.main import main
from cfaug.exploring import session as exploring
from cfaug.exploring.server import make_app
from cfaug.exploring.session import Session
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color, Thickness
from tests.integration.explorer import HOSTILE, Careless, Dimmer, a_session, png
from tests.integration.test_cli import DATA, fit

RAW = {"content-type": "application/octet-stream"}


@pytest.fixture(scope="module")
def session() -> Session:
    return a_session()


@pytest.fixture
def client(session: Session) -> TestClient:
    return TestClient(make_app(session, ["127.0.0.1"]), base_url="http://127.0.0.1")


def test_single_edits_are_those_of_the_generator_in_the_order_of_values(session: Session) -> None:
    image, attributes = session.images_from(3, 1)
    edits = session.single_edits(image, attributes)
    assert [len(row) for row in edits] == [10, 2, 10]
    assert torch.equal(edits[0], image.expand(10, -1, -1, -1))  # it edits colours only
    for code, edited in enumerate(edits[2]):
        scale = 1.0 if code == int(attributes[0, 2]) else 1 - code / 100
        assert torch.allclose(edited, image[0] * scale)


def test_the_flips_found_are_those_of_a_search_one_by_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploring, "MOST_IMAGES", 7)
    predict = session.classifiers[HOSTILE]
    wanted = []
    for index in range(40):
        image, attributes = session.images_from(index, 1)
        edits = session.single_edits(image, attributes)[2]
        if (predict(edits).argmax(1) != predict(image).argmax(1)).any():
            wanted.append(index)
    assert 0 < len(wanted) < 40
    found, place = [], 0
    while place < 40:
        search = session.next_flip(HOSTILE, "color", place)
        assert place < search.looked_to <= place + 7
        if search.index is not None:
            image, attributes = session.images_from(search.index, 1)
            edited = session.single_edits(image, attributes)[2][search.value]
            assert predict(edited[None]).argmax() != predict(image).argmax()
            found.append(search.index)
        place = search.looked_to
    assert [index for index in found if index < 40] == wanted


def test_an_edit_that_changes_no_value_is_no_flip(session: Session) -> None:
    data = session.data
    generator = Careless(data.attribute_space, data.image_shape)
    careless = Session(generator, session.classifiers, data, None)
    image, attributes = careless.images_from(0, 1)
    predict = careless.classifiers[HOSTILE]
    null = careless.edit(image, attributes, attributes, [1])
    assert predict(null).argmax() != predict(image).argmax()
    assert careless.next_flip(HOSTILE, "color", 0).index is None


def wish(client: TestClient, index: int = 3, **changes: Any) -> dict[str, Any]:
    found = client.post("/api/image", json={"index": index}).json()
    told = {"image": found["image"], "attributes": found["attributes"]}
    return told | {"targets": {**found["attributes"], **changes}}


def pixels(url: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_an_edit_is_answered_with_pictures_and_opinions(client: TestClient) -> None:
    told = wish(client)
    color = next(c for c in ("blue", "green") if c != told["attributes"]["color"])
    same = client.post("/api/edit", json=told).json()
    assert same["edited"] == told["image"]
    assert not pixels(same["difference"]).any()
    assert same["before"] == same["after"]
    assert sum(same["before"][HOSTILE]) == pytest.approx(100)
    other = client.post("/api/edit", json=wish(client, color=color)).json()
    assert pixels(other["difference"]).any()
    assert other["before"] != other["after"]


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("image", {"index": 99_999}, "there is no test image 99999; choose one from 0 to"),
        ("image", {"index": "1"}, "index is '1', expected a whole number"),
        ("image", {"index": True}, "index is True, expected a whole number"),
        ("thumbnails", {"start": -1}, "there is no test image -1; choose one from 0 to"),
        ("image", [1], "expected an object of JSON"),
        ("edit", {"image": "data:text/plain,a"}, "image is no PNG in base 64"),
        ("edit", {"image": "data:image/png;base64,AAAA"}, "is no image that can be read"),
        ("flip", {"classifier": "x", "attribute": "color", "start": 0}, "no classifier 'x'"),
        ("flip", {"classifier": HOSTILE, "attribute": "digit", "start": 0}, "digit is what"),
    ],
)
def test_wrong_wishes_are_told(client: TestClient, path: str, body: Any, complaint: str) -> None:
    answer = client.post(f"/api/{path}", json=body)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]


def test_the_grid_tells_what_classifiers_see_in_each_edit(
    client: TestClient, session: Session
) -> None:
    index = session.next_flip(HOSTILE, "color", 0).index
    assert index is not None
    image, attributes = session.images_from(index, 1)
    told = wish(client, index)
    found = client.post("/api/grid", json=told).json()
    classifier = session.classifiers[HOSTILE]
    edits = session.single_edits(image, attributes)
    wanted = [classifier(row).argmax(1).tolist() for row in edits]
    assert [[int(said[HOSTILE]) for said in row] for row in found["said"]] == wanted
    assert len(set(wanted[2])) > 1  # it goes by the brightness, which the colours change
    color = client.post("/api/edit", json=wish(client, index, color="blue")).json()["edited"]
    assert found["rows"][2][list(Color().attribute.values).index("blue")] == color


def test_thumbnails_are_the_test_images_in_order(client: TestClient, session: Session) -> None:
    images = client.post("/api/thumbnails", json={"start": session.images - 3}).json()["images"]
    assert len(images) == 3
    for index, shown in enumerate(images, session.images - 3):
        alone = client.post("/api/image", json={"index": index}).json()
        assert shown["image"] == alone["image"]
        assert shown["caption"] == ", ".join(alone["attributes"].values())


@pytest.mark.parametrize("path", ["image", "upload"])
def test_a_form_of_another_page_is_refused(client: TestClient, path: str) -> None:
    kinds = "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a"
    for kind in kinds:  # what a page may send elsewhere unasked
        content = b'{"index": 3}'
        answer = client.post(f"/api/{path}", content=content, headers={"content-type": kind})
        assert answer.status_code == 415
        assert f"content-type is {kind}, expected application/" in answer.json()["error"]


def test_a_defect_is_no_message_for_users(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(
        make_app(session, ["127.0.0.1"]), "http://127.0.0.1", raise_server_exceptions=False
    )
    told = wish(client)
    monkeypatch.setattr(Dimmer, "edit", lambda *_: int("x"))
    answer = client.post("/api/edit", json=told)
    assert (answer.status_code, "invalid literal" in answer.text) == (500, False)


def test_unknown_attributes_and_values_are_told(client: TestClient) -> None:
    answer = client.post("/api/edit", json=wish(client, color="beige"))
    assert answer.status_code == 400
    assert "attribute 'color' has no value 'beige'" in answer.json()["error"]
    answer = client.post("/api/edit", json=wish(client, hair="long"))
    assert "targets has to give a value to each of" in answer.json()["error"]


def test_an_upload_becomes_the_square_that_networks_see(client: TestClient) -> None:
    found = client.post("/api/upload", content=png(40, 30), headers=RAW).json()
    assert pixels(found["image"]).shape == (16, 16, 3)
    assert found["attributes"] == {"digit": "7", "thickness": "thick", "color": "red"}
    assert found["guessed"]


def test_uploads_are_checked(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.post("/api/upload", content=b"hello", headers=RAW)
    assert (answer.status_code, "no image" in answer.json()["error"]) == (400, True)
    monkeypatch.setattr("cfaug.exploring.server.MOST_PIXELS", 1000)
    answer = client.post("/api/upload", content=png(40, 30), headers=RAW)
    refusal = "the image you chose is refused: it has more than 1,000 pixels; scale it down"
    assert (answer.status_code, answer.json()["error"]) == (400, refusal)
    monkeypatch.setattr("cfaug.exploring.server.MOST_BYTES", 1000)
    answer = client.post("/api/upload", content=bytes(2000), headers=RAW)
    assert (answer.status_code, "scale it down" in answer.json()["error"]) == (413, True)


def test_a_page_of_another_name_is_not_answered(client: TestClient) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_names_are_escaped_and_nothing_inline_runs(client: TestClient) -> None:
    answer = client.get("/")
    assert HOSTILE not in answer.text
    assert "&lt;b&gt;me&lt;/b&gt;" in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_checkpoints_of_other_things_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["--trainer.max_epochs", "1", "--trainer.limit_train_batches", "1"]
    assert fit("classifier", tmp_path / "c", *short) == 0
    assert fit("generator", tmp_path / "g", *short) == 0
    classifier = tmp_path / "c/run/a/checkpoints/last.ckpt"
    generator = tmp_path / "g/run/a/checkpoints/last.ckpt"
    data = ConfoundedDigits([Thickness(), Color()], source="digits", size=16)
    loaded = load_classifier_for(classifier, data.attribute_space, (3, 16, 16))
    assert loaded(torch.rand(2, 3, 16, 16)).shape == (2, 10)
    with pytest.raises(ValueError, match=r"images of \(3, 16, 16\), the data have \(3, 28, 28\)"):
        load_classifier_for(classifier, data.attribute_space, (3, 28, 28))
    words = ["explore", *DATA, "--generator", str(generator)]
    words += ["--classifiers", f"[{generator}]", "--port", "0"]
    assert main(words) == 1
    assert f"{generator} is not a classifier's checkpoint" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main([*words, "--port", port]) == 1
    assert f"cannot listen on port {port} of 127.0.0.1" in capsys.readouterr().err


def test_the_page_listens_on_one_address(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explore", *DATA, "--host", "0.0.0.0", "--port", "0"]) == 1
    assert "--host 0.0.0.0 is every address at once; name the one" in capsys.readouterr().err
    assert main(["explore", *DATA, "--classifiers", "[a.ckpt, b.ckpt, c.ckpt]"]) == 1
    assert "--classifiers and --classifier name 3; name one or two" in capsys.readouterr().err
    assert main(["explore", *DATA, "--port", "99999"]) == 2
    assert "99999" in capsys.readouterr().err
