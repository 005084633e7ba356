"""The results store: tidy Parquet tables of runs, written pack by pack, and their reader."""

from rdsweep.store._derived import read_pack, stale_packs, write_derived
from rdsweep.store._errors import ResultsError
from rdsweep.store._files import write_files
from rdsweep.store._leases import Lease, Leases
from rdsweep.store._open import has_results, open_results
from rdsweep.store._order import ORDER_COLUMNS, in_reading_order
from rdsweep.store._provenance import COMMIT_VARIABLE, code_versions
from rdsweep.store._results import Results
from rdsweep.store._schema import DERIVED_TABLES, MEASURES, TABLES, Column, columns_table, table_schema
from rdsweep.store._secrets import without_secret
from rdsweep.store._verify import Problem, Verification, verify_results

__all__ = [
    "COMMIT_VARIABLE",
    "DERIVED_TABLES",
    "MEASURES",
    "ORDER_COLUMNS",
    "TABLES",
    "Column",
    "Lease",
    "Leases",
    "Problem",
    "Results",
    "ResultsError",
    "Verification",
    "code_versions",
    "columns_table",
    "has_results",
    "in_reading_order",
    "open_results",
    "read_pack",
    "stale_packs",
    "table_schema",
    "verify_results",
    "without_secret",
    "write_derived",
    "write_files",
]
