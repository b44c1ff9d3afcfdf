"""A study file to a graph of notebooks, run by papermill on Dask, and the report of what came out.

Also the functions that the notebooks call: whoever needs two rooms passes values between them here.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
