from ._failures import failure_browser

__all__ = ["failure_browser"]
