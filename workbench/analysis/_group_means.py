"""Groups of images as the unit: a row per slide or patient, for tests made of single images."""

import pandas as pd

from workbench.analysis._paired import check_paired, group_codes


def group_means(paired: pd.DataFrame, groups: pd.Series | None) -> pd.DataFrame:
    """Return the mean score of each model over the images of each group.

    Parameters
    ----------
    paired
        Images x models, at least 1 x 1, without NaN.
    groups
        ``image_id`` to group, from :func:`image_groups`; an image without one stands alone.

    Returns
    -------
    DataFrame
        Groups x models, each row called after the first image of its group; the same table where
        each image stands alone.

    Raises
    ------
    InputError
        For repeated ids, NaN, or groups of other images.

    Notes
    -----
    Tests that take rows for independent evidence may be made of it. Every group counts the same,
    however many images it has, so means over groups are not those over images.

    Examples
    --------
    >>> paired = pd.DataFrame({"unet": [0.5, 0.7, 0.9]}, index=["a", "b", "c"])
    >>> group_means(paired, pd.Series({"a": "slide 1", "b": "slide 1"})).round(3).to_dict()
    {'unet': {'a': 0.6, 'c': 0.9}}
    """
    check_paired(paired, min_images=1, min_models=1)
    codes = group_codes(paired.index, groups)
    if codes.max() + 1 == len(paired):
        return paired
    means = paired.groupby(codes).mean()
    firsts = pd.Series(paired.index).groupby(codes).first()
    return means.set_axis(pd.Index(firsts, name=paired.index.name))


def averaged_text(n_images: int, n_groups: int) -> str:
    """Return how many images were averaged to groups; "" where each stands alone.

    Examples
    --------
    >>> averaged_text(30, 6), averaged_text(30, 30)
    ('Made of the means of 6 groups, as images of one group are no independent evidence.', '')
    """
    if n_groups == n_images:
        return ""
    return (
        f"Made of the means of {n_groups} groups, as images of one group are no independent "
        "evidence."
    )


def groups_text(images: pd.Index, groups: pd.Series | None) -> str:
    """Return what images share, and what follows for intervals and tests; "" where nothing is.

    Parameters
    ----------
    images
        Ids of the images that are compared.
    groups
        ``image_id`` to group, from :func:`image_groups`.

    Examples
    --------
    >>> groups_text(pd.Index(["a", "b", "c"]), pd.Series({"a": "s1", "b": "s1"}))
    '2 of 3 images lie in 1 group (slide, plate, patient): intervals and tests take it as one.'
    """
    if groups is None:
        return ""
    of_image = groups.reindex(images)
    grouped = of_image[of_image.notna() & (of_image != "")]
    n_groups = grouped.nunique()
    if not n_groups:
        return ""
    which = f"{len(grouped)} of {len(images)}" if len(grouped) < len(images) else str(len(images))
    if n_groups == 1:
        in_groups = "1 group (slide, plate, patient): intervals and tests take it as one."
    else:
        in_groups = (
            f"{n_groups} groups (slides, plates, patients): intervals resample whole groups, and "
            "tests take a group as one."
        )
    return f"{which} images lie in {in_groups}"
