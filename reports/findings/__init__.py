"""Writes `docs/findings.md` and the card of `reports/paper` from the tables of the study.

No part of the installed packages: run it from the root of the repository, ``python -m reports.findings``.
"""
