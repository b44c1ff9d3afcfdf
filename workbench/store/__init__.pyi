from ._atomic import atomic_path, move_folder, remove_folder, write_text
from ._hashes import FileHashes
from ._labels import write_labels, write_maps
from ._ledger import (
    LedgerEntry,
    State,
    append_entries,
    latest_entries,
    read_entries,
)
from ._lock import is_locked, lock_run
from ._run import Run, open_run
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

__all__ = [
    "FileHashes",
    "LedgerEntry",
    "Run",
    "State",
    "append_entries",
    "atomic_path",
    "cell_table",
    "error_table",
    "is_locked",
    "join_tables",
    "latest_entries",
    "lock_run",
    "move_folder",
    "open_run",
    "pixel_error_table",
    "read_cells",
    "read_entries",
    "read_errors",
    "read_features",
    "read_pixel_errors",
    "read_scores",
    "remove_folder",
    "score_table",
    "write_labels",
    "write_maps",
    "write_table",
    "write_text",
]
