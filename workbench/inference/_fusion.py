"""Several label images of one image to one: an ensemble of models that give labels only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from workbench.inference._prediction import Prediction
from workbench.schema import InputError, LabelImage
from workbench.transforms import overlapping_cells

NodeImage = npt.NDArray[np.int32]


def fuse_labels(predictions: Sequence[LabelImage]) -> Prediction:
    """Fuse the label images that several models give of one image, by majority.

    Cells of different models with an IoU above one half are the same cell; the most similar are
    brought together first, and no cell takes in two of one model. A cell that more than half of
    the models hold is kept, with the pixels that more than half of its holders give it; a pixel
    that two cells claim goes to that with more votes.

    Parameters
    ----------
    predictions
        Label images, one a model, all of one shape (height, width); gaps in the numbering are
        allowed.

    Returns
    -------
    Prediction
        Cells numbered by their first pixel, row by row; their confidence "agreement" is the share
        of the models that hold them. Of two models only cells that both hold are left, with the
        pixels that both give them.

    Raises
    ------
    InputError
        If there is no label image, or their shapes differ.

    Notes
    -----
    Majority voting over matched cells, the rule by which the Cell Tracking Challenge makes its
    silver references [1]_, here without manual markers: cells are matched to each other.

    References
    ----------
    .. [1] M. Maska et al., The Cell Tracking Challenge: 10 years of objective benchmarking, Nat.
       Methods 20:1010, 2023.

    Examples
    --------
    >>> members = [np.array([[1, 1, 1, 0, 5]]), np.array([[7, 7, 0, 0, 0]]),
    ...            np.array([[2, 2, 2, 2, 0]])]
    >>> fused = fuse_labels(members)
    >>> fused.labels, fused.confidences["agreement"]
    (array([[1, 1, 1, 0, 0]], dtype=int32), array([1.], dtype=float32))
    """
    _refuse_different_sizes(predictions)
    nodes, member_of = _number_throughout(predictions)
    cluster_of = _clusters(_similar_pairs(nodes), member_of)
    holders = np.bincount(cluster_of)
    is_kept = 2 * holders > len(predictions)
    is_kept[cluster_of[0]] = False  # node 0 is background
    voted = [np.where(is_kept, np.arange(len(holders)), -1)[cluster_of][image] for image in nodes]
    labels, clusters = _number_by_first_pixel(_most_voted(voted, holders) + 1)
    agreement = holders[clusters - 1] / len(predictions)
    return Prediction(labels, {"agreement": agreement.astype(np.float32)})


def _refuse_different_sizes(predictions: Sequence[LabelImage]) -> None:
    shapes = {labels.shape for labels in predictions}
    if len(shapes) != 1:
        got = " and ".join(map(str, sorted(shapes))) or "none"
        msg = f"label images of one shape are fused, got {got}; give those of one image."
        raise InputError(msg)


def _number_by_first_pixel(labels: LabelImage) -> tuple[NodeImage, npt.NDArray[np.int64]]:
    """Return labels numbered from 1 row by row, and the ids that they had."""
    ids, first, ranks = np.unique(np.append(0, labels), return_index=True, return_inverse=True)
    order = np.argsort(first)  # background first: a 0 was put before all pixels
    number = np.empty(len(ids), np.int32)
    number[order] = np.arange(len(ids))
    return number[ranks[1:]].reshape(labels.shape), ids[order[1:]]


def _number_throughout(
    predictions: Sequence[LabelImage],
) -> tuple[list[NodeImage], npt.NDArray[np.int64]]:
    """Give cells of all models numbers of their own, from 1; return the model of each number."""
    nodes, member_of = [], [np.array([-1])]
    n_nodes = 0
    for member, labels in enumerate(predictions):
        numbered, ids = _number_by_first_pixel(labels)
        nodes.append(np.where(numbered > 0, numbered + n_nodes, 0).astype(np.int32))
        member_of.append(np.full(len(ids), member))
        n_nodes += len(ids)
    return nodes, np.concatenate(member_of)


def _similar_pairs(nodes: Sequence[NodeImage]) -> npt.NDArray[np.int64]:
    """Return pairs of cells of two models with an IoU above one half, the most similar first."""
    pairs, ious = [np.empty((0, 2), np.int64)], [np.empty(0)]
    for first, second in combinations(nodes, 2):
        shared, iou = overlapping_cells(first, second)
        pairs.append(shared[iou > 0.5])
        ious.append(iou[iou > 0.5])
    return np.concatenate(pairs)[np.argsort(-np.concatenate(ious), kind="stable")]


def _clusters(
    pairs: npt.NDArray[np.int64], member_of: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the cluster of each cell, from 0; none holds two cells of one model."""
    cluster_of = list(range(len(member_of)))
    cells = [[node] for node in cluster_of]
    members = [{member} for member in member_of.tolist()]
    for a, b in pairs.tolist():
        into, other = cluster_of[a], cluster_of[b]
        if into == other or members[into] & members[other]:
            continue
        members[into] |= members[other]
        cells[into] += cells[other]
        for node in cells[other]:
            cluster_of[node] = into
    return np.array(cluster_of)


def _most_voted(
    voted: Sequence[npt.NDArray[np.int64]], holders: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return the cluster that most models see in each pixel, -1 where none has a majority."""
    winner = np.full(voted[0].shape, -1)
    most = np.zeros(winner.shape, np.int64)
    for cluster in voted:
        votes = np.sum([cluster == other for other in voted], axis=0)
        wins = (cluster >= 0) & (2 * votes > holders[cluster]) & (votes > most)
        winner[wins], most[wins] = cluster[wins], votes[wins]
    return winner
