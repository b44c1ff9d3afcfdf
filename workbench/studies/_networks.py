"""The networks in a model folder: one for all images, or one for each value of a column."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.schema import InputError
from workbench.store import write_text

if TYPE_CHECKING:
    from workbench.inference import TrainedNetwork

ONE_PER: Final = "one_per.json"


@dataclass(frozen=True)
class ModelFolder:
    """What a model folder holds.

    Attributes
    ----------
    column
        Metadata column whose value chooses the network; "" where there is one for all.
    folders
        Folder of each network by that value, "" for the one for all.
    """

    column: str
    folders: Mapping[str, Path]

    def value_for(self, metadata: Mapping[str, str]) -> str:
        """Return the value of an image by which its network is found.

        Raises
        ------
        InputError
            If no network was trained for it; the message names those there are.
        """
        value = metadata.get(self.column, "") if self.column else ""
        if value not in self.folders:
            msg = (
                f"no network was trained for {self.column} {value!r}, only for "
                f"{', '.join(self.folders)}; add training images of it."
            )
            raise InputError(msg)
        return value


def open_model_folder(folder: Path) -> ModelFolder:
    """Return what a model folder holds; the networks themselves are not read.

    Raises
    ------
    InputError
        If it names networks in a form that is not ours.
    """
    path = folder / ONE_PER
    if not path.is_file():
        return ModelFolder("", {"": folder})
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {str(value): str(name) for value, name in content["folders"].items()}
        column = str(content["column"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path}: not a list of networks ({error!r}); train the model again."
        raise InputError(msg) from error
    if any(Path(name).name != name for name in names.values()):
        msg = f"{path}: networks lie in folders beside it, got {', '.join(names.values())}."
        raise InputError(msg)
    return ModelFolder(column, {value: folder / name for value, name in names.items()})


def write_one_per(folder: Path, column: str, values: Iterable[str]) -> ModelFolder:
    """Say in a model folder where the network of each value of a column lies.

    Raises
    ------
    InputError
        If two values would share a folder.
    """
    names = {value: re.sub(r"[^A-Za-z0-9_.-]+", "_", value).lstrip(".") for value in values}
    if len(set(names.values())) < len(names) or not all(names.values()):
        msg = f"values of {column} must differ in letters and digits, got {', '.join(names)}."
        raise InputError(msg)
    write_text(folder / ONE_PER, json.dumps({"column": column, "folders": names}, indent=1) + "\n")
    return open_model_folder(folder)


def load_networks(
    folder: ModelFolder, *, own_code: Collection[str] = ()
) -> dict[str, TrainedNetwork]:
    """Read the networks of a model folder, by value, onto the best device there is.

    Raises
    ------
    InputError
        If a file of one is missing or damaged, or one is made by a Python file that is not among
        ``own_code``.
    """
    from workbench.inference import TrainedNetwork, load_network, use_best_device

    loaded = {}
    for value, path in folder.folders.items():
        network, description = load_network(path, own_code=own_code)
        loaded[value] = TrainedNetwork(use_best_device(network), description)
    return loaded
