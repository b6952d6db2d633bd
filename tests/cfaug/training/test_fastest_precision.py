"""The precision that is trained in where none is asked for."""

import pytest
import torch

from cfaug.training.precision import fastest_precision


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "32-true"),
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, "32-true"),
        ({"avx2": True, "avx512_bf16": True}, "bf16-mixed"),
        ({"amx_bf16": True, "avx512_bf16": False}, "bf16-mixed"),
        ({"neon": True, "bf16": True}, "bf16-mixed"),
        ({}, "32-true"),
    ],
)
def test_a_processor_trains_in_bfloat16_if_it_has_it(
    instructions: dict[str, bool], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions, raising=False)
    assert fastest_precision("cpu") == expected


@pytest.mark.parametrize("has_it", [True, False])
def test_a_gpu_is_asked_and_not_its_processor(
    has_it: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"bf16": not has_it}, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation: has_it)
    assert fastest_precision("auto") == ("bf16-mixed" if has_it else "32-true")
    assert fastest_precision("cpu") == ("32-true" if has_it else "bf16-mixed")


def test_a_torch_that_cannot_tell_trains_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert fastest_precision("cpu") == "32-true"
