"""What the words of a page mean, told once each: in the part of the page that uses a word first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from rdsweep.models import MODELS, Model
from rdsweep.report._format import enumeration

_SHOWN_MORE = {
    "lower_corridor": "positions in the left half of the lower corridor",
    "alignment": "images with both corridors at the same position",
}
_CELL = r"^\s*{}\s*$"  # a word that is a cell of a table or a title by itself


@dataclass(frozen=True)
class Term:
    """A word with its meaning.

    Attributes
    ----------
    name : str
    meaning : str
        Without a full stop. Other terms in it are explained beside it.
    pattern : str
        What the word looks like in text, as a regular expression over lines without regard to case.
    """

    name: str
    meaning: str
    pattern: str

    @property
    def anchor(self) -> str:
        """Identifier of the explanation in the page."""
        return "term-" + re.sub(r"\W+", "-", self.name).strip("-")

    def occurs_in(self, text: str) -> bool:
        """Return whether the word is in ``text``."""
        return re.search(self.pattern, text, flags=re.IGNORECASE | re.MULTILINE) is not None


def _word(name: str, meaning: str, pattern: str = "") -> Term:
    return Term(name, meaning, pattern or rf"\b{re.escape(name)}s?\b")


def _task(name: str, meaning: str) -> Term:
    """Return the term of a task, whose name is an everyday word outside of tables and titles."""
    return Term(f"{name} task", meaning, rf"{_CELL.format(name)}|\b{name} task\b")


def _model(model: Model) -> Term:
    if model.tasks:
        tasks = enumeration([f"{name} task" for name in model.tasks])
        meaning = f"hybrid model that learns the {tasks}"
    elif model.imbalance != "none":
        meaning = f"plain β-VAE on an imbalanced source: {_SHOWN_MORE[model.imbalance]} are more frequent"
    else:
        meaning = "plain β-VAE: balanced source, no task; the others are compared with it"
    return _word(model.name, meaning, rf"\b{model.name}\b")


TERMS: tuple[Term, ...] = (
    _word("rate", "information that the code spends on an image, in nats; at least what it carries"),
    _word("distortion", "error of rebuilt images: mean squared error (MSE) per pixel; less is better"),
    _word("capacity", "rate that training aims at, in nats", r"\bcapacit(y|ies)\b"),
    _word("nat", "unit of information: 1.44 bits"),
    _word("β-VAE", "network that codes images in a few noisy numbers, the latents, and rebuilds them"),
    *map(_model, MODELS.values()),
    _word("hybrid model", "β-VAE that learns one or more tasks together with the images", r"\bhybrids?\b"),
    _word("imbalanced source", "images of which some are more frequent than others", r"\bimbalanced\b"),
    _word("bound", "least distortion that any code of the same rate can have", _CELL.format("bound")),
    _word("Corridors", "binary images of an upper and a lower corridor, each at one of 13 positions"),
    _task("order", "is the upper corridor at the position of the lower one or left of it?"),
    _task("region", "is the upper corridor left of the middle, or the lower one not?"),
    _task("equality", "are both corridors at the same position?"),
    _task("bins", "which of 5 × 5 groups of positions is it?"),
    _word("condition", "one setting of all but the seed"),
    _word("seed", "start of the random numbers; seeds are the repetitions of a condition"),
    _word("run", "one training: a condition with a seed"),
    _word("latent", "one of the numbers that code an image"),
    _word("reader", "classifier that tells a task from the latents: a joint head or a probe"),
    _word("joint head", "classifier that was trained together with the model", r"\bjoint(ly)?\b"),
    _word("probe", "classifier that was trained afterwards, on the frozen latents"),
    _word(
        "F1",
        "score of a classifier, 0 to 1: harmonic mean of precision and recall; with many classes, their mean",
        r"\bF1\b",
    ),
    _word("F1 gain", "(F1 − chance) / (1 − chance), where chance is the F1 of the best constant answer"),
    _word("matched", "protocol in which all conditions see equally many images", r"\bmatched\b"),
    _word("published", "as in the paper: settings of its code, or points of its figures", r"\bpublished\b"),
    _word("mutual information", "information that the code carries about the image, in nats"),
    _word("marginal mismatch", "rate minus mutual information: nats that are spent for nothing"),
    _word("price of rate", "what one more nat has to save in distortion"),
    _word("adjusted p", "p-value, raised because there are many tests", r"\badjusted\b"),
    _word("Hedges’ g", "difference in standard deviations, corrected for few runs"),
    _word(
        "Cliff’s δ", "share of pairs of runs in which the condition is higher, minus the share where lower"
    ),
    _word("pack", "runs that were trained together in one process"),
    _word("configuration", "one choice of what is searched, with all seeds", r"\bconfigurations\b"),
    _word("front", "configurations that no other one beats in both rate and distortion", r"\bfronts?\b"),
    _word("β", "weight of the rate in what training minimizes", r"β(?!-VAE)"),
    _word("pruned", "stopped before the end of its training", r"\bpruned\b"),
)
"""Terms of all pages, in the order in which those of one place stand."""


class Glossary:
    """Terms that a page has not explained yet; it goes through the page from top to bottom once."""

    def __init__(self, terms: Sequence[Term] = TERMS) -> None:
        self._left = list(terms)

    def explain(self, html: str) -> list[Term]:
        """Return the terms that ``html`` uses first, with those that their meanings use, and strike them.

        Examples
        --------
        >>> glossary = Glossary()
        >>> [term.name for term in glossary.explain("<p>Its marginal mismatch</p>")]
        ['rate', 'nat', 'mutual information', 'marginal mismatch']
        >>> glossary.explain("<p>Mutual information</p>")
        []
        """
        text, found = re.sub(r"<[^>]*>", "\n", html), set[Term]()
        while new := {term for term in self._left if term.occurs_in(text)} - found:
            found |= new
            text = "\n".join(term.meaning for term in new)
        explained = [term for term in self._left if term in found]
        self._left = [term for term in self._left if term not in found]
        return explained


def link_terms(text: str, terms: Sequence[Term]) -> Markup:
    """Return ``text`` with a link from the first mention of each of ``terms`` to its explanation.

    Examples
    --------
    >>> link_terms("Rates & more rates", TERMS[:1])
    Markup('<a class="term" href="#term-rate">Rates</a> &amp; more rates')
    """
    parts, end = list[str](), 0
    for start, stop, term in _first_mentions(text, terms):
        if start >= end:
            link = f'<a class="term" href="#{term.anchor}">{escape(text[start:stop])}</a>'
            parts += [escape(text[end:start]), link]
            end = stop
    return Markup("".join([*parts, escape(text[end:])]))


def _first_mentions(text: str, terms: Sequence[Term]) -> list[tuple[int, int, Term]]:
    def mentions() -> Iterator[tuple[int, int, Term]]:
        for term in terms:
            if found := re.search(term.pattern, text, flags=re.IGNORECASE):
                yield found.start(), found.end(), term

    return sorted(mentions(), key=lambda mention: (mention[0], -mention[1]))
