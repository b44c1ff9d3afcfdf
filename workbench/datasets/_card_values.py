"""What is known of a public data set before anything of it is on disk."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """A file that a publisher offers.

    Attributes
    ----------
    url
        Official address of the file.
    file_name
        As it is stored.
    sha256
        Checksum of the file; "" where the publisher gives none, so that nothing is compared.
    unpack_to
        Folder for a ZIP or TAR file; "" leaves the file as it is.
    """

    url: str
    file_name: str
    sha256: str
    unpack_to: str = ""


@dataclass(frozen=True)
class Card:
    """A public data set as its publisher describes it.

    Attributes
    ----------
    name
        As users write it: "livecell".
    title
        As its publisher writes it: "LIVECell".
    layout
        Name in :data:`LAYOUTS`.
    task
        "nuclei", "whole cells" or "nuclei and whole cells".
    modality
        For example "phase contrast".
    n_images, n_cells
        As published; None where no number was found.
    size
        For example "1.3 GB"; "" if unknown.
    licence
        As the publisher states it; "not stated" otherwise.
    citation
        Authors, journal, year, DOI.
    address
        The official page.
    how_to_obtain
        What to click, in sentences, where no download may be automatic; what the download brings
        otherwise.
    downloads
        Empty where an account or the acceptance of a licence is needed.
    """

    name: str
    title: str
    layout: str
    task: str
    modality: str
    n_images: int | None
    n_cells: int | None
    size: str
    licence: str
    citation: str
    address: str
    how_to_obtain: str
    downloads: tuple[Download, ...] = ()
