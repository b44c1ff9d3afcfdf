from ._display import require_display
from ._inspect import RunInspector, inspect_run
from ._layers import show_overlay

__all__ = ["RunInspector", "inspect_run", "require_display", "show_overlay"]
