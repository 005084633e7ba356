"""The results store: tidy Parquet tables of runs, written pack by pack, and their reader."""

from rdsweep.store._errors import ResultsError
from rdsweep.store._open import open_results
from rdsweep.store._results import Results
from rdsweep.store._schema import MEASURES, TABLES, Column, columns_table, table_schema

__all__ = [
    "MEASURES",
    "TABLES",
    "Column",
    "Results",
    "ResultsError",
    "columns_table",
    "open_results",
    "table_schema",
]
