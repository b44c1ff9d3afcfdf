"""Scores that need no threshold: from all overlapping pairs of an overlap table at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from workbench.metrics._assignment import best_assignment
from workbench.metrics._overlap import FloatArray, IntArray, Overlap

NAN: Final = float("nan")


@dataclass(frozen=True)
class BestPartners:
    """Mean over cells of the best value with any cell of the other side.

    Attributes
    ----------
    of_reference
        Mean over reference cells: what is published as mDice and mIoU. Blind to spurious cells.
        NaN without reference cells.
    symmetric
        The worse of the means over reference and over predicted cells; 0 if one side alone has
        cells, NaN if neither has.
    """

    of_reference: float
    symmetric: float


def best_partner_scores(overlap: Overlap) -> tuple[BestPartners, BestPartners]:
    """Return mDice and mIoU with their symmetric versions.

    Dice of two cells is 2|A & B| / (|A| + |B|). The symmetric Dice is the symmetric best Dice of
    [1]_.

    References
    ----------
    .. [1] H. Scharr et al., Mach. Vis. Appl. 27:585, 2016.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> overlap = label_overlap(np.array([[1, 1, 0, 0]]), np.array([[1, 1, 0, 2]]))
    >>> best_partner_scores(overlap)[0]
    BestPartners(of_reference=1.0, symmetric=0.5)
    """
    dice = 2 * overlap.intersection / (overlap.union + overlap.intersection)
    return _best_partners(overlap, dice), _best_partners(overlap, overlap.iou)


def aggregated_jaccard(overlap: Overlap) -> tuple[float, float]:
    """Return the aggregated Jaccard index (AJI) and AJI+.

    AJI [1]_ pairs each reference cell with the predicted cell of largest IoU, whoever else has it;
    AJI+ [2]_ pairs one to one so that the IoUs sum to the most. Both divide the shared pixels of
    all pairs by their united pixels plus the pixels of cells without a pair. NaN if neither side
    has cells.

    References
    ----------
    .. [1] N. Kumar et al., IEEE Trans. Med. Imaging 36:1550, 2017.
    .. [2] S. Graham et al., Med. Image Anal. 58:101563, 2019.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> overlap = label_overlap(np.array([[1, 1, 2, 2]]), np.array([[1, 1, 1, 1]]))
    >>> aggregated_jaccard(overlap)
    (0.5, 0.3333333333333333)
    """
    iou = overlap.iou
    order = np.lexsort((overlap.predicted_index, -iou, overlap.reference_index))
    _, first = np.unique(overlap.reference_index[order], return_index=True)
    one_to_one = best_assignment(overlap.reference_index, overlap.predicted_index, iou)
    return _jaccard_of(overlap, order[first]), _jaccard_of(overlap, one_to_one)


def seg_ctc(overlap: Overlap) -> float:
    """Return SEG of the Cell Tracking Challenge [1]_.

    The mean over reference cells of the IoU with the predicted cell that covers more than half of
    the reference cell, 0 where none does. NaN without reference cells.

    References
    ----------
    .. [1] M. Maska et al., Nat. Methods 20:1010, 2023.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> seg_ctc(label_overlap(np.array([[1, 1, 1, 2]]), np.array([[1, 1, 0, 0]])))
    0.3333333333333333
    """
    n_cells = len(overlap.reference_ids)
    if not n_cells:
        return NAN
    covers = 2 * overlap.intersection > overlap.reference_areas[overlap.reference_index]
    return float(overlap.iou[covers].sum() / n_cells)


def adapted_rand_error(overlap: Overlap) -> float:
    """Return the adapted Rand error [1]_: 1 - F of pairs of pixels in one cell, 0 is perfect.

    Over the pixels of reference cells; predicted background is one segment there. NaN if no pair
    of pixels is in one segment on either side.

    References
    ----------
    .. [1] I. Arganda-Carreras et al., Front. Neuroanat. 9:142, 2015.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> adapted_rand_error(label_overlap(np.array([[1, 1, 2, 2]]), np.array([[3, 3, 3, 3]])))
    0.5
    """
    unseen = overlap.reference_areas - _sums(
        overlap.reference_index, overlap.intersection, len(overlap.reference_ids)
    )
    covered = _sums(overlap.predicted_index, overlap.intersection, len(overlap.predicted_ids))
    together = _pixel_pairs(overlap.intersection) + _pixel_pairs(unseen)
    in_reference = _pixel_pairs(overlap.reference_areas)
    in_predicted = _pixel_pairs(covered) + _pixel_pairs(unseen.sum(keepdims=True))
    if not in_reference + in_predicted:
        return NAN
    return 1.0 - 2 * together / (in_reference + in_predicted)


@dataclass(frozen=True)
class Information:
    """Entropies of two label images in bits, background counted as one segment.

    Attributes
    ----------
    reference_entropy, predicted_entropy
        H(R) and H(P) of the label of a pixel drawn at random.
    mutual_information
        I(R; P) = H(R) + H(P) - H(R, P).
    split
        H(P | R), what of the prediction the reference does not say: grows as cells are split.
    merged
        H(R | P), what of the reference the prediction does not say: grows as cells are merged.
    """

    reference_entropy: float
    predicted_entropy: float
    mutual_information: float
    split: float
    merged: float


def label_information(overlap: Overlap) -> Information:
    """Return the entropies, mutual information and variation of information [1]_ of two images.

    Over all pixels. Two empty images agree: all are 0. NaN for images without pixels.

    References
    ----------
    .. [1] M. Meila, J. Multivar. Anal. 98:873, 2007.

    Examples
    --------
    >>> from workbench.metrics import label_overlap
    >>> label_information(label_overlap(np.array([[1, 1, 2, 2]]), np.array([[3, 3, 3, 3]]))).merged
    1.0
    """
    n_pixels = overlap.n_pixels
    shared = overlap.intersection
    reference_alone = overlap.reference_areas - _sums(
        overlap.reference_index, shared, len(overlap.reference_ids)
    )
    predicted_alone = overlap.predicted_areas - _sums(
        overlap.predicted_index, shared, len(overlap.predicted_ids)
    )
    reference_ground = n_pixels - overlap.reference_areas.sum()
    predicted_ground = n_pixels - overlap.predicted_areas.sum()
    both_ground = reference_ground - predicted_alone.sum()
    joint = _entropy_bits(
        np.concatenate([shared, reference_alone, predicted_alone, [both_ground]]), n_pixels
    )
    reference = _entropy_bits(np.append(overlap.reference_areas, reference_ground), n_pixels)
    predicted = _entropy_bits(np.append(overlap.predicted_areas, predicted_ground), n_pixels)
    # Differences of sums may fall below 0 in the last digit.
    return Information(
        reference_entropy=reference,
        predicted_entropy=predicted,
        mutual_information=max(0.0, reference + predicted - joint) if n_pixels else NAN,
        split=max(0.0, joint - reference) if n_pixels else NAN,
        merged=max(0.0, joint - predicted) if n_pixels else NAN,
    )


def _best_partners(overlap: Overlap, values: FloatArray) -> BestPartners:
    means = []
    for index, cells in (
        (overlap.reference_index, overlap.reference_ids),
        (overlap.predicted_index, overlap.predicted_ids),
    ):
        best = np.zeros(len(cells))
        np.maximum.at(best, index, values)
        means.append(float(best.mean()) if len(cells) else NAN)
    of_reference, of_predicted = means
    one_sided = bool(len(overlap.reference_ids)) != bool(len(overlap.predicted_ids))
    symmetric = 0.0 if one_sided else min(of_reference, of_predicted)
    return BestPartners(of_reference, symmetric)


def _jaccard_of(overlap: Overlap, pairs: IntArray) -> float:
    paired_reference = np.zeros(len(overlap.reference_ids), bool)
    paired_predicted = np.zeros(len(overlap.predicted_ids), bool)
    paired_reference[overlap.reference_index[pairs]] = True
    paired_predicted[overlap.predicted_index[pairs]] = True
    united = (
        overlap.union[pairs].sum()
        + overlap.reference_areas[~paired_reference].sum()
        + overlap.predicted_areas[~paired_predicted].sum()
    )
    return float(overlap.intersection[pairs].sum() / united) if united else NAN


def _sums(index: IntArray, counts: IntArray, length: int) -> IntArray:
    return np.bincount(index, weights=counts, minlength=length).astype(np.int64)


def _pixel_pairs(areas: IntArray) -> float:
    """Return the number of ordered pairs of different pixels within the same segment."""
    sizes = areas.astype(np.float64)
    return float((sizes * (sizes - 1)).sum())


def _entropy_bits(counts: npt.NDArray[np.int64], total: int) -> float:
    shares = counts[counts > 0] / total if total else np.empty(0)
    return float(-(shares * np.log2(shares)).sum()) if total else NAN
