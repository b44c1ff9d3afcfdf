from ._config import (
    TrainingConfig,
)
from ._history import (
    HISTORY_COLUMNS,
    read_history,
)
from ._losses import (
    Loss,
    encoding_loss,
)
from ._nnunet_plan import (
    PLANNERS,
)
from ._train import (
    train_network,
)

__all__ = [
    "HISTORY_COLUMNS",
    "PLANNERS",
    "Loss",
    "TrainingConfig",
    "encoding_loss",
    "read_history",
    "train_network",
]
