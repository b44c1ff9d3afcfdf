from ._display import require_display
from ._inspect import inspect_run
from ._inspector import Inspector
from ._layers import LayerSpec, picture_layers, show_layers
from ._scene import RunScenes

__all__ = [
    "Inspector",
    "LayerSpec",
    "RunScenes",
    "inspect_run",
    "picture_layers",
    "require_display",
    "show_layers",
]
