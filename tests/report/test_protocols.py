"""The other protocol's results, which lie beside those of the report: in a folder or in an object store."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import fs

from rdsweep.report import build_report
from rdsweep.store import ResultsError

Tables = tuple[pd.DataFrame, pd.DataFrame]

TEXT = "title: T\nfigures: []\ntables: [protocols]\nsensitivity: {results: other}"


@pytest.fixture
def folder(tmp_path: Path, make_tables: Callable[..., Tables], make_results: Callable) -> Path:
    """A folder of results, and one called ``other`` beside it whose distortion is higher by 0.02."""
    runs, scores = make_tables()
    here = make_results((runs, scores)).rename(tmp_path / "here")
    worse = runs.assign(protocol="published", distortion_mse=runs["distortion_mse"] + 0.02)
    make_results((worse, scores)).rename(tmp_path / "other")
    return here


def report(tmp_path: Path, results: str) -> Path:
    (tmp_path / "report.yaml").write_text(TEXT, encoding="utf-8")
    return build_report(tmp_path / "report.yaml", results=results, out=tmp_path / "out")


def differences(index: Path) -> np.ndarray:
    return pd.read_csv(index.parent / "tables" / "protocols.csv")["estimate"].to_numpy()


@pytest.mark.parametrize("place", ["{}", "{}/", "file://{}"])
def test_a_folder_beside_is_found_however_the_results_are_named(
    tmp_path: Path, folder: Path, place: str
) -> None:
    assert differences(report(tmp_path, place.format(folder))) == pytest.approx(np.full(9, 0.02))


def test_a_folder_beside_is_found_from_within_the_results(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert differences(report(tmp_path, ".")) == pytest.approx(np.full(9, 0.02))


def test_results_in_an_object_store_are_compared_with_those_beside_them(
    tmp_path: Path, folder: Path, uri: str
) -> None:
    bucket, root = fs.FileSystem.from_uri(uri.removesuffix("/tiny"))
    for name in ("here", "other"):
        fs.copy_files(
            str(folder.parent / name),
            f"{root}/{name}",
            source_filesystem=fs.LocalFileSystem(),
            destination_filesystem=bucket,
            use_threads=False,
        )
    index = report(tmp_path, uri.replace("/tiny", "/here"))
    assert differences(index) == pytest.approx(np.full(9, 0.02))
    bucket.delete_dir(f"{root}/other")
    page = report(tmp_path, uri.replace("/tiny", "/here/")).read_text("utf-8")
    assert "There is no results folder other beside this one, so what depends on the protocol" in page


def test_a_damaged_file_beside_is_an_error_and_not_an_absence(tmp_path: Path, folder: Path) -> None:
    broken = min((folder.parent / "other" / "runs").iterdir())
    broken.write_bytes(b"")
    with pytest.raises(ResultsError, match=r"is damaged"):
        report(tmp_path, str(folder))
