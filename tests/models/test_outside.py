"""Methods of others: how their libraries are called, by stand-ins with the documented calls."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from workbench.models import (
    OUTSIDE_METHODS,
    BioimageioConfig,
    CellposeConfig,
    InstansegConfig,
    MesmerConfig,
    StardistConfig,
    _outside_bioimageio,
    _outside_cellpose,
    _outside_instanseg,
    _outside_mesmer,
    _outside_stardist,
    find_architecture,
    is_installed,
)
from workbench.schema import InputError

IMAGE = np.linspace(0, 1, 6 * 8 * 2, dtype=np.float32).reshape(6, 8, 2)
LABELS = np.arange(48, dtype=np.uint16).reshape(6, 8) % 3
CONFIGS = {"bioimageio": BioimageioConfig(source="nowhere"), "mesmer": MesmerConfig()} | {
    name: method.settings() for name, method in OUTSIDE_METHODS.items()
    if name not in ("bioimageio", "mesmer")
}  # fmt: skip


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that puts a module in the place of a library."""

    def forget() -> None:
        for cached in (
            _outside_bioimageio._model, _outside_bioimageio._pipeline, _outside_cellpose._model,
            _outside_instanseg._model, _outside_mesmer._model, _outside_stardist._model,
        ):  # fmt: skip
            cached.cache_clear()

    def put(name: str, **contents: Any) -> None:
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)

    forget()
    yield put
    forget()


def recorder(calls: dict[str, Any], name: str, result: Any) -> Callable[..., Any]:
    """Return a function that notes what it was given."""

    def call(*args: Any, **options: Any) -> Any:
        calls[name] = (args, options)
        return result

    return call


@pytest.mark.parametrize("name", sorted(OUTSIDE_METHODS))
def test_a_library_that_is_lacking_is_named_with_the_command_that_installs_it(
    name: str, monkeypatch: pytest.MonkeyPatch, install: Callable[..., None]
) -> None:
    for library in ("bioimageio.core", "cellpose", "deepcell", "instanseg", "stardist"):
        for module in [name for name in sys.modules if f"{name}.".startswith(f"{library}.")]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setitem(sys.modules, "deepcell.applications", None)
    monkeypatch.setitem(sys.modules, "stardist.models", None)
    entry = find_architecture(name)
    with pytest.raises(InputError) as caught:
        entry.segment(IMAGE, CONFIGS[name])
    assert entry.install in str(caught.value)


def test_a_method_needs_all_of_its_libraries() -> None:
    entry = find_architecture("otsu_watershed")
    assert is_installed(entry)
    lacking = SimpleNamespace(libraries=("numpy", "no_such_library"))
    assert not is_installed(lacking)


def cellpose(install: Callable[..., None], monkeypatch: Any, release: str) -> dict[str, Any]:
    calls: dict[str, Any] = {}
    model = SimpleNamespace(eval=recorder(calls, "eval", (LABELS, [], [])))
    install("cellpose")
    install(
        "cellpose.models",
        CellposeModel=recorder(calls, "model", model),
        MODEL_NAMES=["cpsam_v2", "cpsam"],
    )
    monkeypatch.setattr(_outside_cellpose, "version", lambda _: release)
    return calls


def test_cellpose_3_gets_its_weights_by_name_and_its_channels(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = cellpose(install, monkeypatch, "3.1.1")
    config = CellposeConfig(diameter_px=17, channels=(2, 3))
    labels = find_architecture("cellpose").segment(IMAGE, config)
    assert np.array_equal(labels, LABELS)
    assert calls["model"] == ((), {"gpu": False, "model_type": "cyto3"})
    assert calls["eval"][1]["channels"] == [2, 3]
    assert calls["eval"][1]["diameter"] == 17


def test_cellpose_4_gets_three_channels_and_none_chosen(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = cellpose(install, monkeypatch, "4.2.1")
    find_architecture("cellpose").segment(IMAGE, CellposeConfig())
    (given,), options = calls["eval"]
    assert given.shape == (6, 8, 3)
    assert np.array_equal(given[..., :2], IMAGE)
    assert "channels" not in options
    assert calls["model"] == ((), {"gpu": False})


def test_cellpose_4_never_takes_other_weights_than_were_named(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    cellpose(install, monkeypatch, "4.2.1")
    with pytest.raises(InputError, match=r"no weights 'cyto3'.*it knows cpsam_v2, cpsam"):
        find_architecture("cellpose").segment(IMAGE, CellposeConfig(weights="cyto3"))


def test_stardist_sees_the_mean_of_channels_where_its_weights_take_one(
    install: Callable[..., None],
) -> None:
    calls: dict[str, Any] = {}
    model = SimpleNamespace(
        config=SimpleNamespace(n_channel_in=1),
        predict_instances=recorder(calls, "predict", (LABELS, {})),
    )
    kind = SimpleNamespace(from_pretrained=recorder(calls, "load", model))
    install("stardist")
    install("stardist.models", StarDist2D=kind)
    labels = find_architecture("stardist").segment(IMAGE, StardistConfig(prob_threshold=0.4))
    (given,), options = calls["predict"]
    assert np.array_equal(labels, LABELS)
    assert np.allclose(given, IMAGE.mean(axis=2))
    assert options == {"axes": "YX", "prob_thresh": 0.4, "nms_thresh": None}
    assert calls["load"] == (("2D_versatile_fluo",), {})


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "StarDist has no weights"),
        (SimpleNamespace(config=SimpleNamespace(n_channel_in=3)), "take 3 channels, got 2"),
    ],
)
def test_stardist_weights_that_are_not_there_or_do_not_fit_are_refused(
    install: Callable[..., None], found: Any, says: str
) -> None:
    install("stardist")
    install("stardist.models", StarDist2D=SimpleNamespace(from_pretrained=lambda _: found))
    with pytest.raises(InputError, match=says):
        find_architecture("stardist").segment(IMAGE, StardistConfig())


def test_instanseg_gets_channels_first_and_the_pixel_size(install: Callable[..., None]) -> None:
    import torch

    calls: dict[str, Any] = {}
    found = torch.from_numpy(LABELS.astype(np.float32))[None, None]
    model = SimpleNamespace(eval_small_image=recorder(calls, "eval", found))
    install("instanseg", InstanSeg=recorder(calls, "model", model))
    config = InstansegConfig(pixel_size_um=0.5, target="nuclei")
    labels = find_architecture("instanseg").segment(IMAGE, config)
    (given,), options = calls["eval"]
    assert np.array_equal(labels, LABELS)
    assert given.shape == (2, 6, 8)
    assert options == {"pixel_size": 0.5, "return_image_tensor": False, "target": "nuclei"}


def test_mesmer_gets_nuclei_first_and_an_empty_membrane_where_there_is_none(
    install: Callable[..., None],
) -> None:
    calls: dict[str, Any] = {}
    model = SimpleNamespace(predict=recorder(calls, "predict", LABELS[None, ..., None]))
    install("deepcell")
    install("deepcell.applications", Mesmer=lambda: model)
    segment = find_architecture("mesmer").segment
    assert np.array_equal(segment(IMAGE, MesmerConfig(nuclei=1)), LABELS)
    (given,), options = calls["predict"]
    assert np.array_equal(given[0, ..., 0], IMAGE[..., 1])
    assert not given[0, ..., 1].any()
    assert options == {"image_mpp": None, "compartment": "whole-cell"}
    segment(IMAGE, MesmerConfig(nuclei=1, membrane=0))
    assert np.array_equal(calls["predict"][0][0][0], IMAGE[..., ::-1])
    with pytest.raises(InputError, match="channel 2, the image has 2"):
        segment(IMAGE, MesmerConfig(membrane=2))


def test_what_a_library_raises_is_told_with_its_name(install: Callable[..., None]) -> None:
    def fail(*_: Any, **__: Any) -> None:
        msg = "no weights in the cache"
        raise OSError(msg)

    install("deepcell")
    install("deepcell.applications", Mesmer=fail)
    with pytest.raises(InputError, match=r"Mesmer failed \(OSError: no weights in the cache"):
        find_architecture("mesmer").segment(IMAGE, MesmerConfig())


def test_labels_of_another_size_are_refused(install: Callable[..., None]) -> None:
    model = SimpleNamespace(predict=lambda *_, **__: np.zeros((1, 3, 3, 1)))
    install("deepcell")
    install("deepcell.applications", Mesmer=lambda: model)
    with pytest.raises(InputError, match=r"labels of shape \(3, 3\) for an image of \(6, 8\)"):
        find_architecture("mesmer").segment(IMAGE, MesmerConfig())


def package(*, onnx: bool, custom: bool) -> SimpleNamespace:
    steps = [SimpleNamespace(implemented_id="custom" if custom else "clip")]
    axes = [
        SimpleNamespace(id=name, channel_names=["grey"]) for name in ("batch", "channel", "y", "x")
    ]
    return SimpleNamespace(
        inputs=[SimpleNamespace(axes=axes, preprocessing=steps)],
        outputs=[SimpleNamespace(postprocessing=[])],
        weights=SimpleNamespace(onnx=object() if onnx else None),
    )


@pytest.mark.parametrize(
    ("onnx", "custom", "says"),
    [(False, False, "holds no ONNX weights"), (True, True, "a processing step of its own")],
)
def test_a_package_that_may_run_its_own_code_needs_trust(
    install: Callable[..., None], onnx: bool, custom: bool, says: str
) -> None:
    def never(*_: Any, **__: Any) -> None:
        pytest.fail("its weights were loaded")

    install(
        "bioimageio.core",
        load_model_description=lambda _: package(onnx=onnx, custom=custom),
        create_prediction_pipeline=never,
    )
    with pytest.raises(InputError, match=says):
        find_architecture("bioimageio").segment(IMAGE, BioimageioConfig(source="a.zip"))


def test_maps_of_a_package_become_cells_by_foreground_less_boundary(
    install: Callable[..., None],
) -> None:
    maps = np.zeros((1, 2, 6, 8), np.float32)
    maps[0, 0, 1:5, 1:7] = 0.9
    maps[0, 1, :, 4] = 0.9  # a boundary that parts the block in two
    sample = SimpleNamespace(members={"maps": SimpleNamespace(data=maps)})
    tensor = SimpleNamespace(Tensor=SimpleNamespace(from_numpy=lambda array, dims: array))
    install(
        "bioimageio.core",
        load_model_description=lambda _: package(onnx=True, custom=False),
        create_prediction_pipeline=lambda *_, **__: None,
        predict=lambda model, inputs: sample,
        tensor=tensor,
    )
    segment = find_architecture("bioimageio").segment
    whole = segment(IMAGE, BioimageioConfig(source="a.zip", min_area_px=0))
    parted = segment(IMAGE, BioimageioConfig(source="a.zip", boundary=1, min_area_px=0))
    large = segment(IMAGE, BioimageioConfig(source="a.zip", boundary=1, min_area_px=9))
    assert (whole.max(), parted.max(), large.max()) == (1, 2, 1)
    assert not parted[:, 4].any()
    with pytest.raises(InputError, match=r"shape \(1, 2, 6, 8\)"):
        segment(IMAGE, BioimageioConfig(source="a.zip", foreground=2))
