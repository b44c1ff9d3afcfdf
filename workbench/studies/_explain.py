"""Findings of typed configs, in words that name the key and the cure."""

import types
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from workbench.schema import InputError

Config = TypeVar("Config", bound=BaseModel)


def checked(config: type[Config], values: Mapping[str, Any], *, source: str) -> Config:
    """Return a config made of a user's values.

    Parameters
    ----------
    config
        Its class.
    values
        By key.
    source
        Where they stand, for the message.

    Raises
    ------
    InputError
        If a key or value is not as the config wants it.
    """
    try:
        return config.model_validate(values)
    except ValidationError as error:
        raise InputError(explain(error, source, config)) from None


def explain(error: ValidationError, source: str, config: type[BaseModel]) -> str:
    """Turn pydantic's findings into lines that name the key and the cure."""
    lines = []
    for finding in error.errors():
        place = ".".join(str(part) for part in finding["loc"])
        if finding["type"] == "extra_forbidden":
            known = _keys_at(config, finding["loc"][:-1])
            close = get_close_matches(str(finding["loc"][-1]), known, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            lines.append(f"{source}: {place}: no such key; {hint}known are {', '.join(known)}.")
        elif finding["type"] == "missing":
            lines.append(f"{source}: {place}: this key is needed.")
        else:
            came = "" if finding["type"] == "value_error" else f", got {finding['input']!r:.60}"
            text = finding["msg"].removeprefix("Value error, ")
            lines.append(f"{source}: {place + ': ' if place else ''}{text}{came}.")
    return "\n".join(lines)


def _keys_at(config: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the config that lies at a place inside another."""
    current: Any = config
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = current.model_fields[str(part)].annotation
        else:
            current = get_args(current)[-1]
        if get_origin(current) in (Union, types.UnionType):
            current = next(arg for arg in get_args(current) if arg is not type(None))
        if get_origin(current) is Annotated:
            current = get_args(current)[0]
    return list(current.model_fields)
