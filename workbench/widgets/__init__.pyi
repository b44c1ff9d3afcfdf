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
from ._number_table import (
    Numbered,
    NumberTable,
    number_table,
)
from ._ranking_weights import (
    RankingWeights,
    ranking_weights,
    resolve_ranking,
)
from ._section import (
    show_section,
)

__all__ = [
    "Column",
    "DataExplorer",
    "ExplorerState",
    "GalleryState",
    "GalleryView",
    "NumberTable",
    "Numbered",
    "RankingWeights",
    "Table",
    "data_explorer",
    "encode_table",
    "failure_browser",
    "live_training_curve",
    "number_table",
    "ranking_weights",
    "resolve_gallery",
    "resolve_ranking",
    "show_section",
]
