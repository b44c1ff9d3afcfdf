from ._columns import (
    Column,
    Table,
    encode_table,
)
from ._explorer import (
    DataExplorer,
    data_explorer,
)
from ._explorer_start import (
    ExplorerState,
)
from ._failures import (
    failure_browser,
)
from ._gallery import (
    GalleryState,
    GalleryView,
    resolve_gallery,
)
from ._live_curve import (
    live_training_curve,
)

__all__ = [
    "Column",
    "DataExplorer",
    "ExplorerState",
    "GalleryState",
    "GalleryView",
    "Table",
    "data_explorer",
    "encode_table",
    "failure_browser",
    "live_training_curve",
    "resolve_gallery",
]
