"""What a claim is: a sentence of a paper as data that runs can decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from rdstats._comparisons._paired import PAIRED_METHODS
from rdstats._validate import check_choice, check_real

CONTRASTS = {
    "difference": "conditions (baseline, hybrid): hybrid - baseline lies beyond margin in the direction",
    "equivalence": "conditions (baseline, hybrid): |hybrid - baseline| < margin",
    "interaction": "conditions (baseline, hybrid): slope of hybrid - baseline along the axis",
    "monotone": "each condition: every step of the metric along the axis lies beyond margin in the direction",
    "ordering": "conditions in the order claimed: each lies beyond the one before, in the direction",
    "threshold": "each condition: metric lies beyond threshold in the direction",
    "trend": "each condition: slope of the metric along the axis lies beyond margin in the direction",
}
"""Kinds of contrast, with what they say."""

PAIR_CONTRASTS = ("difference", "equivalence", "interaction")
AXIS_CONTRASTS = ("interaction", "monotone", "trend")
SEPARATE_CONTRASTS = ("monotone", "threshold", "trend")  # each condition gets a verdict of its own
UNPAIRED_CONTRASTS = ("difference", "equivalence", "ordering")
# The other unpaired test estimates a probability, which no margin in the metric's unit fits.
UNPAIRED_CLAIM_METHODS = ("welch", "permutation")
CLAIM_METHODS = PAIRED_METHODS + UNPAIRED_CLAIM_METHODS
_REQUIRED = ("id", "statement", "source", "metric", "contrast", "conditions")


@dataclass(frozen=True)
class Claim:
    """A claim about conditions, to be decided by runs.

    Attributes
    ----------
    id : str
        Short unique name.
    statement, source : str
        The claim in words, and where it was made.
    metric : str
        Column of the runs that it is about.
    contrast : str
        A key of ``CONTRASTS``.
    conditions : tuple of str
        Conditions that take part, in the order that the contrast gives a meaning to.
    direction : {"greater", "less"}
        Sign that is claimed for the contrast; no meaning for ``"equivalence"``.
    margin : float
        Size beyond which an effect counts, in the unit of the contrast, at least 0. For
        ``"equivalence"`` the effect that does not matter yet, above 0.
    threshold : float, optional
        Value that ``"threshold"`` compares with, in the unit of the metric.
    strata : tuple of str
        Columns whose every value gets a verdict of its own, for example ``("capacity",)``.
    where : mapping of str to tuple
        Columns and the values that runs must have to take part: numbers in columns of real numbers within a
        relative tolerance of 1e-6, all else exactly. Each value has to be found, see :func:`evaluate_claims`.
    axis : str
        Column of the levels of a trend, of steps or of an interaction.
    paired : bool, optional
        Whether runs pair by seed; by default as :func:`evaluate_claims` is told. False: conditions of
        other seeds, or of unrelated sweeps, are compared run against run; for a difference, equivalence or
        ordering.
    method : str, optional
        Test of this claim: ``"t"``, ``"wilcoxon"`` or ``"sign_flip"`` of paired runs, ``"welch"`` or
        ``"permutation"`` of others; by default as :func:`evaluate_claims` is told.
    family : str
        Claims of one family are adjusted for multiplicity together.

    Raises
    ------
    TypeError, ValueError
        If an attribute is missing for the contrast, or has a value that the contrast excludes.

    Examples
    --------
    >>> Claim.from_dict(
    ...     {
    ...         "id": "order-costs-fidelity",
    ...         "statement": "the order task raises distortion at low capacity",
    ...         "source": "figure 3",
    ...         "metric": "distortion_mse",
    ...         "contrast": "difference",
    ...         "conditions": ["baseline", "E2M1"],
    ...         "direction": "greater",
    ...         "strata": ["capacity"],
    ...         "where": {"capacity": [0.3, 1.0]},
    ...     }
    ... ).where
    {'capacity': (0.3, 1.0)}
    """

    id: str
    statement: str
    source: str
    metric: str
    contrast: str
    conditions: tuple[str, ...]
    direction: str = "greater"
    margin: float = 0.0
    threshold: float | None = None
    strata: tuple[str, ...] = ()
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    axis: str = "capacity"
    paired: bool | None = None
    method: str | None = None
    family: str = "claims"

    def __post_init__(self) -> None:
        where = f"claim {self.id!r}: "
        check_choice(f"{where}contrast", self.contrast, CONTRASTS)
        check_choice(f"{where}direction", self.direction, ("greater", "less"))
        check_real(f"{where}margin", self.margin, low=0.0)
        if (self.threshold is None) == (self.contrast == "threshold"):
            rule = "must be given for contrast 'threshold' and no other"
            raise ValueError(f"{where}threshold {rule}, but got {self.threshold!r}")
        if self.contrast == "equivalence" and self.margin == 0:
            raise ValueError(f"{where}margin must be above 0 for 'equivalence', but got {self.margin!r}")
        self._check_conditions(where)
        self._check_test(where)

    def _check_conditions(self, where: str) -> None:
        n = len(self.conditions)
        if self.contrast in PAIR_CONTRASTS and n != 2:
            raise ValueError(f"{where}conditions must be (baseline, hybrid), but got {self.conditions!r}")
        if n < (2 if self.contrast == "ordering" else 1) or len(set(self.conditions)) < n:
            raise ValueError(f"{where}conditions must be enough and distinct, but got {self.conditions!r}")
        if self.contrast in AXIS_CONTRASTS and self.axis in self.strata:
            raise ValueError(f"{where}strata must not hold the axis of the contrast, but got {self.strata!r}")

    def _check_test(self, where: str) -> None:
        if self.paired is not None and not isinstance(self.paired, bool):
            raise TypeError(f"{where}paired must be true or false, but got {self.paired!r}")
        if self.paired is False and self.contrast not in UNPAIRED_CONTRASTS:
            allowed = ", ".join(UNPAIRED_CONTRASTS)
            raise ValueError(f"{where}paired must be true unless contrast is one of {allowed}, but got False")
        if self.method is not None:
            methods = {True: PAIRED_METHODS, False: UNPAIRED_CLAIM_METHODS, None: CLAIM_METHODS}[self.paired]
            check_choice(f"{where}method", self.method, methods)

    def with_test(self, *, paired: bool = True, method: str | None = None) -> Claim:
        """Return the claim with its test written out: its own choices, and these for the others.

        A claim that pairs runs where these do not, or the reverse, takes the first method of its own kind,
        ``"t"`` or ``"welch"``, unless it names one.

        Raises
        ------
        ValueError
            If the claim cannot be tested so.

        Examples
        --------
        >>> claim = Claim("solved", "F1 above 0.9", "", "f1", "threshold", ("E2M1",), threshold=0.9)
        >>> claim.with_test(method="sign_flip").method
        'sign_flip'
        >>> claim.with_test(paired=False)
        Traceback (most recent call last):
        ValueError: claim 'solved': paired must be true unless contrast is one of ..., but got False
        """
        own = paired if self.paired is None else self.paired
        first = (PAIRED_METHODS if own else UNPAIRED_CLAIM_METHODS)[0]
        inherited = method if method is not None and own == paired else first
        return replace(self, paired=own, method=self.method or inherited)

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Claim:
        """Make a claim from a mapping, as read from YAML.

        Lists become tuples, and a single value in ``where`` stands for a list of one.

        Raises
        ------
        TypeError, ValueError
            If a key is unknown or missing, a value has the wrong type, or the contrast excludes it.
        """
        if not isinstance(entry, Mapping):
            raise TypeError(f"a claim must be a mapping, but got {entry!r}")
        name = f"claim {entry.get('id', '(without id)')!r}"
        allowed = [item.name for item in fields(cls)]
        if unknown := sorted(set(entry) - set(allowed)):
            raise ValueError(f"{name}: keys must be among {allowed}, but got {unknown}")
        if missing := [key for key in _REQUIRED if key not in entry]:
            raise ValueError(f"{name}: keys {missing} must be given")
        values = dict(entry)
        for key in ("id", "statement", "source", "metric", "contrast", "direction", "axis", "family"):
            if key in values and not isinstance(values[key], str):
                raise TypeError(f"{name}: {key} must be text, but got {values[key]!r}")
        for key in ("conditions", "strata"):
            values[key] = _texts(f"{name}: {key}", values.get(key, ()))
        values["where"] = _filters(f"{name}: where", values.get("where", {}))
        return cls(**values)


def _texts(name: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name} must be a list of texts, but got {values!r}")
    return tuple(values)


def _filters(name: str, filters: object) -> dict[str, tuple[Any, ...]]:
    if not isinstance(filters, Mapping):
        raise TypeError(f"{name} must be a mapping from columns to values, but got {filters!r}")
    return {
        str(column): tuple(values) if isinstance(values, list | tuple) else (values,)
        for column, values in filters.items()
    }
