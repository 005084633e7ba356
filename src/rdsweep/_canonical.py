"""The canonical form of settings: equal settings look equal, and one that is added later renames nothing.

Settings are frozen dataclasses, which may hold others or tuples of them. The canonical form always holds the
settings of the first version. A setting that came later is declared with `added`, and written only where it
differs from its original default: what was stored before it existed keeps its form, and so its id.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from functools import cache, lru_cache
from typing import Any, TypeVar, get_args, get_type_hints

_ORIGINAL = "original"
_PartT = TypeVar("_PartT")


def added(default: Any, *, original: Any) -> Any:
    """Declare a setting that came after the first version, in place of its default.

    Parameters
    ----------
    default : object
        What a run has that does not say otherwise; it may change from version to version.
    original : object
        What runs had before the setting existed. It never changes: where a setting is at it, the canonical
        form leaves it out, and a form that lacks the setting is read as this. For a setting that is itself
        a part with settings, a mapping of all of these.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Network:
    ...     width: int
    ...     dropout: float = added(0.2, original=0.0)
    >>> part_json(Network(32, 0.0)), part_json(Network(32))
    ('{"width":32}', '{"dropout":0.2,"width":32}')
    """
    return field(default=default, metadata={_ORIGINAL: original})


def read_part(kind: type[_PartT], plain: Mapping[str, Any]) -> _PartT:
    """Return a part from its settings in plain data; those it lacks are at their original default.

    Raises
    ------
    ValueError
        If a setting is unknown.
    """
    known = dataclasses.fields(kind)  # type: ignore[arg-type]
    unknown = sorted(plain.keys() - {each.name for each in known})
    if unknown:
        raise ValueError(f"{kind.__name__} must have known settings only, but got {unknown!r}")
    originals = {each.name: each.metadata[_ORIGINAL] for each in known if _ORIGINAL in each.metadata}
    values = originals | dict(plain)
    nested = any(isinstance(value, list | Mapping) for value in values.values())
    types = get_type_hints(kind) if nested else {}
    return kind(**{name: _value(types.get(name), value) for name, value in values.items()})


def _value(kind: Any, plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(get_args(kind)[0], item) for item in plain)
    return read_part(kind, plain) if isinstance(plain, Mapping) else plain


@lru_cache(maxsize=100_000)
def part_json(part: Any, **besides: str) -> str:
    """Return the canonical form of a part, with more entries ``besides`` its settings."""
    return to_json(_plain(part) | besides)


def _plain(value: Any) -> Any:
    return {name: _plain(setting) for name, setting in written(value)} if is_part(value) else value


def written(part: Any) -> list[tuple[str, Any]]:
    """Return the settings that the canonical form of a part holds, each with its value."""
    kind: Any = type(part)
    kept = []
    for setting, is_real, is_added in _settings(kind):
        value = getattr(part, setting.name)
        if is_real:
            value = _number(value)
        if not (is_added and _is_original(setting, value)):
            kept.append((setting.name, value))
    return kept


def _is_original(setting: dataclasses.Field[Any], value: Any) -> bool:
    original = setting.metadata[_ORIGINAL]
    if isinstance(original, Mapping):
        original = read_part(type(value), original)
    return to_json(_plain(value)) == to_json(
        _plain(_number(original) if isinstance(value, float) else original)
    )


def _number(value: float | None) -> float | None:
    """Return a float, in which 1 looks like 1.0, and -0.0 like 0.0, as they are equal."""
    return None if value is None else float(value) + 0.0


@cache
def _settings(kind: Any) -> tuple[tuple[dataclasses.Field[Any], bool, bool], ...]:
    """Return each setting of a part, whether it is a real number and whether it was added later."""
    return tuple(
        (each, "float" in str(each.type), _ORIGINAL in each.metadata) for each in dataclasses.fields(kind)
    )


def is_part(value: object) -> bool:
    """Return whether a setting is itself a part with settings."""
    return dataclasses.is_dataclass(value)


# One encoder for all: a sweep has up to a million runs.
to_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def digest_of(text: str) -> str:
    """Return the hash of a canonical form, 16 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
