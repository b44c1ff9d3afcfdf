from ._columns import Column, Table, encode_table
from ._explorer import DataExplorer, data_explorer
from ._explorer_start import ExplorerState
from ._failures import failure_browser
from ._gallery import GalleryState, GalleryView, resolve_gallery

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
    "resolve_gallery",
]
