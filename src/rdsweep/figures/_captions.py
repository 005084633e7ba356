"""Captions: what a figure shows, how many seeds are behind it, and what the spread is."""

from __future__ import annotations

from collections.abc import Sequence

from rdsweep.drawing import crowd_note
from rdsweep.figures._figure_data import in_nats
from rdsweep.figures._model_contents import BASELINE, ModelContents

_EMBEDDINGS = (
    "A, C, F, H: metric multidimensional scaling of the latent means. Each point is one of the 169 stimulus "
    "positions, at the mean code of its test images (the images themselves would take a hundred times as "
    "long). {seeds}Colors and markers are classes; rings name positions as x_UC,x_LC where there is room. "
    "Stress is Kruskal’s stress-1: near 0 the plane shows the distances as they are, above 0.2 it distorts "
    "them."
)
_EMBEDDED_SEEDS = (
    "Distances are averaged over seeds first; small faint points are the embeddings of single seeds, rotated"
    " and reflected onto the mean (Procrustes, without a change of scale). "
)
_MAPS = (
    "B, D, G, I: activation maps, the mean of each latent by position, scaled to 0–1 with one least and one "
    "greatest value per run, latents in falling order of their variance."
)
_MAPPED_SEEDS = (
    "Order and sign of a seed’s latents are matched to the others’ before averaging; s.d. is the standard "
    "deviation over seeds."
)
_MATRICES = (
    "E, J: class distortion, the ratio of distances in the code of {model} to those in the baseline’s code "
    "of the same seed, minus its mean over all pairs of images, averaged by pair of classes. K, L: the same "
    "of the low against the high capacity of one model, with the 169 positions as classes. Pairs that the "
    "reference has in one point are left out. Colors saturate beyond the central 98 % of cells."
)
_MATRICES_OF_SEEDS = (
    "Mean over seeds, with ± one standard deviation where cells are written out. Cells that do not differ "
    "from what another seed of the reference does (paired t-test over seeds, false discovery rate 5 %) are "
    "{marks}."
)
_TRADEOFF = (
    "A: points are runs, lines join the means of the capacities; dashed, the least distortion of any code of"
    " the balanced source. D: mean squared error of each stimulus at each rate. A stimulus is relevant if it"
    " is frequent (E1), or if one step of one corridor changes the answer to a task (E2). E: distance "
    "between the mean codes of positions one step apart, as a share of their distance at the model’s highest"
    " rate: pairs near 0 have collapsed into one representation. A pair is relevant if one of the two is "
    "frequent (E1), or if their answers differ (E2). Dashes are stimuli or pairs, means over seeds, of which"
    " the scale leaves out at most the highest 0.5 %; markers are means over them{bars}."
)
_EXAMPLES = (
    "One test image of each of 21 positions of the Corridors source, at its place in the plane of the two "
    "factors. White is corridor, black is wall."
)


def model_caption(contents: ModelContents) -> str:
    """Return the caption of a model's figure."""
    several = len(contents.seeds) > 1
    marks = "blank below the diagonal"
    if contents.classes.names:
        marks = "hatched in E and J and blank below the diagonal of K and L"
    sentences = [
        f"{contents.model} beside {BASELINE} at a high ({in_nats(contents.high)}) and a low capacity "
        f"({in_nats(contents.low)}); {seeds_phrase(contents.seeds)}, or fewer where a panel says so.",
        _EMBEDDINGS.format(seeds=_EMBEDDED_SEEDS if several else ""),
        _MAPS,
        _MAPPED_SEEDS if several else "",
        _MATRICES.format(model=contents.model),
        _MATRICES_OF_SEEDS.format(marks=marks) if several else "",
    ]
    return " ".join(filter(None, sentences))


def tradeoff_caption(seeds: Sequence[int], models: Sequence[str]) -> str:
    """Return the caption of figure 1, whose panel A shows all ``models``."""
    bars = ", with one standard deviation over seeds" if len(seeds) > 1 else ""
    opening = f"The trade-off of rate and distortion, and who pays for it; {seeds_phrase(seeds)}."
    crowd = crowd_note(models, baseline=BASELINE)
    return " ".join(filter(None, [opening, _TRADEOFF.format(bars=bars), crowd]))


def examples_caption() -> str:
    """Return the caption of figure 2."""
    return _EXAMPLES


def seeds_phrase(seeds: Sequence[int]) -> str:
    """Return the number of seeds in words.

    Examples
    --------
    >>> seeds_phrase([0, 1, 2]), seeds_phrase([4]), seeds_phrase([])
    ('n = 3 seeds', 'seed 4 alone', 'no seed')
    """
    if len(seeds) == 1:
        return f"seed {seeds[0]} alone"
    return f"n = {len(seeds)} seeds" if seeds else "no seed"
