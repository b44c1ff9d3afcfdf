"""A workbench for cell instance segmentation: compare models, see where each one fails, and why.

Rooms are imported by name (``from workbench import metrics``); importing the package alone
imports nothing else, so that every command answers at once.
"""

__version__ = "0.1.0"
