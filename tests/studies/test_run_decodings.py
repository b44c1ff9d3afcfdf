"""Cells of a run decoded again: what is asked of a network, and what is not."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.conftest import small_view
from workbench.datasets import read_labels
from workbench.inference import (
    ENCODINGS,
    DistanceDecoder,
    ModelCard,
    ModelDescription,
    OfficialDecoder,
    WatershedDecoder,
    write_card,
)
from workbench.schema import InputError
from workbench.store import write_maps
from workbench.studies import PredictJob, RunDecodings, run_decodings
from workbench.studies._run_decodings import _KeptMaps

MEMBER = "otsu_watershed-0"


@pytest.fixture
def decodings(small_study: Callable[..., Path], tmp_path: Path) -> RunDecodings:
    return run_decodings(small_view(small_study(), tmp_path / "run"))


def perfect_maps(decodings: RunDecodings, image_id: str) -> np.ndarray:
    encoding = ENCODINGS["three_class"]
    return encoding.perfect(encoding.encode(decodings.reference(image_id).labels.astype(np.int32)))


@pytest.fixture
def painted(decodings: RunDecodings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The member as if networks had painted the reference; return the images they are asked for."""
    folder = tmp_path / "model"
    folder.mkdir()
    description = ModelDescription(
        architecture="unet", decoder=WatershedDecoder(foreground_threshold=0.4)
    )
    write_card(folder, ModelCard(description=description))
    job = PredictJob(
        dataset=decodings.view.study.dataset.path, model="m", networks=(folder,), output=tmp_path
    )
    asked: list[str] = []

    def paint(record: Any) -> Any:
        asked.append(record.image_id)
        return SimpleNamespace(maps=perfect_maps(decodings, record.image_id))

    monkeypatch.setattr(decodings, "_jobs", lambda _: job)
    monkeypatch.setattr(decodings, "_networks", lambda _: SimpleNamespace(paint=paint))
    return asked


def test_a_method_without_training_says_why_it_has_no_decoder(decodings: RunDecodings) -> None:
    choice = decodings.decoders("im2", MEMBER)
    assert choice.own is None
    assert "is a method without training" in choice.note
    with pytest.raises(InputError, match="paints no maps"):
        decodings.found("im2", MEMBER, WatershedDecoder())


def test_stored_cells_are_those_that_were_scored(decodings: RunDecodings) -> None:
    found = decodings.found("im2", MEMBER)
    member = decodings.view.members[0]
    stored = read_labels(decodings.view.run.prediction_file(member, "im2"))
    assert np.array_equal(found.labels, stored)
    assert np.isnan(found.confidences).all()


def test_the_own_decoder_is_that_tuned_with_the_network(
    decodings: RunDecodings, painted: list[str]
) -> None:
    choice = decodings.decoders("im2", MEMBER)
    assert choice.own == WatershedDecoder(foreground_threshold=0.4)
    assert choice.others == (OfficialDecoder(),)
    # Its cells are known: they were stored.
    decodings.found("im2", MEMBER, choice.own)
    assert painted == []


def test_a_network_is_asked_once_for_all_settings_of_its_decoder(
    decodings: RunDecodings, painted: list[str]
) -> None:
    for threshold in (0.5, 0.6, 0.7):
        found = decodings.found("im3", MEMBER, WatershedDecoder(foreground_threshold=threshold))
        assert np.array_equal(found.labels > 0, decodings.reference("im3").labels > 0)
        assert found.confidences == pytest.approx(1)
    assert decodings.found("im3", MEMBER, OfficialDecoder(min_area_px=10_000)).labels.max() == 0
    assert painted == ["im3"]


def test_maps_stored_with_the_run_are_used(decodings: RunDecodings, painted: list[str]) -> None:
    folder = decodings.view.run.prediction_folder(decodings.view.members[0]) / "maps"
    write_maps(folder / "im2.tif", perfect_maps(decodings, "im2"))
    found = decodings.found("im2", MEMBER, WatershedDecoder())
    assert np.array_equal(found.labels > 0, decodings.reference("im2").labels > 0)
    assert decodings.maps("im2", MEMBER).dtype == np.float16
    assert painted == []


@pytest.mark.usefixtures("painted")
def test_a_decoder_of_other_maps_is_refused(decodings: RunDecodings) -> None:
    with pytest.raises(InputError, match="does not read three_class maps"):
        decodings.found("im2", MEMBER, DistanceDecoder())


def test_maps_that_were_not_used_for_longest_are_forgotten_first() -> None:
    kept = _KeptMaps(2 * 8)
    for name in "abc":
        kept.keep(name, np.zeros((2, 2, 1), np.float16))
        assert kept["a"].shape == (2, 2, 1) if "a" in kept else name == "c"
    assert [name for name in "abc" if name in kept] == ["a", "c"]
