"""Trained models: found, told, exported, and imported without executing anything."""

import json
import pickle
import stat
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.inference import (
    CARD_FILE,
    EXPORT_FORMS,
    WEIGHTS_FILE,
    ModelCard,
    ModelDescription,
    export_model,
    find_encoding,
    load_network,
    read_card,
    write_card,
    write_weights,
)
from workbench.models import BioimageioConfig, find_architecture
from workbench.schema import SCORE_COLUMNS, InputError
from workbench.store import write_table
from workbench.studies import (
    OnnxChoices,
    architecture_rows,
    damaged_cards,
    explain_model,
    find_models,
    import_model,
    model_rows,
    open_model,
    scores_by_group,
)
from workbench.transforms import prepare_image, to_three_channels

SUFFIX = {"folder": ".zip", "torchscript": ".pt", "onnx": ".onnx", "bioimageio": ".zip"}
THREE_CLASS = OnnxChoices(encoding="three_class")


def write_model(folder: Path, **changes: object) -> ModelCard:
    """Write a tiny network with random weights, as training leaves one."""
    import torch

    torch.manual_seed(0)
    description = ModelDescription(architecture="unet", settings={"channels": [4, 8]})
    card = ModelCard(
        name="tiny", description=description, data={"name": "discs", "sha256": "ab" * 32},
        metrics={"validation_f1": 0.8}, licence="CC-BY-4.0",
        citation="A. Body, 2020, doi:10.1038/s41592-019-0612-7",
    ).model_copy(update=changes)  # fmt: skip
    folder.mkdir(parents=True)
    write_card(folder, card)
    write_weights(folder / WEIGHTS_FILE, description.build())
    return card


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_model(tmp_path / "tiny")
    return tmp_path / "tiny"


def exported(model: Path, form: str, **options: object) -> Path:
    out = model.parent / f"out-{form}{SUFFIX[form]}"
    export_model(model, out, form=form, card=read_card(model), **options)
    return out


def maps_of(folder: Path) -> np.ndarray:
    import torch

    images = torch.rand(2, 3, 70, 101, generator=torch.Generator().manual_seed(0))
    network, description = load_network(folder)[:2]
    with torch.no_grad():
        return find_encoding(description.encoding).activate(network(images).logits).numpy()


@pytest.mark.parametrize("form", ["folder", "onnx"])
def test_a_model_that_went_to_others_and_back_paints_the_same_maps(
    model: Path, tmp_path: Path, form: str
) -> None:
    back = import_model(exported(model, form), tmp_path / "models", onnx=THREE_CLASS)
    np.testing.assert_allclose(maps_of(back), maps_of(model), atol=1e-3)


def test_an_exported_card_keeps_what_is_known_and_gets_the_licence_that_was_named(
    model: Path, tmp_path: Path
) -> None:
    card = read_card(model).model_copy(update={"licence": "MIT"})
    export_model(model, tmp_path / "out.zip", card=card)
    back = import_model(tmp_path / "out.zip", tmp_path / "models", name="again")
    assert read_card(back) == card.model_copy(update={"name": "again"})


@pytest.fixture
def package(model: Path) -> Path:
    return exported(model, "bioimageio", authors=["A. Body"])


def test_bioimageio_itself_reproduces_the_test_output_of_our_package(package: Path) -> None:
    import bioimageio.core

    summary = bioimageio.core.test_model(package)
    assert summary.status == "passed", summary.format()


def test_our_package_segments_in_bioimageio_as_the_model_does_here(
    package: Path, model: Path
) -> None:
    import torch

    rows, columns = np.ogrid[:90, :75]
    image = ((rows % 30 - 15) ** 2 + (columns % 25 - 12) ** 2)[..., np.newaxis].astype(np.float32)
    network, description = load_network(model)[:2]
    prepared = to_three_channels(prepare_image(image, description.preparation))
    with torch.no_grad():
        logits = network(torch.from_numpy(prepared.transpose(2, 0, 1)[None].copy())).logits
    interior = logits.softmax(dim=1)[0, 1].numpy()
    threshold = float(np.quantile(interior, 0.7))
    theirs = find_architecture("bioimageio").segment(
        image,
        BioimageioConfig(source=str(package), foreground=1, threshold=threshold, min_area_px=0),
    )
    assert ((theirs > 0) != (interior > threshold)).mean() < 0.01
    assert theirs.max() > 1


def test_a_package_of_our_own_comes_back_as_a_network_that_can_be_trained(
    package: Path, tmp_path: Path
) -> None:
    back = import_model(package, tmp_path / "models")
    assert read_card(back).description.architecture == "unet"


def test_damaged_weights_are_found_before_anything_is_written(model: Path) -> None:
    (model / WEIGHTS_FILE).write_bytes(b"no weights")
    for form in EXPORT_FORMS:
        with pytest.raises(InputError, match=r"best\.safetensors: not the weights of unet"):
            exported(model, form)
    assert [path.name for path in model.parent.iterdir()] == ["tiny"]


def test_an_export_never_replaces_a_file_and_has_the_ending_of_its_form(model: Path) -> None:
    path = exported(model, "folder")
    with pytest.raises(InputError, match="is there already"):
        exported(model, "folder")
    assert zipfile.is_zipfile(path)
    with pytest.raises(InputError, match=r"'onnx' ends in \.onnx"):
        export_model(model, model.parent / "out.pt", form="onnx", card=read_card(model))


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["weights.pt", "weights.pth", "weights.pkl", "weights.ckpt"])
def test_files_that_can_carry_code_are_refused_unopened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    with pytest.raises(InputError, match="a form that can carry code"):
        import_model(tmp_path / name, tmp_path / "models")
    assert not (tmp_path / "exploded").exists()


def test_torchscript_is_refused_in_a_package_too(model: Path, tmp_path: Path) -> None:
    inside = tmp_path / "package"
    inside.mkdir()
    exported(model, "torchscript").rename(inside / "weights.pt")
    (inside / "rdf.yaml").write_text(
        "type: model\nname: x\nweights: {torchscript: {source: weights.pt}}\n"
    )
    with pytest.raises(InputError, match="holds its weights as torchscript"):
        import_model(inside, tmp_path / "models")


def test_weights_beside_a_package_are_not_followed(model: Path, tmp_path: Path) -> None:
    inside = tmp_path / "package"
    inside.mkdir()
    exported(model, "onnx")
    (inside / "rdf.yaml").write_text(
        "type: model\nname: x\nweights: {onnx: {source: ../out-onnx.onnx}}\n"
    )
    with pytest.raises(InputError, match="not in the package"):
        import_model(inside, tmp_path / "models", onnx=THREE_CLASS)


def test_a_card_that_names_a_python_file_is_refused_and_the_file_not_run(
    model: Path, tmp_path: Path
) -> None:
    own = tmp_path / "evil.py"
    own.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()")
    text = (model / CARD_FILE).read_text().replace('"unet"', json.dumps(str(own)))
    (model / CARD_FILE).write_text(text)
    with pytest.raises(InputError, match="is none of the zoo"):
        import_model(model, tmp_path / "models")
    assert not (tmp_path / "ran").exists()


def zip_of(path: Path, name: str, content: bytes, *, link: bool = False) -> Path:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = ((stat.S_IFLNK if link else stat.S_IFREG) | 0o644) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "link", "says"),
    [
        ("../outside.txt", b"x", False, "would be written outside"),
        ("/etc/outside.txt", b"x", False, "would be written outside"),
        ("model.json", b"/etc/passwd", True, "the link or device"),
        ("best.safetensors", bytes(2**28 + 1), False, "would grow to"),
        ("readme.txt", b"x", False, "holds neither model.json"),
    ],
)
def test_an_archive_that_does_harm_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, content: bytes, link: bool, says: str
) -> None:
    path = zip_of(tmp_path / "sent.zip", name, content, link=link)
    with pytest.raises(InputError, match=says):
        import_model(path, tmp_path / "models")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["models", "sent.zip"]


def test_a_link_in_a_folder_is_refused(model: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    (model / WEIGHTS_FILE).rename(secret)
    (model / WEIGHTS_FILE).symlink_to(secret)
    with pytest.raises(InputError, match=r"best\.safetensors is a link"):
        import_model(model, tmp_path / "models")


def test_weights_of_another_network_are_refused(model: Path, tmp_path: Path) -> None:
    text = (model / CARD_FILE).read_text().replace("4,", "6,")
    (model / CARD_FILE).write_text(text)
    with pytest.raises(InputError, match="not the weights of unet"):
        import_model(model, tmp_path / "models")
    assert not (tmp_path / "models" / "tiny").exists()


def test_a_name_that_is_taken_is_kept(model: Path, tmp_path: Path) -> None:
    import_model(model, tmp_path / "models")
    with pytest.raises(InputError, match="is there already; choose another name"):
        import_model(model, tmp_path / "models")
    with pytest.raises(InputError, match="can't name a folder"):
        import_model(model, tmp_path / "models", name="../up")


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        (OnnxChoices(), "name it with --encoding, one of .*three_class"),
        (OnnxChoices(encoding="nothing"), "no encoding is called 'nothing'"),
        (OnnxChoices("three_class", "odds"), "expected probabilities or logits"),
        (OnnxChoices("flows"), "must give logits.*its form `folder` instead"),
        (OnnxChoices("three_class", preparation="odd"), "no preparation is called 'odd'"),
    ],
)
def test_what_an_onnx_file_does_not_say_must_be_said(
    model: Path, tmp_path: Path, choices: OnnxChoices, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        import_model(exported(model, "onnx"), tmp_path / "models", onnx=choices)


def test_a_damaged_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"not onnx")
    with pytest.raises(InputError, match="not an ONNX file"):
        import_model(tmp_path / "a.onnx", tmp_path / "models", onnx=THREE_CLASS)


def test_preprocessing_of_a_package_becomes_our_preparation(model: Path, tmp_path: Path) -> None:
    inside = tmp_path / "package"
    inside.mkdir()
    exported(model, "onnx").rename(inside / "w.onnx")
    steps = "[{id: scale_range, kwargs: {axes: [y, x], min_percentile: 2, max_percentile: 98}}]"
    rdf = f"type: model\nname: Net\nlicense: MIT\ninputs: [{{preprocessing: {steps}}}]\n"
    (inside / "rdf.yaml").write_text(rdf + "weights: {onnx: {source: w.onnx}}\n")
    card = read_card(import_model(inside, tmp_path / "models", onnx=THREE_CLASS))
    preparation = card.description.preparation
    assert (preparation.low_percent, preparation.high_percent, card.licence) == (2, 98, "MIT")
    other = rdf.replace("scale_range", "zero_mean_unit_variance")
    (inside / "rdf.yaml").write_text(other + "weights: {onnx: {source: w.onnx}}\n")
    with pytest.raises(InputError, match=r"zero_mean_unit_variance. has no counterpart"):
        import_model(inside, tmp_path / "models", name="b", onnx=THREE_CLASS)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with one scored model, on four images of two cell types."""
    data = tmp_path / "data"
    data.mkdir()
    lines = ["image_id,image,split,cell_type"]
    for place, kind in enumerate(("round", "round", "long", "")):
        tifffile.imwrite(data / f"im{place}.tif", np.zeros((8, 8), np.uint8))
        lines.append(f"im{place},im{place}.tif,test,{kind}")
    (data / "manifest.csv").write_text("\n".join(lines) + "\n")
    root = tmp_path / "runs" / "demo"
    write_model(root / "models" / "unet-0")
    (root / "study.yaml").write_text(f"name: demo\ndataset: {data}\nmodels: [unet]\n")
    scores = [
        {
            "dataset": "data", "image_id": f"im{place}", "group": "", "model": "unet", "seed": seed,
            "metric": "f1", "threshold": threshold, "convention": "", "value": value - threshold,
            "tp": 1, "fp": 0, "fn": 0, "n_reference": 1, "n_predicted": 1, "status": "ok",
        }
        for seed in (0, 1)
        for place, value in enumerate((1.5, 1.3, 0.7, 0.5 + seed))
        for threshold in (0.5, 0.9)
    ]  # fmt: skip
    write_table(root / "scores" / "images.parquet", pd.DataFrame(scores)[list(SCORE_COLUMNS)])
    return root


def test_test_scores_are_those_of_the_member_itself(run: Path) -> None:
    model = open_model(run / "models" / "unet-0")
    assert model.test_score() == pytest.approx(np.mean([1.0, 0.8, 0.2, 0.0]))
    assert model.n_weights == 1708


def test_scores_are_told_apart_by_cell_type(run: Path) -> None:
    table = scores_by_group(open_model(run / "models" / "unet-0"))
    assert table["cell_type"].tolist() == ["round", "long", "not given"]
    assert table["n_images"].tolist() == [2, 1, 1]
    np.testing.assert_allclose(table["f1@0.5"], [0.9, 0.2, 0.0], atol=1e-12)


def test_models_are_found_in_runs_folders_of_runs_and_galleries_once(
    run: Path, tmp_path: Path
) -> None:
    write_model(tmp_path / "models" / "mine")
    write_model(tmp_path / "models" / "broken")
    (tmp_path / "models" / "broken" / CARD_FILE).write_text("{")
    folders = [run.parent, run, tmp_path / "models", tmp_path / "nothing"]
    found = find_models(folders)
    assert [model.folder.name for model in found] == ["unet-0", "mine"]
    assert ["broken" in text for text in damaged_cards(folders)] == [True]
    frame = model_rows(found).frame
    assert frame["Test F1"].isna().tolist() == [False, True]


def test_a_column_of_which_nothing_is_known_is_not_shown(tmp_path: Path) -> None:
    write_model(tmp_path / "free", licence="")
    write_model(tmp_path / "other", licence="")
    assert "Licence" not in model_rows(find_models([tmp_path])).frame
    write_model(tmp_path / "licensed")
    assert sorted(model_rows(find_models([tmp_path])).frame["Licence"]) == ["CC-BY-4.0", "–", "–"]


def test_a_model_is_told_with_its_data_and_what_is_wrong_with_it(model: Path) -> None:
    text = explain_model(open_model(model))
    assert "sha256  abababababab\n" in text
    assert "best.safetensors" in text
    (model / WEIGHTS_FILE).unlink()
    assert "can't be used: best.safetensors is missing" in explain_model(open_model(model))


def test_scores_are_told_with_decimals_and_counts_without(tmp_path: Path) -> None:
    metrics = {"validation_f1": 1.0, "epochs": 12.0, "peak_memory_bytes": 1e9, "training_s": 2.5}
    write_model(tmp_path / "tiny", metrics=metrics)
    lines = [line.split() for line in explain_model(open_model(tmp_path / "tiny")).splitlines()]
    for told in (["validation_f1", "1.000"], ["epochs", "12"], ["training_s", "2.500"]):
        assert told in lines
    assert ["peak_memory_bytes", "1,000,000,000"] in lines


def test_a_package_tells_people_what_it_holds(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        told = archive.read("README.md").decode()
    assert "channels background, interior, boundary, activated" in told
    assert "- name: discs" in told
    assert "- validation_f1: 0.800" in told
    assert "doi:10.1038/s41592-019-0612-7" in told


def test_architectures_say_whether_their_libraries_are_here() -> None:
    frame = architecture_rows().frame.set_index("Name")
    assert frame.loc["unet", "Here"] == "yes"
    assert frame.loc["mesmer", "Kind"] == "outside method"
