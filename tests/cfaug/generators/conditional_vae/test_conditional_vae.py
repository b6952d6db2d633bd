from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything

from cfaug.generators.conditional_vae.conditional_vae import ConditionalVAE
from cfaug.generators.conditional_vae.encoder_decoder import Modulation
from cfaug.generators.generator_checkpoint import load_generator
from cfaug.networks.halvings import halvings
from datamodules.attributes import attribute_space
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color, Thickness

SPACE = attribute_space({"digit": list("012"), "color": list("ab"), "size": list("slm")}, "digit")


def small() -> ConditionalVAE:
    return ConditionalVAE(SPACE, (3, 16, 16), latent=4, detail=4, channels=16)


def test_edits_have_the_shape_and_range_of_images_for_any_attributes() -> None:
    for values in (
        {"digit": list("01")},
        {"digit": list("0123"), "a": list("xyz"), "b": list("uv")},
    ):
        space = attribute_space(values, "digit")
        generator = ConditionalVAE(space, (3, 20, 20), latent=4, channels=16)
        rows = torch.zeros(5, len(values), dtype=torch.long)
        columns = range(len(values))
        edited = generator.edit(torch.rand(5, 3, 20, 20), rows, rows + 1, columns)
        assert edited.shape == (5, 3, 20, 20)
        assert edited.min() >= 0
        assert edited.max() <= 1


@pytest.mark.parametrize("shape", [(3, 16, 18), (3, 18, 18)])
def test_unsuitable_images_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="square side divisible by 4"):
        ConditionalVAE(SPACE, shape)


def test_a_checkpoint_that_a_script_saves_is_read_back(tmp_path: Path) -> None:
    trainer = Trainer(logger=False, accelerator="cpu", enable_progress_bar=False)
    generator = small()
    trainer.strategy.connect(generator)
    trainer.save_checkpoint(tmp_path / "generator.ckpt")
    images, rows = torch.rand(4, 3, 16, 16), torch.randint(2, (4, 3))
    read = load_generator(tmp_path / "generator.ckpt")
    edit = images, rows, 1 - rows, [0, 1, 2]
    assert torch.equal(read.edit(*edit), generator.eval().edit(*edit))


@pytest.mark.parametrize("wanted", [0, 1])
def test_edits_of_the_label_drop_the_detail_whether_or_not_its_value_changes(wanted: int) -> None:
    generator, images, rows = small(), torch.rand(4, 3, 16, 16), torch.zeros(4, 3).long()
    other = generator.decoder.stem.weight[:, 4:8]  # the weights of v
    for columns, uses_detail in (([0], False), ([0, 1], False), ([1], True), ([1, 2], True)):
        targets = rows.clone()
        targets[:, columns[0]] = wanted
        before = generator.edit(images, rows, targets, columns)
        with torch.no_grad():
            other += torch.randn_like(other)
        same = torch.allclose(before, generator.edit(images, rows, targets, columns), atol=1e-6)
        assert same != uses_detail


def test_an_edit_shows_nothing_of_an_old_value_that_is_no_longer_in_the_latents() -> None:
    generator, rows = small().eval(), torch.zeros(2, 3).long()
    rows[1, 1] = 1  # one image has the wanted value already, the other has not
    targets = torch.ones_like(rows)
    same = torch.zeros(2, 8), torch.zeros(2, 8)
    with patch.object(generator.encoder, "forward", return_value=same):
        edited = generator.edit(torch.rand(2, 3, 16, 16), rows, targets, [0, 1, 2])
    assert torch.equal(edited[0], edited[1])


def test_an_adversary_that_is_told_the_label_finds_nothing_in_an_aligned_attribute() -> None:
    generator = small()
    batch = {"image": torch.rand(8, 3, 16, 16), "attributes": torch.zeros(8, 3).long()}
    batch["attributes"][:, 0] = torch.arange(8) % 3
    batch["attributes"][:, 1] = batch["attributes"][:, 0] % 2
    optimizer = torch.optim.Adam(generator.told_adversary.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        generator.losses(batch)["adversary"].backward()  # type: ignore[arg-type]
        optimizer.step()
    found = torch.cat([torch.zeros(3, 8), torch.eye(3)], dim=1)  # u, v say nothing, the label all
    read = generator.told_adversary(found)[0].argmax(1)
    assert read.tolist() == [0, 1, 0]


def test_the_adversary_descends_while_the_encoder_climbs() -> None:
    generator = small()
    images, rows = torch.rand(8, 3, 16, 16), torch.randint(2, (8, 3))
    batch = {"image": images, "attributes": rows, "index": torch.arange(8)}
    head = generator.encoder.head.weight

    def gradient(weight: float) -> torch.Tensor:
        torch.manual_seed(0)
        generator.zero_grad()
        generator.adversary_weight = weight
        generator.losses(batch)["loss"].backward()  # type: ignore[arg-type]
        assert head.grad is not None
        return head.grad.clone()

    none, one, two = gradient(0.0), gradient(1.0), gradient(2.0)
    assert not torch.allclose(none, one)
    assert torch.allclose(two - none, 2 * (one - none), atol=1e-4)
    torch.manual_seed(0)
    generator.zero_grad()
    generator.losses(batch, ramp=0.0)["adversary"].backward()  # type: ignore[arg-type]
    assert head.grad is not None
    assert head.grad.abs().max() == 0  # weight 0 reaches the adversary alone


def test_consistency_teaches_the_encoder_alone_to_read_edits_back() -> None:
    generator = small()
    images, rows = torch.rand(8, 3, 16, 16), torch.randint(2, (8, 3))
    batch = {"image": images, "attributes": rows, "index": torch.arange(8)}
    torch.manual_seed(0)
    loss = generator.losses(batch)["consistency"]  # type: ignore[arg-type]
    torch.manual_seed(0)
    torch.randn(8, 8), torch.rand(8)  # the noise of u and v, and which images do without v
    targets = torch.stack([torch.randint(n, (8,)) for n in SPACE.cardinalities], dim=1)
    targets[:, 0] = torch.where(torch.rand(8) < 0.5, rows[:, 0], targets[:, 0])
    relabelled = targets[:, :1] != rows[:, :1]
    kept = torch.cat([torch.ones(8, 4), (~relabelled).expand(8, 4)], dim=1)
    latent, _ = generator.encoder(images, rows)
    edited = generator.decoder(latent * kept, targets).sigmoid()
    inferred, _ = generator.encoder(edited, targets)
    expected = ((inferred - latent).square() * kept).sum() / 8
    assert 0 < relabelled.sum() < 8
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=1e-4)
    loss.backward()
    drawing = (p for n, p in generator.decoder.named_parameters() if "warp" not in n)
    assert all(p.grad is None for p in drawing)  # the warp is the encoder's as well
    gradient = generator.encoder.head.weight.grad
    assert gradient is not None
    assert gradient.abs().max() > 0


def test_modulation_adds_up_the_tables_of_the_attributes() -> None:
    modulation = Modulation([2, 3], channels=2)
    tables = [
        torch.tensor([[0.0, 0, 0, 0], [1, 2, 3, 4]]),
        torch.tensor([[0.0, 0, 0, 0], [0, 0, 0, 0], [10, 20, 30, 40]]),
    ]
    modulation.load_state_dict({"table": torch.cat(tables)})
    features = torch.tensor([[1.0, 10.0]])
    for codes, expected in (
        ([0, 0], [1.0, 10.0]),
        ([1, 0], [1 * 2 + 3.0, 10 * 3 + 4.0]),
        ([1, 2], [1 * 12 + 33.0, 10 * 23 + 44.0]),
    ):
        assert modulation(features, torch.tensor([codes])).tolist() == [expected]
        image = modulation(features[:, :, None, None].expand(1, 2, 3, 3), torch.tensor([codes]))
        assert image[0, :, 1, 2].tolist() == expected
    norms = [(30 / 8) ** 0.5, (3000 / 12) ** 0.5]
    assert modulation.norms().tolist() == pytest.approx(norms)


@pytest.mark.parametrize("side", [28, 56])
def test_what_attributes_do_in_each_layer_is_a_term_of_the_loss(side: int) -> None:
    rows = torch.randint(2, (4, 3))
    batch = {"image": torch.rand(4, 3, side, side), "attributes": rows}
    losses = []
    for sparsity in (0.0, 2.0):
        torch.manual_seed(0)
        generator = ConditionalVAE(SPACE, (3, side, side), sparsity=sparsity, channels=16)
        losses.append(generator.losses(batch))  # type: ignore[arg-type]
    norms = generator.decoder.norms()
    assert norms.shape == (4 + halvings(side), 3)  # every layer, every attribute
    assert float(losses[1]["group_lasso"].detach()) == pytest.approx(float(norms.sum().detach()))
    added = float((losses[1]["loss"] - losses[0]["loss"]).detach())
    assert added == pytest.approx(2 * (side / 28) ** 2 * float(norms.sum().detach()), rel=1e-2)


def test_short_training_moves_edits_towards_the_truth_and_attributes_to_their_layers() -> None:
    seed_everything(0, verbose=False)
    data = ConfoundedDigits(
        [Thickness(1, 1), Color()],
        source="digits",
        size=16,
        strength=0.9,
        sampling="deconfounded",
        epoch_size=128 * 250,
    )
    data.setup()
    # Six times the default's sparsity, to do its work in 250 updates.
    generator = ConditionalVAE(
        data.attribute_space, data.image_shape, latent=16, ema_decay=0.9, sparsity=60.0
    )
    trainer = Trainer(
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
    )
    trainer.fit(generator, datamodule=data)
    batch = data.first("test", 400)
    targets = batch["attributes"].clone()
    targets[:, 2] = (targets[:, 2] + 3) % 10
    truth = data.counterfactual(batch, targets)
    with torch.no_grad():
        edited = generator.eval().edit(batch["image"], batch["attributes"], targets, [2])
    error, untouched = (edited - truth).abs().mean(), (batch["image"] - truth).abs().mean()
    assert float(error) < 0.6 * float(untouched)
    norms = generator.decoder.norms()
    assert norms[2:4].max() < 0.01  # attributes leave the layers that can do without them
    assert norms[:, 2].argmax() == 5  # colour acts last
    assert norms[5, 2] > 0.05
