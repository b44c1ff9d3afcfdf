"""Study files."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from workbench.schema import InputError, Member
from workbench.studies import read_study, study_yaml

REPOSITORY = Path(__file__).parents[2]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return path


MINIMAL = "name: s\ndataset: images\nmodels: [otsu_watershed, unet]\n"


def test_a_short_study_file_is_completed_by_defaults(tmp_path: Path) -> None:
    study = read_study(write(tmp_path, MINIMAL + "seeds: [3, 4]\n"))
    assert study.dataset.path == tmp_path / "images"
    assert study.models["unet"].architecture == "unet"
    assert study.members == (Member("otsu_watershed", 3), Member("unet", 3), Member("unet", 4))


@pytest.mark.parametrize(
    "name", ["demo.yaml", "dsb2018.yaml", "encodings_dsb2018.yaml", "zoo_dsb2018.yaml"]
)
def test_the_studies_of_the_repository_are_valid(name: str) -> None:
    assert read_study(REPOSITORY / "studies" / name).name == name.removesuffix(".yaml")


def test_a_frozen_study_reads_back_the_same(tmp_path: Path) -> None:
    study = read_study(REPOSITORY / "studies" / "demo.yaml")
    assert read_study(write(tmp_path, study_yaml(study))) == study


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sedes: [1]", r"sedes: no such key; did you mean 'seeds'\? known are name, dataset"),
        ("models: {unet: {trainng: {}}}", r"models\.unet\.trainng: no such key; did you mean 'tra"),
        (
            "models: {unet: {training: {epoch: 1}}}",
            r"models\.unet\.training\.epoch: no such key; did you mean 'epochs'",
        ),
        (
            "models: {unet: {settings: {chanels: [1, 2]}}}",
            r"models\.unet\.settings: chanels: no such key; did you mean 'channels'",
        ),
        (
            "models: {unet: {prediction: {decoder: {seed: 1}}}}",
            r"prediction\.decoder\.seed: no such key; known are kind, .*seed_height_px",
        ),
        (
            "models: {sac: {settings: {encoder: huge}}}",
            r"models\.sac\.settings: encoder: Input should be 'small', .*got 'huge'\.$",
        ),
        (
            "models: {sac: {settings: {encoder: {hiden_size: 3}}}}",
            r"encoder\.hiden_size: no such key; did you mean 'hidden_size'\?",
        ),
        (
            "models: {unet: {training: {crop_px: big}}}",
            r"unet\.training\.crop_px: Input should be a valid integer",
        ),
        (
            "models: {unet: {training: 7}, sac: {settings: 7}}",
            r"models\.unet\.training: .*\n.*models\.sac\.settings: ",
        ),
        (
            "models: {mesmer: }",
            r"models\.mesmer: mesmer needs deepcell; pip install deepcell",
        ),
        ("models: [unnet]", r"models\.unnet: no model is called 'unnet'.*did you mean 'unet'"),
        ("models: {unet: {training: {epochs: 0}}}", r"epochs: .*greater than or equal to 1, got 0"),
        ("models: {}", r"models: .*at least 1 item"),
        ("models: {unet: {encoding: three}}", r"models\.unet: no encoding is called 'three', only"),
        (
            "models: {unet: {encoding: flows, prediction: {decoder: {kind: official}}}}",
            r"models\.unet: decoder 'official' does not read flows maps; choose among flows",
        ),
        (
            "models: {unet: {}, e: {ensemble: [unett, unet]}}",
            r"models\.e: no model of the study is called 'unett', .*did you mean 'unet'",
        ),
        (
            "models: {a: {ensemble: [b]}, b: {ensemble: [a]}}",
            r"models\.a: is made of itself \(b\)",
        ),
        (
            "models: {otsu_watershed: {}, unet: {}, e: {ensemble: [unet, otsu_watershed]}}",
            r"models\.e: ensemble: 'otsu_watershed' has no network to average; add `fuse: labels`",
        ),
        (
            "models: {unet: {}, deep_unet: {encoding: flows}, e: {ensemble: [unet, deep_unet]}}",
            r"models\.e: .*paint different maps \(three_class, flows\)",
        ),
        (
            "models: {otsu_watershed: {}, e: {same_network_as: otsu_watershed}}",
            r"models\.e: same_network_as: 'otsu_watershed' is not one network",
        ),
        (
            "models: {unet: {}, e: {ensemble: [unet], training: {epochs: 3}}}",
            r"models\.e: training: without effect on this model \(ensemble\)",
        ),
        ("models: {unet: {fuse: labels}}", r"models\.unet: fuse: without effect"),
        ("models: {unet: {n_folds: 3}}", r"models\.unet: n_folds: without effect"),
        ("models: {unet: {fold: 5}}", r"models\.unet: fold 5 of 5: folds are counted from 0"),
        ("models: {unet: {folds: one}}", r"models: unet\.folds: a number of at least 2"),
        (
            "models: {e: {checkpoint: x, predictions: y}}",
            r"models\.e: a model is one of checkpoint, predictions",
        ),
        ("iou_thresholds: [0.7]", r"iou_thresholds: add 0\.5, at which models are ranked"),
        ("iou_thresholds: [0.5, 1.5]", r"iou_thresholds\.1: .*less than or equal to 1"),
        ("seeds: [1, 1]", r"seeds: values must differ"),
        ("stages: [evaluate]", r"stage 'evaluate' needs stage 'predict'; add it"),
        ("stages: [report]", r"stages\.0: Input should be 'explore'"),
        ("name: a/b", r"name: .*pattern"),
    ],
)
def test_a_mistake_is_named_with_its_key_and_cure(tmp_path: Path, line: str, message: str) -> None:
    key = line.split(":", maxsplit=1)[0]
    kept = "".join(f"{text}\n" for text in MINIMAL.splitlines() if not text.startswith(key))
    with pytest.raises(InputError, match=message) as caught:
        read_study(write(tmp_path, f"{kept}{line}\n"))
    assert "study.yaml" in str(caught.value)


def test_an_encoding_gives_a_decoder_its_kind(tmp_path: Path) -> None:
    model = "models: {unet: {encoding: flows, prediction: {decoder: {min_area_px: 7}}}}"
    study = read_study(write(tmp_path, f"name: s\ndataset: images\n{model}\n"))
    decoder = study.models["unet"].prediction.decoder
    assert decoder is not None
    assert (decoder.kind, decoder.min_area_px) == ("flows", 7)


def test_published_training_values_hold_where_a_study_says_nothing(tmp_path: Path) -> None:
    models = "models: {nnunet: {training: {initial_lr: 0.5}, settings: {deep_supervision: 1}}}"
    path = write(tmp_path, f"name: s\ndataset: images\n{models}\n")
    model = read_study(path).models["nnunet"]
    assert (model.training.optimizer, model.training.schedule) == ("sgd", "polynomial")
    assert model.training.learning_rate == 0.5
    written = write(tmp_path, study_yaml(read_study(path)))
    assert read_study(written).models["nnunet"] == model


def test_members_made_of_others_have_the_seeds_of_what_they_are_made_of(tmp_path: Path) -> None:
    models = (
        "models: {unet: {}, otsu_watershed: {}, again: {same_network_as: unet}, "
        "e: {ensemble: [unet, again]}, v: {ensemble: [e, otsu_watershed], fuse: labels}, "
        "o: {ensemble: [otsu_watershed], fuse: labels}, p: {predictions: there}}"
    )
    study = read_study(write(tmp_path, f"name: s\ndataset: i\n{models}\nseeds: [3, 4]\n"))
    twice = {"unet", "again", "e", "v"}
    assert {name for name in study.models if study.depends_on_seed(name)} == twice
    assert study.member("otsu_watershed", 4) == Member("otsu_watershed", 3)
    assert len(study.members) == 2 * len(twice) + 3
    assert study.models["p"].predictions == tmp_path / "there"


def test_what_is_no_study_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such study file"):
        read_study(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="not YAML"):
        read_study(write(tmp_path, "a: [1"))
    with pytest.raises(InputError, match="expected keys and values"):
        read_study(write(tmp_path, "just text"))
    with pytest.raises(InputError, match="dataset: this key is needed"):
        read_study(write(tmp_path, "name: s\nmodels: [unet]\n"))


def test_values_are_set_from_the_command_line(tmp_path: Path) -> None:
    study = read_study(
        write(tmp_path, MINIMAL),
        ["models.unet.training.epochs=3", "seeds=[1, 2]", "dataset.path=/elsewhere"],
    )
    assert study.models["unet"].training.epochs == 3
    assert study.models["otsu_watershed"].architecture == "otsu_watershed"
    assert study.seeds == (1, 2)
    assert study.dataset.path == Path("/elsewhere")


def test_a_relative_path_from_the_command_line_starts_where_the_user_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, MINIMAL)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert read_study(path, ["dataset=data"]).dataset.path == tmp_path / "here" / "data"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "expected key=value"),
        ("models.unet.training.epoch=3", "no such key; did you mean 'epochs'"),
        ("name.first=3", "'name' holds 's' and has no keys of its own"),
        ("seeds=[1", "the value is not YAML"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(
    tmp_path: Path, override: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_study(write(tmp_path, MINIMAL), [override])


def test_yaml_of_a_study_holds_plain_values(small_study: Callable[..., Path]) -> None:
    content = yaml.safe_load(study_yaml(read_study(small_study())))
    assert content["models"]["otsu_watershed"]["prediction"]["window_px"] == 256
