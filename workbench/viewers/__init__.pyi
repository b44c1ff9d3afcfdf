from ._display import (
    require_display,
)
from ._inspect import (
    add_dock,
    inspect_run,
)
from ._inspector import (
    Inspector,
)
from ._layers import (
    LayerSpec,
    outcome_codes,
    picture_layers,
    show_layers,
)
from ._plugin import (
    get_reader,
    sample_nuclei,
    sample_tissue,
)
from ._plugin_docks import (
    failures_widget,
    images_widget,
)
from ._scene import (
    RunScenes,
)

__all__ = [
    "Inspector",
    "LayerSpec",
    "RunScenes",
    "add_dock",
    "failures_widget",
    "get_reader",
    "images_widget",
    "inspect_run",
    "outcome_codes",
    "picture_layers",
    "require_display",
    "sample_nuclei",
    "sample_tissue",
    "show_layers",
]
