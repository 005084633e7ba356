"""Times to threshold: what censoring does to them, and that tables agree with arrays."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rdstats import compare_times, summarize_times, threshold_times, time_to_threshold
from rdstats._status import DegenerateDataWarning, Status

STEPS = np.arange(100, 1100, 100)


def curves(onsets):
    """Scores that jump from 0.2 to 0.9 at a step; never for infinity."""
    return np.where(np.asarray(onsets)[:, None] <= STEPS, 0.9, 0.2)


def test_a_run_that_never_passes_is_censored_at_its_last_step():
    times = time_to_threshold(STEPS, curves([300, np.inf]), threshold=0.5)
    assert times.time.tolist() == [300, 1000]
    assert times.reached.tolist() == [True, False]
    assert times.restricted(500).tolist() == [300, 500]


def test_a_lucky_evaluation_does_not_count_twice():
    scores = curves([700, 700])
    scores[0, 2] = 0.9
    assert time_to_threshold(STEPS, scores, threshold=0.5).time.tolist() == [300, 700]
    assert time_to_threshold(STEPS, scores, threshold=0.5, n_consecutive=2).time.tolist() == [700, 700]


def test_a_single_passing_evaluation_at_the_end_is_not_two_in_a_row():
    times = time_to_threshold(STEPS, curves([1000]), threshold=0.5, n_consecutive=2)
    assert not times.reached[0]
    assert not time_to_threshold(STEPS, curves([100]), threshold=0.5, n_consecutive=11).reached[0]


def test_missing_scores_do_not_pass_and_a_run_without_any_has_no_time():
    scores = curves([100, 100])
    scores[0, :3] = np.nan
    scores[1] = np.nan
    times = time_to_threshold(STEPS, scores, threshold=0.5)
    assert times.time[0] == 400
    assert np.isnan([times.time[1], times.horizon[1]]).all()
    assert times.median() == 400


def test_restricted_times_end_with_the_run_that_was_watched_least():
    scores = curves([200, np.inf])
    scores[1, 6:] = np.nan
    times = time_to_threshold(STEPS, scores, threshold=0.5)
    assert times.restricted().tolist() == [200, 600]
    with pytest.raises(ValueError, match="horizon must be at most the 600 steps of every run, but got 700"):
        times.restricted(700)


def test_leaving_censored_runs_out_would_reverse_the_comparison():
    slow = time_to_threshold(STEPS, curves([200, 200, np.inf, np.inf, np.inf, np.inf]), threshold=0.5)
    fast = time_to_threshold(STEPS, curves([300, 400, 300, 400, 300, 400]), threshold=0.5)
    assert slow.time[slow.reached].mean() < fast.time.mean()
    result = compare_times(slow, fast)
    assert result.difference.estimate < 0
    assert result.median_baseline == np.inf
    assert (result.reached_baseline, result.reached_hybrid, result.horizon) == (2, 6, 1000)


def test_unpaired_times_get_the_log_rank_test():
    first, second = curves([200, 400, np.inf, 600]), curves([700, np.inf, np.inf, 900, 800])
    result = compare_times(
        time_to_threshold(STEPS, first, threshold=0.5),
        time_to_threshold(STEPS, second, threshold=0.5),
        paired=False,
    )
    censored = stats.CensoredData(uncensored=[200, 400, 600], right=[1000])
    others = stats.CensoredData(uncensored=[700, 900, 800], right=[1000, 1000])
    assert result.log_rank_p == pytest.approx(stats.logrank(censored, others).pvalue)


def test_nothing_is_decided_where_no_run_passes():
    never = time_to_threshold(STEPS, curves([np.inf] * 4), threshold=0.5)
    with pytest.warns(DegenerateDataWarning):
        result = compare_times(never, never)
    assert result.difference.status is Status.ZERO_VARIANCE
    assert np.isnan(result.difference.p_value)


def test_tables_agree_with_arrays_whatever_the_order_of_rows():
    onsets = [300, 800, np.inf]
    history = pd.DataFrame(
        {"run": np.repeat([5, 2, 9], len(STEPS)), "step": np.tile(STEPS, 3), "f1": curves(onsets).ravel()}
    )
    table = threshold_times(
        history.sample(frac=1, random_state=0), by=["run"], threshold=0.5, n_consecutive=2
    )
    assert table["run"].tolist() == [2, 5, 9]
    assert table["time"].tolist() == [800, 300, 1000]
    assert table["reached"].tolist() == [True, True, False]


def test_a_threshold_can_come_from_a_column():
    history = pd.DataFrame({"run": [1, 1, 2, 2], "step": [1, 2] * 2, "f1": [0.4, 0.8] * 2})
    marked = history.assign(mark=[0.3, 0.3, 0.7, 0.7])
    assert threshold_times(marked, by=["run"], threshold="mark")["time"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({"time": [100.0, 200.0], "reached": [True, True]}, Status.OK),
        ({"time": [100.0], "reached": [True]}, Status.TOO_FEW_SEEDS),
        ({"time": [100.0, 100.0], "reached": [True, True]}, Status.ZERO_VARIANCE),
        ({"time": [900.0, 900.0], "reached": [False, False]}, Status.NOT_IDENTIFIABLE),
        ({"time": [np.nan], "reached": [False]}, Status.NO_DATA),
    ],
)
def test_summaries_say_what_runs_cannot_support(times, status):
    frame = pd.DataFrame(times).assign(model="a", horizon=np.where(np.isnan(times["time"]), np.nan, 900.0))
    row = summarize_times(frame, by=["model"]).iloc[0]
    assert row["status"] == status
    assert (row["message"] == "") == (status is Status.OK)
    assert np.isfinite(row["low"]) == (status is Status.OK)


def test_the_interval_of_the_restricted_mean_is_student_t():
    frame = pd.DataFrame({"model": "a", "time": [100.0, 300.0, 500.0], "reached": True, "horizon": 900.0})
    row = summarize_times(frame, by=["model"], confidence_level=0.9).iloc[0]
    expected = stats.ttest_1samp(frame["time"], 0).confidence_interval(0.9)
    assert (row["low"], row["high"]) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [[0.1]], {}), "steps must fit scores of shape"),
        (([2, 1], [[0.1, 0.2]], {}), "steps must rise"),
        (([1], [[0.1]], {"n_consecutive": 0}), "n_consecutive must be an integer of at least 1"),
    ],
)
def test_invalid_input_is_named(arguments, message):
    steps, scores, options = arguments
    with pytest.raises(ValueError, match=message):
        time_to_threshold(steps, scores, threshold=0.5, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"run": [1, 1, 2, None]}, "history must have a value of run, step in every row, but 1 of 4 lack"),
        ({"step": [64, 128, 64, 64]}, "history must have one row per run, step, but has several for"),
    ],
)
def test_rows_that_belong_to_no_place_of_a_curve_are_refused(change, message):
    history = pd.DataFrame({"run": [1, 1, 2, 2], "step": [64, 128] * 2, "f1": 0.5}).assign(**change)
    with pytest.raises(ValueError, match=message):
        threshold_times(history, by=["run"], threshold=0.8)


def test_times_of_no_group_are_refused():
    times = pd.DataFrame({"model": ["a", None], "time": 64.0, "reached": True, "horizon": 128.0})
    with pytest.raises(ValueError, match="times must have a value of model in every row, but 1 of 2 lack"):
        summarize_times(times, by=["model"])
