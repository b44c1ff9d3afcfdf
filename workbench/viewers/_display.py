"""Is there a screen? Without one Qt aborts the whole process, a notebook kernel too."""

import ctypes
import ctypes.util
import os
import sys
from typing import Final

from workbench.schema import InputError

CURE: Final = (
    "Run it on a machine with a screen, or through remote desktop or `ssh -X`; "
    '`xvfb-run -a -s "-screen 0 1600x1000x24" workbench inspect RUN --screenshot PNG` '
    "makes a picture without one, and in a notebook `workbench.look.inspect(RUN)` shows the same "
    "cells in a browser."
)


def require_display() -> None:
    """Return if a window can be opened here.

    Raises
    ------
    InputError
        If there is no display; the message says how to proceed.
    """
    if sys.platform in ("win32", "darwin"):
        return
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        msg = (
            f"QT_QPA_PLATFORM={os.environ['QT_QPA_PLATFORM']} has no OpenGL, which napari needs. "
            f"{CURE}"
        )
        raise InputError(msg)
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    if not os.environ.get("DISPLAY"):
        msg = f"no display: neither DISPLAY nor WAYLAND_DISPLAY is set. {CURE}"
        raise InputError(msg)
    if not _x_server_answers():
        msg = f"no display: no X server answers at DISPLAY={os.environ['DISPLAY']}. {CURE}"
        raise InputError(msg)


def _x_server_answers() -> bool:
    name = ctypes.util.find_library("xcb")
    if name is None:
        return True  # without the library only Qt can tell
    xcb = ctypes.CDLL(name)
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed
