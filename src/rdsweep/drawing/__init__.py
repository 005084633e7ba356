"""How figures look and how they are written: shared by the report and the figures of codes."""

from rdsweep.drawing._files import FIGURE_FORMATS, FigureFormat, figure_file, write_figure
from rdsweep.drawing._palette import CSS_VARIABLES, INK, MUTED, N_LOOKS, PAPER, RULE, Look, crowd_note, looks
from rdsweep.drawing._svg import blank_figure, drawing, inline_svg, svg_file

__all__ = [
    "CSS_VARIABLES",
    "FIGURE_FORMATS",
    "INK",
    "MUTED",
    "N_LOOKS",
    "PAPER",
    "RULE",
    "FigureFormat",
    "Look",
    "blank_figure",
    "crowd_note",
    "drawing",
    "figure_file",
    "inline_svg",
    "looks",
    "svg_file",
    "write_figure",
]
