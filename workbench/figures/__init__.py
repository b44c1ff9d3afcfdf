"""Tables and overlays to plotly figures; what they draw was computed before."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
