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
from ._loss_names import (
    ClassLoss,
)
from ._losses import (
    Loss,
    encoding_loss,
    supervised_loss,
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
from ._tuning import (
    TUNING_GRID,
    TUNING_IOU_THRESHOLDS,
    Tuned,
    tune_decoder,
)

__all__ = [
    "HISTORY_COLUMNS",
    "PLANNERS",
    "TUNING_GRID",
    "TUNING_IOU_THRESHOLDS",
    "ClassLoss",
    "Loss",
    "NnUNetPlan",
    "Plan",
    "TrainingConfig",
    "Tuned",
    "anti_ambiguity_loss",
    "encoding_loss",
    "plan_nnunet",
    "read_history",
    "supervised_loss",
    "train_network",
    "training_memory_bytes",
    "tune_decoder",
]
