"""Packs end to end on a tiny budget: what comes back, in which shape, and that its parts agree."""

import math

import numpy as np
import pytest
import torch

from rdsweep.config import ObjectiveConfig, ProbeConfig, RunConfig, SourceConfig, TaskConfig, TrainingConfig
from rdsweep.models import MODELS, ReferenceHybrid, latent_rates
from rdsweep.sources import stimulus_distribution
from rdsweep.store._schema import MEASURES, TABLES
from rdsweep.tasks import get_task
from rdsweep.training import PackResult, RunResult, train_pack
from rdsweep.training._evaluation import make_test_set

TINY = TrainingConfig(n_train=400, batch_size=16, epochs=3)
STEPS = [64, 75]
CONFIGS = {
    "constrained": RunConfig(tasks=MODELS["E2M5"].heads(weight=0.5), training=TINY),
    "capacity": RunConfig(
        source=SourceConfig("lower_corridor", 10.0),
        objective=ObjectiveConfig("capacity", capacity=1.0, gamma=300.0, ramp_calls=100),
        training=TINY,
    ),
    "beta": RunConfig(
        tasks=(TaskConfig("region"),),
        objective=ObjectiveConfig("beta", beta=2.0),
        probes=(ProbeConfig("order"), ProbeConfig("bins", "nonlinear")),
        training=TINY,
        seed=1,
    ),
}
KINDS = list(CONFIGS)


@pytest.fixture(scope="module")
def progress() -> list[float]:
    return []


@pytest.fixture(scope="module")
def pack(small_test_set: None, progress: list[float]) -> PackResult:
    return train_pack(list(CONFIGS.values()), progress=progress.append)


@pytest.fixture(params=KINDS)
def run(pack: PackResult, request: pytest.FixtureRequest) -> RunResult:
    return pack.runs[KINDS.index(request.param)]


def columns(table: str, *without: str) -> set[str]:
    return {column.name for column in TABLES[table]} - {"run_id", *without}


def test_runs_come_back_in_the_order_of_their_configurations(pack):
    assert [run.config for run in pack.runs] == list(CONFIGS.values())
    assert [run.status for run in pack.runs] == ["completed"] * 3
    assert (pack.device, pack.precision) == ("cpu", "fp32")
    assert pack.wall_seconds > 0


@pytest.mark.usefixtures("pack")
def test_progress_ends_with_one(progress):
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


def test_rows_have_the_columns_of_their_tables(run):
    assert set(run.measures) == {column.name for column in MEASURES}
    assert set(run.maps) == columns("maps", "n_latents")
    assert run.codes.shape[1] == run.config.training.n_latents
    assert run.codes.dtype == np.float32
    for rows, table in (
        (run.scores, "scores"),
        (run.history, "history"),
        (run.score_history, "score_history"),
    ):
        assert {frozenset(row) for row in rows} <= {frozenset(columns(table))}


def test_every_head_has_its_rows(run):
    heads = {(task.name, "joint", task.head) for task in run.config.tasks}
    heads |= {(probe.name, "probe", probe.head) for probe in run.config.probes}
    assert {(row["task"], row["regime"], row["head"]) for row in run.scores} == heads
    assert len(run.scores) == len(heads)
    assert sorted((row["task"], row["step"]) for row in run.score_history) == sorted(
        (task, step) for task, _, _ in heads for step in STEPS
    )


def test_measures_are_numbers(run):
    beta = run.measures["beta"]
    assert math.isnan(beta) if run.config.objective.kind == "capacity" else beta > 0
    assert all(math.isfinite(value) for name, value in run.measures.items() if name != "beta")
    assert run.measures["steps"] == TINY.n_steps == STEPS[-1]
    assert 0 <= run.measures["active_latents"] <= 5
    # Bernoulli pixels: the error of a constant 1/2 is 1/4, that of the known position 0.0546.
    assert 0.05 < run.measures["distortion_mse"] < 0.25


def test_the_price_of_a_beta_run_is_its_setting(pack):
    assert pack.runs[KINDS.index("beta")].measures["beta"] == pytest.approx(2.0 * 0.0003, rel=1e-5)


def test_measures_are_means_of_the_maps(run):
    own = stimulus_distribution(run.config.source).numpy()
    for name in ("rate", "distortion_mse"):
        by_position = run.maps[name].astype(np.float64).ravel()
        # Maps are float32.
        assert run.measures[name] == pytest.approx(by_position.mean(), rel=1e-6)
        assert run.measures[f"{name}_own"] == pytest.approx(by_position @ own, rel=1e-6)


def test_rate_splits_into_information_and_mismatch(run):
    for own in ("", "_own"):
        parts = run.measures[f"mutual_information{own}"] + run.measures[f"marginal_mismatch{own}"]
        assert parts == pytest.approx(run.measures[f"rate{own}"])


def test_own_measures_are_balanced_ones_for_the_uniform_source(pack):
    measures = pack.runs[0].measures
    for name in ("rate", "distortion_mse", "distortion_mse_mean", "mutual_information"):
        assert measures[f"{name}_own"] == pytest.approx(measures[name])


def test_objective_value_adds_the_weighted_task_losses(run):
    losses = {row["task"]: row["cross_entropy"] for row in run.scores if row["regime"] == "joint"}
    weighted = sum(task.weight * losses[task.name] for task in run.config.tasks)
    assert run.measures["objective_value"] == pytest.approx(run.measures["distortion_mse"] + weighted)


def test_maps_are_by_position_and_latent(run):
    shapes = {name: values.shape for name, values in run.maps.items()}
    latent = dict.fromkeys(("latent_mean", "latent_mean_sd", "latent_scale"), (13, 13, 5))
    assert shapes == latent | dict.fromkeys(("distortion_mse", "rate"), (13, 13))
    assert {values.dtype for values in run.maps.values()} == {np.dtype(np.float32)}


def test_history_has_a_row_per_chunk(run):
    assert [row["step"] for row in run.history] == STEPS
    # The cooldown takes the last step to a fifteenth of the third epoch's rate.
    assert run.history[-1]["learning_rate"] == pytest.approx(5e-4 * 0.81 / 15)


@pytest.mark.parametrize(("kind", "target"), [("constrained", 1.0), ("beta", math.nan)])
def test_history_shows_the_target_rate(pack, kind, target):
    rows = pack.runs[KINDS.index(kind)].history
    assert [row["target_rate"] for row in rows] == pytest.approx([target, target], nan_ok=True)


def test_history_shows_the_rising_target_of_a_capacity_run(pack):
    rows = pack.runs[KINDS.index("capacity")].history
    assert [row["target_rate"] for row in rows] == pytest.approx([0.64, 0.75])


def test_weights_are_a_state_dict_of_the_reference(run):
    module = _module(run)
    test = make_test_set(5, torch.device("cpu"))
    with torch.no_grad():
        codes = module.vae.encode(test.images.float().view(-1, 1, 13, 13))
    rates = latent_rates(*codes).sum(1)
    # float32 sums in another order.
    assert rates.mean().item() == pytest.approx(run.measures["rate"], rel=1e-5)
    means = codes[0].view(13, 13, 4, 5).mean(2).numpy()
    np.testing.assert_allclose(means, run.maps["latent_mean"], atol=1e-5)


def test_scores_are_those_of_the_weights(run):
    module, test = _module(run).eval(), make_test_set(5, torch.device("cpu"))
    joint = {row["task"]: row for row in run.scores if row["regime"] == "joint"}
    with torch.no_grad():
        mean, log_variance = module.vae.encode(test.images.float().view(-1, 1, 13, 13))
        latents = mean + (0.5 * log_variance).exp() * test.noise.float()
        for task, row in joint.items():
            logits = module.heads[task](latents)
            chosen = logits.argmax(1) if logits.shape[1] > 1 else (logits[:, 0] >= 0).long()
            labels = torch.from_numpy(get_task(task).label_table())[test.positions]
            accuracy = (chosen == labels).double().mean().item()
            # Rounding may turn an answer on the edge: one image of 676.
            assert row["accuracy"] == pytest.approx(accuracy, abs=1.5 / 676)


def test_weights_can_be_left_out(small_test_set):
    (run,) = train_pack([CONFIGS["capacity"]], keep_weights=False).runs
    assert run.weights is None


@pytest.mark.usefixtures("small_test_set")
def test_fresh_samples_train_models_and_probes():
    training = TrainingConfig(n_train=160, batch_size=16, epochs=1, fresh=True)
    (run,) = train_pack([RunConfig(training=training, probes=(ProbeConfig("order"),))]).runs
    assert run.status == "completed"
    assert [row["regime"] for row in run.scores] == ["probe"]


@pytest.mark.usefixtures("small_test_set")
def test_training_lowers_distortion():
    training = TrainingConfig(n_train=2048, batch_size=32, epochs=2, learning_rate=1e-3)
    (run,) = train_pack([RunConfig(training=training, objective=ObjectiveConfig(capacity=3.0))]).runs
    # Without information the mean squared error is 0.1553.
    assert run.measures["distortion_mse"] < 0.145
    assert run.measures["rate"] > 0.1


def test_an_empty_pack_is_refused():
    with pytest.raises(ValueError, match=r"^configs must hold at least one run, but is empty"):
        train_pack([])


@pytest.mark.parametrize(
    "other",
    [RunConfig(training=TrainingConfig(batch_size=32)), RunConfig(protocol="published")],
    ids=["batch_size", "protocol"],
)
def test_runs_that_do_not_fit_together_are_refused(other):
    with pytest.raises(
        ValueError, match=r"^configs must agree in protocol, batches and sizes .* got 2 kinds"
    ):
        train_pack([RunConfig(), other])


def _module(run: RunResult) -> ReferenceHybrid:
    module = ReferenceHybrid(run.config.tasks)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in run.weights.items()})
    return module
