"""Findings of typed configs, in words that name the key and the cure."""

import types
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

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
    for finding in _of_what_came(error, config):
        names, _ = _followed(config, finding["loc"])
        place = ".".join(names)
        if finding["type"] == "extra_forbidden":
            _, holder = _followed(config, finding["loc"][:-1])
            known = list(holder.model_fields)
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


def _of_what_came(error: ValidationError, config: type[BaseModel]) -> list[ErrorDetails]:
    """Return the findings without those on what the user did not mean.

    Where a name or a mapping may stand, pydantic finds fault with both.
    """

    def is_meant(finding: ErrorDetails) -> bool:
        names, _ = _followed(config, finding["loc"])
        if len(names) == len(finding["loc"]):
            return True
        wanted = "literal_error" if isinstance(finding["input"], Mapping) else "model_type"
        return finding["type"] != wanted

    return [finding for finding in error.errors() if is_meant(finding)]


def _followed(config: type[BaseModel], place: Sequence[int | str]) -> tuple[list[str], Any]:
    """Return the keys that lead to a place inside a config, and the type that lies there.

    Of several types pydantic names the one it tried as if it were a key; that is left out.
    """
    names: list[str] = []
    current: Any = config
    for part in map(str, place):
        choices = _choices(current)
        if len(choices) > 1:
            current = next((choice for choice in choices if _is_called(choice, part)), Any)
            continue
        names.append(part)
        if _is_config(choices[0]):
            field = choices[0].model_fields.get(part)
            current = field.annotation if field else Any
        else:
            current = (*get_args(choices[0]), Any)[-2 if get_args(choices[0]) else -1]
    (current, *_) = _choices(current)
    return names, current


def _choices(annotation: Any) -> list[Any]:
    """Return the types that an annotation allows, None left out."""
    if get_origin(annotation) is Annotated:
        return _choices(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        given = [arg for arg in get_args(annotation) if arg is not type(None)]
        return [choice for arg in given for choice in _choices(arg)]
    return [annotation]


def _is_config(choice: Any) -> bool:
    return isinstance(choice, type) and issubclass(choice, BaseModel)


def _is_called(choice: Any, tag: str) -> bool:
    """Whether pydantic means this type: by its ``kind``, or by its name."""
    if not _is_config(choice):
        return False
    kind = choice.model_fields.get("kind")
    return tag == (kind.default if kind else None) or choice.__name__ in tag
