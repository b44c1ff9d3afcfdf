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
from ._failures import (
    failure_browser,
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
    "NumberTable",
    "Numbered",
    "PickedCell",
    "RankingWeights",
    "ReviewPanel",
    "ReviewSource",
    "ReviewState",
    "ReviewView",
    "Table",
    "comparer",
    "data_explorer",
    "encode_table",
    "failure_browser",
    "image_orders",
    "leaderboard",
    "live_training_curve",
    "number_table",
    "ranking_weights",
    "resolve_board",
    "resolve_comparer",
    "resolve_gallery",
    "resolve_ranking",
    "resolve_review",
    "review_panel",
    "row_verdicts",
    "show_section",
]
