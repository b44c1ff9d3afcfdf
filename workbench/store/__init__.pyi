from ._annotations import (
    AnnotationVersion,
    annotation_versions,
    save_annotation,
)
from ._atomic import (
    atomic_path,
    move_folder,
    remove_folder,
    write_text,
)
from ._hashes import (
    FileHashes,
)
from ._image_cells import (
    read_image_cells,
)
from ._kept_slices import (
    KeptSlice,
    find_kept_slice,
    keep_slice,
    read_slices,
)
from ._labels import (
    write_labels,
    write_maps,
)
from ._ledger import (
    LedgerEntry,
    State,
    append_entries,
    latest_entries,
    read_entries,
)
from ._lock import (
    is_locked,
    lock_run,
)
from ._run import (
    Run,
    open_run,
)
from ._stored_maps import (
    read_maps,
)
from ._tables import (
    cell_table,
    error_table,
    join_tables,
    pixel_error_table,
    read_cells,
    read_errors,
    read_features,
    read_pixel_errors,
    read_scores,
    score_table,
    write_table,
)
from ._verdicts import (
    JUDGEMENTS,
    WITHDRAWN,
    Judgement,
    Verdict,
    append_verdict,
    latest_verdicts,
    read_verdicts,
)

__all__ = [
    "JUDGEMENTS",
    "WITHDRAWN",
    "AnnotationVersion",
    "FileHashes",
    "Judgement",
    "KeptSlice",
    "LedgerEntry",
    "Run",
    "State",
    "Verdict",
    "annotation_versions",
    "append_entries",
    "append_verdict",
    "atomic_path",
    "cell_table",
    "error_table",
    "find_kept_slice",
    "is_locked",
    "join_tables",
    "keep_slice",
    "latest_entries",
    "latest_verdicts",
    "lock_run",
    "move_folder",
    "open_run",
    "pixel_error_table",
    "read_cells",
    "read_entries",
    "read_errors",
    "read_features",
    "read_image_cells",
    "read_maps",
    "read_pixel_errors",
    "read_scores",
    "read_slices",
    "read_verdicts",
    "remove_folder",
    "save_annotation",
    "score_table",
    "write_labels",
    "write_maps",
    "write_table",
    "write_text",
]
