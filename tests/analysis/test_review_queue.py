"""The review queue puts first what gains most, and says exactly what it gains."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.error_tables import (
    BOUNDARY,
    MISSED,
    SPURIOUS,
    cell_table,
    error_table,
    f1_of,
    images,
    named,
)
from workbench.analysis import (
    ReviewQueue,
    error_events,
    expected_f1_after,
    review_progress,
    review_queue,
    review_sentence,
)
from workbench.schema import InputError

FEW = {"n_resamples": 200}


def queue_of(listed: list) -> ReviewQueue:
    return review_queue(cell_table(named("a", listed)), model="a")


@given(images())
@settings(max_examples=25)
def test_events_add_up_to_the_error_table(listed) -> None:
    events = error_events(cell_table(named("a", listed)), model="a")
    table = error_table(named("a", listed)).set_index(["image_id", "error"])
    columns = ["added_matches", "added_predicted"]
    summed = events.groupby(["image_id", "error"])[columns].sum()
    assert (summed.reindex(table.index, fill_value=0) == table[columns]).all(axis=None)
    wrong = events.groupby(["image_id", "error"])["n_cells"].sum()
    both = table["reference_cells"] + table["predicted_cells"]
    assert (wrong.reindex(table.index, fill_value=0) == both).all()


def test_a_split_with_one_matched_part_names_all_its_cells() -> None:
    (event,) = error_events(cell_table({("a", "i"): (1, [(1, 3, 1)])}), model="a").itertuples()
    assert (event.error, event.n_cells) == ("split", 2)
    assert (event.reference_ids, event.predicted_ids) == ((2,), (2, 3, 4))
    # 4 of 6 cells are matched; without the two parts too many, 4 of 4.
    assert event.gain == pytest.approx(1 - 4 / 6)
    assert (event.top_px, event.bottom_px, event.right_px) == (40, 90, 10)


def test_ignored_cells_count_for_nothing() -> None:
    cells = cell_table({("a", "i"): (2, [MISSED])})
    left_out = cells.iloc[:1].assign(cell_id=9, outcome="ignored", event=0)
    with_ignored = pd.concat([cells, left_out, left_out.assign(image_id="j")])
    queue = review_queue(with_ignored, model="a")
    pd.testing.assert_frame_equal(queue.events, review_queue(cells, model="a").events)
    assert queue.images.index.tolist() == ["i"]


def test_the_image_with_few_cells_comes_first() -> None:
    queue = queue_of([(9, [MISSED, BOUNDARY]), (1, [BOUNDARY])])
    first, second, third = queue.events.itertuples()
    assert (first.image_id, first.error, first.gain) == ("i1", "boundary", 0.5)
    # 18 of 21 cells are matched; the boundary mended: 20 of 21; then the missed one: 22 of 22.
    assert (second.error, second.gain) == ("boundary", pytest.approx(2 / 21))
    assert (third.error, third.gain) == ("missed", pytest.approx(1 / 21))
    before = (18 / 21 + 1 / 2) / 2
    assert queue.events["mean_f1"].tolist() == pytest.approx([before + 0.25, (20 / 21 + 1) / 2, 1])
    assert queue.events["place"].tolist() == [1, 2, 3]


@given(images(max_images=2).filter(lambda listed: sum(len(e) for _, e in listed) <= 5))
@settings(max_examples=25)
def test_each_step_is_the_best_there_is(listed) -> None:
    queue = queue_of(listed)
    left = [(f"i{place}", event) for place, (_, events) in enumerate(listed) for event in events]
    state = {f"i{place}": (n, list(events)) for place, (n, events) in enumerate(listed)}
    for step in queue.events.itertuples():
        gains = {}
        for image, event in left:
            n_found, events = state[image]
            rest = list(events)
            rest.remove(event)
            g = event[0]
            mended = n_found + g
            after = f1_of(mended, rest) if mended or rest else 1.0
            gains[image, event] = after - f1_of(n_found, events)
        assert step.gain == pytest.approx(max(gains.values()), abs=1e-12)
        g = len(step.reference_ids)
        event = (g, len(step.predicted_ids), g - step.added_matches)
        assert gains[step.image_id, event] == pytest.approx(step.gain, abs=1e-12)
        left.remove((step.image_id, event))
        n_found, events = state[step.image_id]
        events.remove(event)
        state[step.image_id] = (n_found + g, events)
    assert left == []


@given(images(min_images=2), st.randoms())
@settings(max_examples=12)
def test_with_all_corrected_f1_is_one_and_the_order_of_rows_does_not_matter(listed, random) -> None:
    cells = cell_table(named("a", listed))
    queue = review_queue(cells, model="a")
    done = expected_f1_after(queue, 10_000, **FEW)
    assert done.after == pytest.approx(1)
    assert done.before == pytest.approx(np.mean([f1_of(*image) for image in listed]))
    assert done.n_events == sum(len(events) for _, events in listed)
    rows = list(range(len(cells)))
    random.shuffle(rows)
    pd.testing.assert_frame_equal(review_queue(cells.iloc[rows], model="a").events, queue.events)


@given(images(), st.integers(0, 8))
@settings(max_examples=20)
def test_f1_after_some_corrections_is_that_of_the_corrected_images(listed, n: int) -> None:
    queue = queue_of(listed)
    done = expected_f1_after(queue, n, **FEW)
    corrected = []
    for place, (n_found, events) in enumerate(listed):
        left = list(events)
        mended = queue.events.head(n).query("image_id == @image", local_dict={"image": f"i{place}"})
        total = n_found
        for event in mended.itertuples():
            g = len(event.reference_ids)
            left.remove((g, len(event.predicted_ids), g - event.added_matches))
            total += g
        corrected.append(f1_of(total, left) if total or left else 1.0)
    assert done.after == pytest.approx(np.mean(corrected))
    if 0 < n <= len(queue.events):
        assert queue.events["mean_f1"].iloc[n - 1] == pytest.approx(done.after)


def test_no_order_does_better_on_three_errors() -> None:
    listed = [(2, [MISSED]), (3, [SPURIOUS, (3, 1, 0)])]
    queue = queue_of(listed)
    for n in (1, 2):
        best = max(
            np.mean(
                [
                    f1_of(2, [] if 0 in order[:n] else [MISSED]) if 0 not in order[:n] else 1.0,
                    _second_image(order[:n]),
                ]
            )
            for order in permutations(range(3))
        )
        assert queue.events["mean_f1"].iloc[n - 1] == pytest.approx(best)


def _second_image(done: tuple[int, ...]) -> float:
    n_found = 3 + (3 if 2 in done else 0)
    left = [event for place, event in ((1, SPURIOUS), (2, (3, 1, 0))) if place not in done]
    return f1_of(n_found, left)


def test_the_interval_is_over_images_or_whole_groups() -> None:
    rng = np.random.default_rng(0)
    listed = [(int(n), [MISSED] * int(m)) for n, m in rng.integers(1, 6, (20, 2))]
    queue = queue_of(listed)
    done = expected_f1_after(queue, 10, n_resamples=2000)
    assert done.before < done.low < done.after < done.high
    assert 0 < done.rise_low < done.rise < done.rise_high
    assert done.rise == pytest.approx(done.after - done.before)
    twins = queue_of([image for image in listed for _ in range(2)])
    groups = pd.Series({f"i{n}": n // 2 for n in range(40)})
    apart = expected_f1_after(twins, 20, n_resamples=2000)
    together = expected_f1_after(twins, 20, groups=groups, n_resamples=2000)
    assert together.high - together.low > 1.2 * (apart.high - apart.low)


def test_along_the_queue_f1_rises_faster_than_in_any_order() -> None:
    rng = np.random.default_rng(1)
    listed = [(int(n), [MISSED, SPURIOUS] * int(m)) for n, m in rng.integers(1, 20, (12, 2))]
    progress = review_progress(queue_of(listed), n_resamples=100)
    assert len(progress) == 41
    assert progress["mean_f1"].is_monotonic_increasing
    inner = progress.iloc[1:-1]
    assert (inner["mean_f1"] > inner["in_any_order"]).all()
    ends = progress.iloc[[0, -1]]
    assert ends["in_any_order"].tolist() == pytest.approx(ends["mean_f1"].tolist())
    assert (progress["n_images"].max(), progress["n_cells"].iloc[0]) == (12, 0)
    some = review_progress(queue_of(listed), [0, 7], n_resamples=100)
    assert some["n_events"].tolist() == [0, 7]


def test_the_sentence_says_what_was_computed() -> None:
    queue = queue_of([(9, [MISSED, BOUNDARY]), (1, [BOUNDARY]), (3, [])])
    done = expected_f1_after(queue, 2, **FEW)
    assert review_sentence(queue, done) == (
        "Correct these 2 errors (4 cells in 2 images), and mean F1 of a at IoU 0.5 rises from "
        f"0.79 to 0.98 (95 % interval {done.low:.2f} to {done.high:.2f}, 3 images)."
    )
    one = queue_of([(1, [MISSED])])
    assert review_sentence(one, expected_f1_after(one, 5, **FEW)) == (
        "Correct this error (1 cell in 1 image), and mean F1 of a at IoU 0.5 rises from 0.67 to "
        "1.00 (1 image)."
    )
    clean = queue_of([(1, [])])
    assert review_sentence(clean, expected_f1_after(clean, 5, **FEW)) == (
        "a has no errors to correct: mean F1 at IoU 0.5 is 1.00."
    )


def test_the_first_seed_counts_unless_another_is_named() -> None:
    both = pd.concat(
        [cell_table({("a", "i"): (2, [MISSED])}, seed=3), cell_table({("a", "i"): (2, [])}, seed=5)]
    )
    assert len(review_queue(both, model="a").events) == 1
    assert len(review_queue(both, model="a", seed=5).events) == 0


def test_mistakes_are_refused() -> None:
    cells = cell_table({("a", "i"): (2, [MISSED])})
    with pytest.raises(InputError, match="no cells of 'b', only of a"):
        review_queue(cells, model="b")
    with pytest.raises(InputError, match="with seed 4, only with 0"):
        review_queue(cells, model="a", seed=4)
    with pytest.raises(InputError, match=r"no column outcome.*evaluate the predictions again"):
        review_queue(cells.drop(columns="outcome"), model="a")
    with pytest.raises(InputError, match="nothing to review"):
        review_queue(cells.assign(outcome="ignored"), model="a")
    with pytest.raises(InputError, match="0 corrections or more, got -1"):
        expected_f1_after(review_queue(cells, model="a"), -1)
