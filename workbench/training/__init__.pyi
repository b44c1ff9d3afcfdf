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
    NnUNetPlan,
    Plan,
    plan_nnunet,
    training_memory_bytes,
)
from ._train import (
    train_network,
)

__all__ = [
    "HISTORY_COLUMNS",
    "PLANNERS",
    "Loss",
    "NnUNetPlan",
    "Plan",
    "TrainingConfig",
    "encoding_loss",
    "plan_nnunet",
    "read_history",
    "train_network",
    "training_memory_bytes",
]
