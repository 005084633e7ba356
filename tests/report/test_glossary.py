import re
from html import unescape

import pytest

from rdsweep.models import MODELS
from rdsweep.report._glossary import TERMS, Glossary, link_terms


def names(html: str) -> list[str]:
    return [term.name for term in Glossary().explain(html)]


def test_every_model_of_the_catalogue_is_explained() -> None:
    assert set(MODELS) <= {term.name for term in TERMS}


def test_anchors_are_distinct() -> None:
    anchors = [term.anchor for term in TERMS]
    assert len(set(anchors)) == len(anchors)


def test_words_in_the_meaning_of_a_term_are_explained_with_it() -> None:
    assert names("<td>E2M3</td>") == ["β-VAE", "E2M3", "hybrid model", "Corridors", "equality task", "latent"]


@pytest.mark.parametrize(
    ("html", "task"),
    [
        ("<th>order</th>", True),
        ("<p>learns the order task</p>", True),
        ("<p>In the order of the search</p>", False),
    ],
)
def test_a_task_is_told_from_the_everyday_word(html: str, task: bool) -> None:
    assert ("order task" in names(html)) is task


def test_words_in_tags_are_no_use_of_a_term() -> None:
    assert names('<a class="probe" href="#capacity">here</a>') == []


def test_a_term_is_explained_once() -> None:
    glossary = Glossary()
    assert "probe" in [term.name for term in glossary.explain("a reader")]
    assert glossary.explain("readers, probes and joint heads") == []


def test_links_keep_the_text_and_escape_it() -> None:
    text = "E2M1 & E2M1 at a rate of < 3 nats"
    linked = link_terms(text, [term for term in TERMS if term.name in ("rate", "nat", "E2M1")])
    assert unescape(re.sub(r"<[^>]*>", "", linked)) == text
    assert re.findall(r'href="#([^"]+)"', linked) == ["term-E2M1", "term-rate", "term-nat"]
