from ._board_state import (
    BoardRow,
    BoardState,
    resolve_board,
)
from ._columns import (
    Column,
    Table,
    encode_table,
)
from ._comparer import (
    Comparer,
    comparer,
)
from ._comparer_state import (
    ComparerState,
    ComparerView,
    PickedCell,
    image_orders,
    resolve_comparer,
)
from ._comparer_wire import (
    ComparerSource,
)
from ._explorer import (
    DataExplorer,
    data_explorer,
)
from ._explorer_start import (
    ExplorerState,
)
from ._gallery import (
    GalleryState,
    GalleryView,
    resolve_gallery,
)
from ._leaderboard import (
    BoardSource,
    Leaderboard,
    leaderboard,
)
from ._linked import (
    LinkedPanels,
    linked_panels,
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
from ._review import (
    ReviewPanel,
    review_panel,
)
from ._review_state import (
    ReviewState,
    ReviewView,
    resolve_review,
    row_verdicts,
)
from ._review_wire import (
    ReviewSource,
)
from ._section import (
    show_section,
)
from ._show_cells import (
    show_cells,
)
from ._threshold import (
    ThresholdPanel,
    threshold_panel,
)
from ._threshold_state import (
    ThresholdSource,
    ThresholdState,
    ThresholdView,
    resolve_threshold,
)
from ._training_monitor import (
    TrainingMonitor,
    resolve_monitor,
    training_monitor,
)

__all__ = [
    "BoardRow",
    "BoardSource",
    "BoardState",
    "Column",
    "Comparer",
    "ComparerSource",
    "ComparerState",
    "ComparerView",
    "DataExplorer",
    "ExplorerState",
    "GalleryState",
    "GalleryView",
    "Leaderboard",
    "LinkedPanels",
    "NumberTable",
    "Numbered",
    "PickedCell",
    "RankingWeights",
    "ReviewPanel",
    "ReviewSource",
    "ReviewState",
    "ReviewView",
    "Table",
    "ThresholdPanel",
    "ThresholdSource",
    "ThresholdState",
    "ThresholdView",
    "TrainingMonitor",
    "comparer",
    "data_explorer",
    "encode_table",
    "image_orders",
    "leaderboard",
    "linked_panels",
    "live_training_curve",
    "number_table",
    "ranking_weights",
    "resolve_board",
    "resolve_comparer",
    "resolve_gallery",
    "resolve_monitor",
    "resolve_ranking",
    "resolve_review",
    "resolve_threshold",
    "review_panel",
    "row_verdicts",
    "show_cells",
    "show_section",
    "threshold_panel",
    "training_monitor",
]
