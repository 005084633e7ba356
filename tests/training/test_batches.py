import numpy as np
import pytest
import torch

from rdsweep.config import ObjectiveConfig, RunConfig, SourceConfig, TaskConfig, TrainingConfig
from rdsweep.models import Head, group_heads
from rdsweep.objectives import learning_rates, target_rates, task_ramps
from rdsweep.sources import Stream
from rdsweep.training._batches import CHUNK_STEPS, ImageFeed, batch_chunks, dropout_masks, task_address
from rdsweep.training._initial import initial_weights

from .reference_training import CPU, batches, head_groups

TINY = TrainingConfig(n_train=72, batch_size=16, epochs=16)
BINS = TaskConfig("bins", head="nonlinear")
ORDER = TaskConfig("order")


def runs(*, training: TrainingConfig = TINY) -> list[RunConfig]:
    """Return runs that differ in seed, source, tasks and objective."""
    return [
        RunConfig(tasks=(BINS,), training=training, seed=1),
        RunConfig(source=SourceConfig("alignment", 10.0), training=training, seed=1),
        RunConfig(tasks=(ORDER, BINS), training=training, objective=ObjectiveConfig("beta", beta=9.0)),
        RunConfig(tasks=(ORDER,), training=training, seed=1),
    ]


@pytest.mark.parametrize("fresh", [False, True])
def test_data_and_noise_do_not_depend_on_the_pack(fresh):
    training = TrainingConfig(n_train=72, batch_size=16, epochs=16, fresh=fresh)
    configs = runs(training=training)
    packs = [configs, configs[::-1], configs[:2], configs[2:]]
    alone = {config: batches([config], dtype=torch.float32) for config in configs}
    for pack in packs:
        groups = head_groups(pack)
        for step, batch in enumerate(batches(pack, dtype=torch.float32)):
            for run, config in enumerate(pack):
                single = alone[config][step]
                assert torch.equal(batch.images[run], single.images[0])
                assert torch.equal(batch.positions[run], single.positions[0])
                assert torch.equal(batch.noise[run], single.noise[0])
                for mask in _masks(groups, batch.keep, run):
                    assert any(
                        torch.equal(mask, own) for own in _masks(head_groups([config]), single.keep, 0)
                    )


def _masks(groups, keep, run) -> list[torch.Tensor]:
    return [
        masks[index]
        for group, masks in zip(groups, keep, strict=True)
        for index, head in enumerate(group.heads)
        if head.run == run and masks is not None
    ]


def test_initial_weights_do_not_depend_on_the_pack():
    configs = runs()
    together = initial_weights(configs, head_groups(configs), device=CPU, dtype=torch.float32)
    for run, config in enumerate(configs):
        groups = head_groups([config])
        alone = initial_weights([config], groups, device=CPU, dtype=torch.float32)
        heads = {group.name: [head.run for head in group.heads] for group in head_groups(configs)}
        for name, leaf in alone.items():
            rows = heads.get(name.partition(".")[0])
            first = run if rows is None else rows.index(run)
            assert torch.equal(together[name][first], leaf[0]), name


def test_seeds_pair_runs_across_conditions():
    uniform_bins, aligned, other_seed, uniform_order = runs()
    weights = initial_weights([uniform_bins, aligned, other_seed], (), device=CPU, dtype=torch.float32)
    assert torch.equal(weights["code.weight"][0], weights["code.weight"][1])
    assert not torch.equal(weights["code.weight"][0], weights["code.weight"][2])
    one, two, three, four = (
        batches([config], dtype=torch.float32)[3]
        for config in (uniform_bins, aligned, other_seed, uniform_order)
    )
    assert torch.equal(one.noise, two.noise)
    assert torch.equal(one.images, four.images)
    same = (one.positions == two.positions)[0]
    assert torch.equal(one.images[0, same], two.images[0, same])
    assert not torch.equal(one.images, three.images)
    assert not torch.equal(one.noise, three.noise)


def test_an_epoch_shows_every_image_once_and_fills_its_last_batch():
    feed = ImageFeed([RunConfig(training=TINY)], CPU)
    rows = feed.rows(0, TINY.steps_per_epoch)[:, 0].flatten()
    assert TINY.steps_per_epoch == 5
    assert sorted(rows[:72].tolist()) == list(range(72))
    assert torch.equal(rows[72:], rows[: 5 * 16 - 72])


def test_epochs_have_orders_of_their_own():
    feed = ImageFeed([RunConfig(training=TINY)], CPU)
    first, second = feed.rows(0, 5), feed.rows(5, 5)
    assert not torch.equal(first, second)
    assert torch.equal(first, feed.rows(0, 5))
    assert torch.equal(feed.rows(3, 4), torch.cat([first[3:], second[:2]]))


def test_fresh_images_never_come_back():
    config = RunConfig(training=TrainingConfig(n_train=72, batch_size=16, epochs=16, fresh=True))
    images = torch.cat([batch.images[0] for batch in batches([config], dtype=torch.float32)])
    assert len(images.unique(dim=0)) == len(images) == 16 * 5 * 16


def test_a_chunk_is_padded_and_counts_its_steps():
    config = RunConfig(training=TINY)
    chunks = list(batch_chunks([config], (), ImageFeed([config], CPU), device=CPU, dtype=torch.float32))
    assert [n_steps for n_steps, _ in chunks] == [CHUNK_STEPS, TINY.n_steps - CHUNK_STEPS]
    assert {len(chunk.images) for _, chunk in chunks} == {CHUNK_STEPS}


def test_a_later_chunk_can_come_first():
    config = RunConfig(tasks=(BINS,), training=TINY)
    groups = head_groups([config])

    def chunks(first_chunk: int):
        feed = ImageFeed([config], CPU)
        return list(
            batch_chunks([config], groups, feed, device=CPU, dtype=torch.float32, first_chunk=first_chunk)
        )

    (_, resumed), (_, straight) = chunks(1)[0], chunks(0)[1]
    assert torch.equal(resumed.images, straight.images)
    assert torch.equal(resumed.noise, straight.noise)
    assert torch.equal(resumed.keep[0], straight.keep[0])
    assert torch.equal(resumed.learning_rate, straight.learning_rate)


def test_schedules_are_those_of_the_objective():
    objective = ObjectiveConfig("capacity", capacity=2.0, gamma=1.0, ramp_calls=60, task_ramp_calls=30)
    config = RunConfig(objective=objective, training=TINY)
    found, steps = batches([config], dtype=torch.float64), np.arange(TINY.n_steps)
    targets = target_rates(objective, steps, steps_per_epoch=5)
    ramps = task_ramps(objective, steps, steps_per_epoch=5)
    assert [float(batch.target) for batch in found] == targets.tolist()
    assert [float(batch.task_ramp) for batch in found] == ramps.tolist()
    rates = [float(batch.learning_rate) for batch in found]
    # Learning rates are float32, as the optimizer takes them.
    assert rates == pytest.approx(learning_rates(TINY, steps).tolist(), rel=1e-7)


def test_dropout_keeps_three_quarters():
    config = RunConfig(tasks=(BINS,), training=TINY)
    kept = torch.stack([batch.keep[0] for batch in batches([config], dtype=torch.float32)]).double()
    # Five standard errors of 80 * 16 * 1500 draws.
    assert kept.mean().item() == pytest.approx(0.75, abs=5 * (0.75 * 0.25 / kept.numel()) ** 0.5)


def test_noise_is_standard_normal():
    noise = torch.stack([batch.noise for batch in batches([RunConfig(training=TINY)], dtype=torch.float64)])
    # Five standard errors of 80 * 16 * 5 draws.
    assert noise.mean().item() == pytest.approx(0.0, abs=5 / noise.numel() ** 0.5)
    assert noise.var().item() == pytest.approx(1.0, abs=5 * (2 / noise.numel()) ** 0.5)


def test_tasks_have_addresses_of_their_own():
    assert len({task_address(name) for name in ("order", "region", "equality", "bins")}) == 4


def masks_of(*tasks: str, stream: Stream, seed: int = 1, chunk: int = 0) -> dict[str, torch.Tensor]:
    """Return the first steps' dropout masks of a run's heads by task."""
    training = TrainingConfig(n_train=8, batch_size=2)
    configs = [RunConfig(training=training, seed=seed)]
    return {
        head.task: masks[:2, place].clone()
        for group in group_heads([Head(0, task, "nonlinear") for task in tasks])
        for masks in [dropout_masks(configs, group, stream, chunk, device=CPU)]
        for place, head in enumerate(group.heads)
    }


@pytest.mark.parametrize("stream", [Stream.DROPOUT, Stream.PROBE_DROPOUT])
def test_dropout_of_a_head_is_that_of_its_task_whatever_other_tasks_there_are(stream):
    order, equality = (masks_of(task, stream=stream)[task] for task in ("order", "equality"))
    together = masks_of("equality", "order", "region", stream=stream)
    assert torch.equal(together["order"], order)
    assert torch.equal(together["equality"], equality)
    assert not torch.equal(order, equality)


def test_dropout_differs_between_training_and_probes_seeds_and_chunks():
    first = masks_of("order", stream=Stream.DROPOUT)["order"]
    others = [
        masks_of("order", stream=Stream.PROBE_DROPOUT),
        masks_of("order", stream=Stream.DROPOUT, seed=2),
        masks_of("order", stream=Stream.DROPOUT, chunk=1),
    ]
    assert not any(torch.equal(first, other["order"]) for other in others)
