"""The cells of one image out of a table of millions, without reading the others."""

from pathlib import Path

import pandas as pd

from workbench.schema import InputError


def read_image_cells(path: Path, image_id: str) -> pd.DataFrame:
    """Read the cells of one image, of all members, from a cell table.

    Parameters
    ----------
    path
        Of the table: Parquet.
    image_id
        Whose cells.

    Returns
    -------
    DataFrame
        The columns of the file; no row for an image that it does not have.

    Raises
    ------
    InputError
        If the file is missing, damaged, or not a cell table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, filters=[("image_id", "==", image_id)])
    except FileNotFoundError:
        msg = f"{path}: no such file; the run has not scored anything yet (`workbench status`)."
        raise InputError(msg) from None
    except (OSError, pa.ArrowInvalid) as error:
        msg = f"{path}: not a table of cells ({error}); delete it and run the study again."
        raise InputError(msg) from error
    return table.to_pandas()
