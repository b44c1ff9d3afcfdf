from ._anti_ambiguity import (
    anti_ambiguity_loss,
)
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
from ._train import (
    train_network,
)

__all__ = [
    "HISTORY_COLUMNS",
    "Loss",
    "TrainingConfig",
    "anti_ambiguity_loss",
    "encoding_loss",
    "read_history",
    "train_network",
]
