"""pyproject.toml, constraints.txt and environment.yml agree, with each other and with what runs."""

import re
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml

import workbench
from tests.conftest import REPOSITORY


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


PROJECT = tomllib.loads(read("pyproject.toml"))["project"]
NAMED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
PINS = dict(
    line.split("==") for line in read("constraints.txt").splitlines() if not line.startswith("#")
)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_pinned() -> None:
    pinned = {canonical(name) for name in PINS}
    assert {canonical(name) for name in NAMED} <= pinned


def test_the_environment_that_runs_is_the_pinned_one() -> None:
    found = {name: version(name).split("+")[0] for name in NAMED}
    pins = {canonical(name): pin for name, pin in PINS.items()}
    assert found == {name: pins[canonical(name)] for name in NAMED}


def test_conda_users_get_the_same() -> None:
    environment = yaml.safe_load(read("environment.yml"))
    python, pip, requirements = environment["dependencies"]
    assert python == f"python {PROJECT['requires-python']}"
    assert pip == "pip"
    assert requirements == {"pip": ["--constraint constraints.txt", "--editable ."]}


def test_torch_is_pinned_without_a_build() -> None:
    assert "+" not in PINS["torch"]
    assert "torchvision" not in PINS


def test_versions_agree() -> None:
    assert PROJECT["version"] == workbench.__version__
    assert yaml.safe_load(read("CITATION.cff"))["version"] == workbench.__version__
    assert workbench.__version__ in read("CHANGELOG.md")
    assert sys.version_info >= (3, 11)


def test_every_import_of_the_package_is_a_declared_dependency() -> None:
    modules = {
        "sklearn": "scikit-learn", "yaml": "pyyaml", "skimage": "scikit-image",
        "bioimageio": "bioimageio.spec",
    }  # fmt: skip
    roots = set()
    for path in (REPOSITORY / "workbench").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        roots |= set(re.findall(r"^\s*(?:from|import) ([A-Za-z_]\w*)", text, flags=re.MULTILINE))
    third_party = roots - set(sys.stdlib_module_names) - {"workbench"}
    # They come with a package that is named: Qt's bindings with napari, Jupyter's configuration
    # and shell with ipywidgets, the hub of weights with transformers, pydantic's core with it.
    third_party -= {"qtpy", "traitlets", "IPython", "huggingface_hub", "pydantic_core"}
    prose = {name for name in third_party if not (name in PINS or name in modules or _pinned(name))}
    assert not prose, prose
    optional = PROJECT["optional-dependencies"]["export"]
    declared = {canonical(name) for name in [*PROJECT["dependencies"], *optional]}
    assert {canonical(modules.get(name, name)) for name in third_party} <= declared


def _pinned(name: str) -> bool:
    return canonical(name) in {canonical(pin) for pin in PINS}


def test_no_notebook_of_the_repository_is_left_out_of_a_wheel() -> None:
    wheel = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"notebooks": "workbench/_notebooks"}
    assert len(list(Path(REPOSITORY / "notebooks").glob("*.ipynb"))) == 12
