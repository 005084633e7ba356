"""Declarations: pydantic models whose every mistake becomes one line with its place."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from rdsweep.sweeps._document import Document, SweepError


class Declaration(BaseModel):
    """A mapping in which unknown keys, and keys without a value, are mistakes.

    Attributes
    ----------
    misplaced_keys : Mapping of str to str
        What is wrong with keys that belong into another kind of file.
    """

    misplaced_keys: ClassVar[Mapping[str, str]] = {}
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, value: object) -> object:
        if not isinstance(value, dict):
            raise mistake(f"must be a mapping of settings, but got {reprlib.repr(value)}")
        for key, item in value.items():
            if key not in cls.model_fields:
                raise mistake(cls.misplaced_keys.get(key) or _unknown(key, cls.model_fields), key)
            if item is None:
                raise mistake("must have a value", key)
        return value


DeclarationT = TypeVar("DeclarationT", bound=Declaration)


@dataclass(frozen=True)
class Added:
    """Marks a key that came after the first version, as in ``dropout: Annotated[Share, Added(0.0)] = 0.1``.

    Attributes
    ----------
    original : object
        What a declaration meant before the key existed. It stays when the default changes.
    """

    original: object


def settled_keys(declaration: Declaration) -> dict[str, Any]:
    """Return a declaration as plain data, without added keys that are at their original default.

    What is declared so is the same before and after a key was added.
    """
    plain = {}
    for name, field in type(declaration).model_fields.items():
        value = _plain(getattr(declaration, name))
        if not any(isinstance(mark, Added) and mark.original == value for mark in field.metadata):
            plain[name] = value
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Declaration):
        return settled_keys(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def mistake(problem: str, *keys: str) -> PydanticCustomError:
    """Return the error that ``problem``, a predicate, holds for ``keys`` below the validated value."""
    return PydanticCustomError("mistake", "{problem}", {"problem": problem, "keys": keys})


def did_you_mean(word: object, known: Collection[str]) -> str:
    """Return a hint at the known word that ``word`` resembles in any case of its letters, or nothing.

    Examples
    --------
    >>> did_you_mean("epoch", ["epochs", "n_train"]), did_you_mean("e2m1", ["E1M1", "E2M1"])
    ("; did you mean 'epochs'?", "; did you mean 'E2M1'?")
    """
    folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(str(word).casefold(), folded, n=1)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


def _unknown(key: object, known: Collection[str]) -> str:
    return f"is not a known key{did_you_mean(key, known)}; known: {', '.join(known)}"


def validate_document(document: Document, vocabulary: type[DeclarationT]) -> DeclarationT:
    """Return ``document`` as an instance of ``vocabulary``.

    Raises
    ------
    SweepError
        If it is not one; the text tells the first mistake, and how many more there are.
    """
    try:
        return vocabulary.model_validate(document.data)
    except ValidationError as error:
        raise _first_mistake(document, error.errors()) from None


_PLAIN_WORDS = {
    "a valid boolean": "true or false",
    "a valid string": "text",
    "a valid tuple": "a list",
    "a valid integer": "an integer",
    "a valid ": "a ",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "above",
    "less than": "below",
}
"""Words of pydantic's messages, and those that a user of sweep files knows."""


def _first_mistake(document: Document, errors: list[ErrorDetails]) -> SweepError:
    first = errors[0]
    location = (*first["loc"], *first.get("ctx", {}).get("keys", ()))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return document.error(location, _problem(first) + more)


def _problem(error: ErrorDetails) -> str:
    if error["type"] == "mistake":
        return error["msg"]
    if error["type"] == "missing":
        return f"must have the key {str(error['loc'][-1])!r}"
    rule = error["msg"].replace("Input should", "must")
    for jargon, plain in _PLAIN_WORDS.items():
        rule = rule.replace(jargon, plain)
    hint = ""
    if error["type"] == "literal_error":
        hint = did_you_mean(error["input"], re.findall(r"'([^']*)'", error["ctx"]["expected"]))
    return f"{rule}, but got {reprlib.repr(error['input'])}{hint}"
