"""A declaration read from YAML, with the line of every key, so that a mistake can say where it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

KeyPath = tuple[str | int, ...]


class SweepError(ValueError):
    """A mistake in a sweep file; its text is one line that says where it is and what is allowed."""


class SweepTaskError(SweepError):
    """A sweep of tasks that nothing here has registered: it may be sound, but its runs cannot be listed."""


@dataclass(frozen=True)
class Document:
    """A declaration as plain data.

    Attributes
    ----------
    name : str
        Where it comes from, as error messages name it.
    data : object
        Mappings, lists, text, numbers, booleans and None.
    lines : Mapping
        Line, counted from 1, of each key path; empty for data that was not read from a file.
    """

    name: str
    data: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def error(self, location: Sequence[str | int], problem: str) -> SweepError:
        """Return the error that ``problem``, a predicate, holds at ``location``."""
        path = self._existing(location)
        line = self.lines.get(path)
        place = self.name if line is None else f"{self.name}:{line}"
        return SweepError(_one_line(f"{place}: {_dotted(path)} {problem}"))

    def _existing(self, location: Sequence[str | int]) -> KeyPath:
        """Drop the parts of a validator's location that are not in the declaration itself."""
        data, path = self.data, list[str | int]()
        for part in location:
            children = dict(enumerate(data)) if isinstance(data, list) else data
            if isinstance(children, dict) and part in children:
                data = children[part]
                path.append(part)
        return tuple(path)


def read_document(path: Path) -> Document:
    """Read a YAML file by the 1.2 core schema: ``1e-4`` is a number and ``off`` is text.

    Raises
    ------
    SweepError
        If the file is not YAML, or uses what declarations have no use for: aliases, tags other than
        the core ones, keys that are not text, or the same key twice.
    OSError
        If the file can't be read.
    """
    name = str(path)
    try:
        return parse_document(path.read_text(encoding="utf-8"), name=name)
    except UnicodeDecodeError:
        raise SweepError(f"{name}: the file must be UTF-8 text") from None


def parse_document(text: str, *, name: str) -> Document:
    """Parse YAML text; see `read_document`.

    Examples
    --------
    >>> document = parse_document("training: {learning_rate: 1e-4, fresh: off}", name="example")
    >>> document.data
    {'training': {'learning_rate': 0.0001, 'fresh': 'off'}}
    >>> document.error(("training", "fresh"), "must be true or false")
    SweepError('example:1: training.fresh must be true or false')
    """
    lines: dict[KeyPath, int] = {}
    try:
        node = yaml.compose(text, Loader=_CoreLoader)
        data = None if node is None else _construct(node, (), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = name if mark is None else f"{name}:{mark.line + 1}"
        raise SweepError(_one_line(f"{place}: can't be read: {error.problem or error.context}")) from None
    except yaml.YAMLError as error:
        raise SweepError(_one_line(f"{name}: can't be read: {error}")) from None
    except RecursionError:
        raise SweepError(f"{name}: the file is nested too deeply") from None
    return Document(name, data, lines)


def format_document(data: Mapping[str, Any]) -> str:
    """Return ``data`` as YAML text that `parse_document` reads back unchanged."""
    text: str = yaml.dump(data, Dumper=_CoreDumper, sort_keys=False, allow_unicode=True, width=100)
    return text


class _CoreLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_mark()
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        return super().compose_node(parent, index)


class _CoreDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


class _Scalar(NamedTuple):
    read: Callable[[str], Any]
    pattern: str
    first_characters: str


_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": _Scalar(lambda text: None, r"~|null|Null|NULL|", "~nN"),
    "bool": _Scalar(lambda text: text.lower() == "true", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": _Scalar(int, r"[-+]?[0-9]+", "-+0123456789"),
    "float": _Scalar(
        lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan")),
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
        "-+0123456789.",
    ),
}
"""Scalars of the YAML 1.2 core schema but text; an earlier kind goes before a later one."""

for _class in (_CoreLoader, _CoreDumper):
    _class.yaml_implicit_resolvers = {}
    for _kind, _scalar in _SCALARS.items():
        _pattern = re.compile(f"^(?:{_scalar.pattern})$")
        _class.add_implicit_resolver(_TAG + _kind, _pattern, [*_scalar.first_characters, ""])


def _construct(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    kind = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.MappingNode) and kind == "map":
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode) and kind == "seq":
        return [_construct(item, (*path, index), lines) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and kind == "str":
        return node.value
    if isinstance(node, yaml.ScalarNode) and kind in _SCALARS:
        try:
            return _SCALARS[kind].read(node.value)
        except ValueError:
            raise _unreadable(node, f"{node.value[:40]!r} is no {kind}") from None
    raise _unreadable(node, f"the tag {node.tag!r} is not allowed")


def _mapping(node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _construct(key_node, (*path, ""), {})
        if not isinstance(key, str):
            raise _unreadable(key_node, "keys must be text")
        if key in result:
            raise _unreadable(key_node, f"the key {key!r} stands twice in one mapping")
        lines[*path, key] = key_node.start_mark.line + 1
        result[key] = _construct(value_node, (*path, key), lines)
    return result


def _unreadable(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _dotted(path: KeyPath) -> str:
    words = (str(part).isidentifier() for part in path)
    text = "".join(f".{part}" if word else f"[{part!r}]" for part, word in zip(path, words, strict=True))
    return text.removeprefix(".") or "the file"


def _one_line(text: str) -> str:
    return " ".join(text.split())
