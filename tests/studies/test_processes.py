"""One function over many values, here or in processes of their own."""

import os

import pytest

from workbench.schema import InputError
from workbench.studies import free_cores
from workbench.studies._processes import CHUNK, mapped


def with_process(value: int) -> tuple[int, int]:
    return value, os.getpid()


def refuse_ninety(value: int) -> int:
    if value == 90:
        msg = f"{value}: is not wanted."
        raise InputError(msg)
    return value


def test_results_of_several_processes_come_in_the_order_of_their_values() -> None:
    values = list(range(5 * CHUNK, 0, -1))
    with mapped(with_process, values, workers=2) as results:
        found = list(results)
    assert [value for value, _ in found] == values
    processes = {process for _, process in found}
    assert os.getpid() not in processes
    assert 1 <= len(processes) <= 2


@pytest.mark.parametrize(("n", "workers"), [(CHUNK, 2), (5 * CHUNK, 1), (0, 2)])
def test_few_values_or_one_worker_stay_in_this_process(n: int, workers: int) -> None:
    with mapped(with_process, range(n), workers=workers) as results:
        assert list(results) == [(value, os.getpid()) for value in range(n)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_with_its_message_after_the_results_before_it(workers: int) -> None:
    seen = []
    with (
        pytest.raises(InputError, match=r"^90: is not wanted\.$"),
        mapped(refuse_ninety, range(100), workers=workers) as results,
    ):
        seen.extend(results)
    if workers == 1:
        # Values travel in chunks, and a chunk comes whole.
        seen = []
        with mapped(refuse_ninety, range(90), workers=workers) as results:
            seen.extend(results)
        assert seen == list(range(90))


def test_an_error_of_the_caller_is_passed_on() -> None:
    with pytest.raises(ZeroDivisionError), mapped(abs, range(5 * CHUNK), workers=2) as results:
        next(iter(results)) / 0


@pytest.mark.parametrize(
    ("share", "cores"), [("2", 2), ("1", 1), ("64", 8), ("", 8), ("0", 8), ("many", 8), ("-1", 8)]
)
def test_free_cores_are_the_share_that_a_runner_gives(
    monkeypatch: pytest.MonkeyPatch, share: str, cores: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", share)
    assert free_cores() == cores


def test_without_a_runner_all_cores_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert free_cores() == 8
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert free_cores() == 1


def test_as_many_processes_as_cores_are_free_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with mapped(with_process, range(5 * CHUNK)) as results:
        assert {process for _, process in results} == {os.getpid()}
