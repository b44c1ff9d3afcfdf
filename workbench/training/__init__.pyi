from ._config import TrainingConfig
from ._history import HISTORY_COLUMNS, read_history
from ._train import train_network

__all__ = ["HISTORY_COLUMNS", "TrainingConfig", "read_history", "train_network"]
