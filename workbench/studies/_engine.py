"""papermill's engine, with an environment for the kernel and somebody to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from traitlets.config import Config


class StudyEngine(NBClientEngine):  # type: ignore[misc]
    """Executes a notebook in a kernel with its own environment variables."""

    NAME = "workbench"

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        kernel_environment: Mapping[str, str],
        kernel_log: BinaryIO,
        on_kernel: Callable[[int], None],
        tell: Callable[[str], None],
        resources: dict[str, Any],
        start_timeout: int = 60,
        **_: Any,
    ) -> Any:
        """Run every cell; papermill calls this."""
        client = TellingClient(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            timeout=None,
            resources=resources,
            # Other users of the machine can reach a kernel's ports.
            config=Config(KernelManager={"transport_encryption": "auto"}),
            on_kernel=on_kernel,
            tell=tell,
        )
        return client.execute(env=dict(kernel_environment), stdout=kernel_log, stderr=kernel_log)


class TellingClient(PapermillNotebookClient):  # type: ignore[misc]
    """Tells which cell runs and what it printed last."""

    def __init__(
        self,
        nb_man: Any,
        *,
        on_kernel: Callable[[int], None],
        tell: Callable[[str], None],
        **kw: Any,
    ) -> None:
        super().__init__(nb_man, **kw)
        self.on_kernel = on_kernel
        self.tell = tell

    def papermill_execute_cells(self) -> None:
        """Report the kernel, then execute the cells."""
        self.on_kernel(self.km.provisioner.pid)
        super().papermill_execute_cells()

    def execute_cell(self, cell: Any, cell_index: int, **kw: Any) -> Any:
        """Report a code cell and execute it."""
        if cell.cell_type == "code":
            self.tell(f"cell {cell_index + 1} of {len(self.nb.cells)}")
        return super().execute_cell(cell, cell_index, **kw)

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Report the last line that a cell printed."""
        if msg["msg_type"] == "stream" and msg["content"]["name"] == "stdout":
            lines = [line for line in msg["content"]["text"].splitlines() if line.strip()]
            if lines:
                self.tell(lines[-1].strip())
        return super().process_message(msg, cell, cell_index)
