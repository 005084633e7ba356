import itertools
import subprocess
import sys

import pytest
import torch

from rdsweep.sources import Stream, generator

CPU = torch.device("cpu")
ADDRESSES = [
    (0, Stream.NOISE, 0),
    (0, Stream.NOISE, 1),
    (0, Stream.NOISE, 1, 1),
    (0, Stream.IMAGES, 0),
    (1, Stream.NOISE, 0),
    (2**40, Stream.NOISE, 0),
]


def numbers(*address) -> list[float]:
    return torch.rand(4, generator=generator(CPU, *address), dtype=torch.float64).tolist()


def test_an_address_gives_the_same_numbers_again():
    for address in ADDRESSES:
        assert numbers(*address) == numbers(*address)


def test_addresses_give_different_numbers():
    for one, other in itertools.combinations(ADDRESSES, 2):
        assert numbers(*one) != numbers(*other), (one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0, Stream.NOISE), (0, Stream.NOISE, 0)),
        ((2**32 * int(Stream.NOISE), Stream.IMAGES), (0, Stream.NOISE, int(Stream.IMAGES))),
    ],
)
def test_addresses_of_other_lengths_give_different_numbers(one, other):
    assert numbers(*one) != numbers(*other)


def test_a_generator_moves_on():
    rng = generator(CPU, 0, Stream.NOISE)
    assert torch.rand(1, generator=rng) != torch.rand(1, generator=rng)


def test_numbers_are_the_same_in_another_process():
    code = (
        "import torch\n"
        "from rdsweep.sources import Stream, generator\n"
        "rng = generator(torch.device('cpu'), 3, Stream.ORDER, 7)\n"
        "print(torch.rand(4, generator=rng, dtype=torch.float64).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(numbers(3, Stream.ORDER, 7))


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    numbers(0, Stream.WEIGHTS)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_streams_are_what_seeds_meant_before():
    # Another number would train other runs under the ids of stored ones, and equal ones would make noise of
    # training and probes alike.
    numbers = {name: int(stream) for name, stream in Stream.__members__.items()}
    assert numbers == {
        "WEIGHTS": 1,
        "IMAGES": 2,
        "ORDER": 3,
        "NOISE": 4,
        "HEAD_WEIGHTS": 5,
        "DROPOUT": 6,
        "PROBE_WEIGHTS": 7,
        "PROBE_NOISE": 8,
        "PROBE_DROPOUT": 9,
        "TEST": 10,
    }
