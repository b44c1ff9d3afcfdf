"""Atomic writes, the ledger, the lock, hashes, tables, label images."""

import math
import multiprocessing
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from workbench.datasets import read_labels
from workbench.schema import CELL_COLUMNS, SCORE_COLUMNS, InputError
from workbench.store import (
    FileHashes,
    LedgerEntry,
    append_entries,
    atomic_path,
    cell_table,
    is_locked,
    join_tables,
    latest_entries,
    lock_run,
    move_folder,
    open_run,
    read_entries,
    read_scores,
    score_table,
    write_labels,
    write_table,
    write_text,
)

SCORE = {
    "dataset": "d", "image_id": "a", "group": "", "model": "m", "seed": 0, "metric": "f1",
    "threshold": 0.5, "convention": "workbench", "value": 0.5, "tp": 1, "fp": 1, "fn": 1,
    "n_reference": 2, "n_predicted": 2, "status": "ok",
}  # fmt: skip


def by_column(rows: list[dict]) -> dict[str, list]:
    return {name: [row[name] for row in rows] for name in SCORE_COLUMNS}


class TestAtomicWrites:
    def test_a_write_that_fails_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        write_text(path, "old")
        with suppress(InterruptedError), atomic_path(path) as partial:
            partial.write_text("half of the n")
            raise InterruptedError
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_nothing_is_seen_under_the_name_before_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        with atomic_path(path) as partial:
            partial.write_text("new")
            assert not path.exists()
        assert path.read_text() == "new"

    def test_a_folder_takes_the_place_of_another(self, tmp_path: Path) -> None:
        for name in ("old", "new"):
            (tmp_path / name).mkdir()
            (tmp_path / name / name).touch()
        move_folder(tmp_path / "new", tmp_path / "old")
        assert [path.name for path in (tmp_path / "old").iterdir()] == ["new"]
        assert [path.name for path in tmp_path.iterdir()] == ["old"]


class TestLedger:
    def test_the_latest_state_of_each_job_counts(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.jsonl"
        append_entries(path, [LedgerEntry("train", "k", "pending"), LedgerEntry("x", "k", "done")])
        append_entries(path, [LedgerEntry("train", "k", "failed", 1.5, 20.0, "boom")])
        latest = latest_entries(path)
        assert list(latest) == ["train", "x"]
        assert latest["train"].detail == "boom"

    def test_a_line_that_a_kill_cut_short_is_passed_over(self, tmp_path: Path) -> None:
        path = tmp_path / "ledger.jsonl"
        append_entries(path, [LedgerEntry("a", "k", "done"), LedgerEntry("b", "k", "done")])
        path.write_bytes(path.read_bytes()[:-20])
        append_entries(path, [LedgerEntry("c", "k", "done")])
        assert [entry.job for entry in read_entries(path)] == ["a", "c"]

    def test_a_ledger_that_is_not_there_is_empty(self, tmp_path: Path) -> None:
        assert read_entries(tmp_path / "none") == []


def _hold(folder: Path, held, release) -> None:
    with lock_run(folder):
        held.set()
        release.wait(60)


class TestLock:
    def test_a_second_process_is_refused_with_id_and_host_of_the_first(
        self, tmp_path: Path
    ) -> None:
        context = multiprocessing.get_context("spawn")
        held, release = context.Event(), context.Event()
        holder = context.Process(target=_hold, args=(tmp_path, held, release))
        holder.start()
        try:
            assert held.wait(60)
            assert is_locked(tmp_path)
            expected = rf"in use by process {holder.pid} on host {os.uname().nodename}"
            with pytest.raises(InputError, match=expected), lock_run(tmp_path):
                pass
        finally:
            release.set()
            holder.join(60)
        with lock_run(tmp_path):
            pass

    def test_a_killed_holder_leaves_the_folder_free(self, tmp_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        held, release = context.Event(), context.Event()
        holder = context.Process(target=_hold, args=(tmp_path, held, release))
        holder.start()
        assert held.wait(60)
        holder.kill()
        holder.join(60)
        assert not is_locked(tmp_path)
        with lock_run(tmp_path):
            pass


class TestHashes:
    def test_a_changed_file_is_hashed_anew(self, tmp_path: Path) -> None:
        path = tmp_path / "a.tif"
        path.write_bytes(b"one")
        hashes = FileHashes(tmp_path / "cache.json")
        first = hashes.of(path)
        hashes.save()
        path.write_bytes(b"two")
        os.utime(path, ns=(1, 1))
        assert FileHashes(tmp_path / "cache.json").of(path) != first

    def test_an_unchanged_file_is_not_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "a.tif"
        path.write_bytes(b"one")
        hashes = FileHashes(tmp_path / "cache.json")
        first = hashes.of(path)
        hashes.save()
        monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("read again"))
        assert FileHashes(tmp_path / "cache.json").of(path) == first

    def test_a_damaged_cache_is_ignored(self, tmp_path: Path) -> None:
        (tmp_path / "cache.json").write_text("{")
        path = tmp_path / "a.tif"
        path.touch()
        assert FileHashes(tmp_path / "cache.json").of(path)


class TestTables:
    def test_values_become_a_table_with_the_columns_of_the_schema(self, tmp_path: Path) -> None:
        table = score_table(by_column([SCORE, SCORE | {"value": math.nan, "status": "undefined"}]))
        assert {name: str(kind) for name, kind in table.dtypes.items()} == SCORE_COLUMNS
        write_table(tmp_path / "t.parquet", table)
        pd.testing.assert_frame_equal(read_scores(tmp_path / "t.parquet"), table)

    def test_no_values_make_an_empty_table_of_the_same_columns(self) -> None:
        assert list(score_table(by_column([])).columns) == list(SCORE_COLUMNS)
        assert list(cell_table({name: [] for name in CELL_COLUMNS}).columns) == list(CELL_COLUMNS)

    def test_a_lacking_column_is_an_error(self) -> None:
        with pytest.raises(KeyError, match="status"):
            score_table({name: [value] for name, value in SCORE.items() if name != "status"})

    def test_tables_are_joined_in_order_one_at_a_time(self, tmp_path: Path) -> None:
        parts = []
        for names in ("", "b", "a"):
            parts.append(tmp_path / f"part-{names}.parquet")
            rows = [SCORE | {"image_id": name} for name in names]
            write_table(parts[-1], score_table(by_column(rows)))
        join_tables(parts, tmp_path / "all.parquet")
        joined = read_scores(tmp_path / "all.parquet")
        assert joined["image_id"].tolist() == ["b", "a"]
        assert {name: str(kind) for name, kind in joined.dtypes.items()} == SCORE_COLUMNS
        groups = parquet.read_metadata(tmp_path / "all.parquet").num_row_groups
        assert groups == 3, "a row group each: they were not gathered first"

    def test_what_is_no_score_table_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "t.parquet"
        with pytest.raises(InputError, match=r"t\.parquet: no such file; the run has not scored"):
            read_scores(path)
        path.write_bytes(b"PAR1 but no more")
        with pytest.raises(InputError, match=r"t\.parquet: not a Parquet table"):
            read_scores(path)
        pd.DataFrame({"a": [1]}).to_parquet(path)
        with pytest.raises(InputError, match="lacks the columns dataset, image_id"):
            read_scores(path)


@pytest.mark.parametrize(("largest", "dtype"), [(65_535, "uint16"), (65_536, "uint32")])
def test_labels_are_stored_in_the_smallest_type_that_holds_them(
    tmp_path: Path, largest: int, dtype: str
) -> None:
    import tifffile

    labels = np.array([[0, largest]], np.int64)
    write_labels(tmp_path / "labels.tif", labels)
    assert tifffile.imread(tmp_path / "labels.tif").dtype == dtype
    assert np.array_equal(read_labels(tmp_path / "labels.tif"), labels)


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no run \(no study\.yaml\)"):
        open_run(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        open_run(tmp_path / "none")
