"""Cards of public data sets, and how a terminal shows them."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from workbench.datasets import CARDS, LAYOUTS, DownloadStep, find_card
from workbench.schema import InputError
from workbench.studies._data_list import card_rows, explain_card, show_download


@pytest.mark.parametrize("name", CARDS)
def test_every_card_can_be_used(name: str) -> None:
    card = CARDS[name]
    assert card.name == name == name.lower()
    assert card.layout in LAYOUTS
    assert card.task in ("nuclei", "whole cells", "nuclei and whole cells")
    assert card.address.startswith("https://")
    assert re.search(r"doi:10\.\d{4,}/", card.citation)
    assert card.licence
    assert card.how_to_obtain.endswith(".")
    names = [download.file_name for download in card.downloads]
    assert len(set(names)) == len(names)
    for download in card.downloads:
        assert download.url.startswith("https://")
        assert re.fullmatch(r"(?:[0-9a-f]{64})?", download.sha256)
        assert bool(download.unpack_to) == download.file_name.endswith((".zip", ".tar", ".gz"))
        assert not download.unpack_to.startswith(("/", ".."))


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'CelBinDB': .*did you mean cellbindb\?"):
        find_card("CelBinDB")
    with pytest.raises(InputError, match=r"there are bbbc006, bbbc039,"):
        find_card("zzz")


def test_the_list_has_a_line_each_and_says_what_is_unknown() -> None:
    table = card_rows([CARDS["cellpose"], CARDS["cellbindb"]])
    rows = {row["Name"]: row for row in table.frame.to_dict("records")}
    assert (rows["cellpose"]["Images"], rows["cellpose"]["Obtained"]) == ("–", "by hand")
    assert (rows["cellbindb"]["Cells"], rows["cellbindb"]["Obtained"]) == ("109,083", "download")


def test_a_card_is_told_in_full() -> None:
    text = explain_card(CARDS["bbbc039"])
    for part in (
        "BBBC039, nuclei of U2OS cells in a chemical screen (bbbc039)",
        "CC0",
        "doi:10.1002/cyto.a.23863",
        "https://data.broadinstitute.org/bbbc/BBBC039/masks.zip",
        "  metadata/training.txt",
    ):
        assert part in text
    by_hand = explain_card(CARDS["cellpose"])
    assert "by hand: Accept the terms" in by_hand
    assert "File" not in by_hand
    assert "On disk" not in explain_card(replace(CARDS["cellpose"], layout="not yet"))


def test_a_pipe_gets_a_line_a_file() -> None:
    console = Console(file=io.StringIO(), width=80)
    with show_download(console) as listen:
        for n_bytes in (10, 20):
            listen(DownloadStep("a.zip", n_bytes, 2_000))
        listen(DownloadStep("b.zip", 5, None))
    assert console.file.getvalue() == "a.zip, 2,000 bytes\nb.zip\n"


def test_a_terminal_gets_a_bar_a_file() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with show_download(console) as listen:
        listen(DownloadStep("a.zip", 1_000, 2_000))
        listen(DownloadStep("a.zip", 2_000, 2_000))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())
    assert "a.zip" in shown
    assert "2.0/2.0 kB" in shown
