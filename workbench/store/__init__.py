"""Rows to tables and back: the run folder, its ledger, its lock, its scores and label images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
