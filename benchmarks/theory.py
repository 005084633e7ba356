"""Time the rate-distortion solvers on the Corridors source and check their certificates.

Run on one core: ``OMP_NUM_THREADS=1 python benchmarks/theory.py [--imbalance none alignment ...]``. The last
measured table is in ``docs/theory.md``.
"""

from __future__ import annotations

import argparse
import tempfile
import time

import pandas as pd

from rdstats.theory import corridor_parts, factor_curve, rd_table

# A pixel-level width that matters for conclusions: half a thousandth of mean squared error up to 4 nats.
RATE_LIMIT = 4.0


def measure(imbalance: str, ratio: float) -> dict[str, object]:
    """Solve one source without a cache, then read it back."""
    start = time.process_time()
    curve = factor_curve(corridor_parts(imbalance, ratio))
    factor_seconds = time.process_time() - start
    with tempfile.TemporaryDirectory() as cache_dir:
        start = time.process_time()
        table = rd_table(imbalance, ratio, cache_dir=cache_dir)
        table_seconds = time.process_time() - start
        start = time.perf_counter()
        rd_table(imbalance, ratio, cache_dir=cache_dir)
        cached_seconds = time.perf_counter() - start
    width = table["pixel_upper"] - table["pixel_lower"]
    return {
        "imbalance": imbalance,
        "ratio": ratio,
        "slopes": len(curve.beta),
        "factor curve, CPU s": factor_seconds,
        "largest gap, nats": curve.gap.max(),
        "whole table, CPU s": table_seconds,
        "from cache, ms": 1e3 * cached_seconds,
        "pixel width, R <= 4": width[table["rate"] <= RATE_LIMIT].max(),
        "pixel width, R = 10": width[(table["rate"] - 10.0).abs().idxmin()],
    }


def main() -> None:
    """Print one row per source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imbalance", nargs="+", default=["none", "lower_corridor", "alignment"])
    parser.add_argument("--ratio", type=float, default=10.0)
    options = parser.parse_args()
    rows = [measure(name, 1.0 if name == "none" else options.ratio) for name in options.imbalance]
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
