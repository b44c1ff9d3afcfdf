"""The pages of docs/ that are made from the code: python scripts/make_docs.py."""

from pathlib import Path

from workbench.datasets import CARDS
from workbench.studies import datasets_page, measures_page

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Write them."""
    (DOCS / "measures.md").write_text(measures_page(), encoding="utf-8")
    (DOCS / "datasets.md").write_text(datasets_page(CARDS.values()), encoding="utf-8")


if __name__ == "__main__":
    main()
