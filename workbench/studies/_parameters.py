"""Parameters against a notebook's declarations, before any kernel starts.

papermill passes a misspelt parameter with a log line; here it is an error.
"""

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workbench.schema import InputError
from workbench.studies._job_configs import JobConfig


def declared_parameters(notebook: Path) -> dict[str, Any]:
    """Return names and defaults of the cell tagged ``parameters``.

    Raises
    ------
    InputError
        If there is no such cell, or it holds more than plain assignments of constants.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", ())]
        source = "".join(tagged[0]["source"])
        assignments = ast.parse(source).body
        return {
            assignment.targets[0].id: ast.literal_eval(assignment.value)  # type: ignore[attr-defined]
            for assignment in assignments
        }
    except (OSError, ValueError, KeyError, IndexError, AttributeError, SyntaxError) as error:
        msg = (
            f"{notebook}: expected one cell tagged 'parameters' with assignments of constants "
            f"alone ({type(error).__name__}: {error})."
        )
        raise InputError(msg) from error


def check_parameters(notebook: Path, values: Mapping[str, Any], config: type[JobConfig]) -> None:
    """Refuse parameters that a notebook does not declare or its config does not accept.

    Parameters
    ----------
    notebook
        Whose cell tagged ``parameters`` declares names and defaults.
    values
        What is to be injected; what is left out keeps its default.
    config
        What the notebook builds from all of them.

    Raises
    ------
    InputError
        Naming the notebook, the parameter and what was expected.
    """
    declared = declared_parameters(notebook)
    unknown = sorted(set(values) - set(declared))
    if unknown:
        msg = (
            f"{notebook.name} has no parameter {', '.join(map(repr, unknown))}; it declares "
            f"{', '.join(declared)}."
        )
        raise InputError(msg)
    try:
        config.model_validate(declared | dict(values))
    except ValidationError as error:
        findings = "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r:.60}"
            for found in error.errors()
        )
        msg = f"{notebook.name}: {findings}."
        raise InputError(msg) from None
