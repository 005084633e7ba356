"""Figures of the paper, drawn from the tables of a sweep with its seeds."""

from rdsweep.figures._draw import FIGURES, MODEL_FIGURES, DrawnFigure, draw_figures

__all__ = ["FIGURES", "MODEL_FIGURES", "DrawnFigure", "draw_figures"]
