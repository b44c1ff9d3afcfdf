"""Two label images to scores: overlap, matching, per-image measures, per-cell records."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
