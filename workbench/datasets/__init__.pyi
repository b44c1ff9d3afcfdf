from ._card_values import Card, Download
from ._cards import CARDS, find_card
from ._download import DownloadStep, ProgressListener, download_dataset
from ._files import describe_image, read_image, read_labels
from ._image_values import ImageChoice, ImageInfo, ImageRead, read_choice
from ._label_forms import recognise_labels
from ._label_ids import LabelPairs, pair_labels
from ._label_sources import open_labels
from ._label_values import LabelNote, LabelRead, LabelSource
from ._layout_values import Layout, Listing, ReadingOptions
from ._layouts import LAYOUTS
from ._manifest import find_label_files
from ._open import DatasetFile, open_dataset, read_dataset_file
from ._records import (
    Dataset,
    Record,
    read_examples,
    read_record_image,
    read_reference,
    read_sample,
)
from ._survey import Survey, survey_dataset
from ._synthetic import (
    SyntheticConfig,
    synthetic_samples,
    write_synthetic_dataset,
)

__all__ = [
    "CARDS",
    "LAYOUTS",
    "Card",
    "Dataset",
    "DatasetFile",
    "Download",
    "DownloadStep",
    "ImageChoice",
    "ImageInfo",
    "ImageRead",
    "LabelNote",
    "LabelPairs",
    "LabelRead",
    "LabelSource",
    "Layout",
    "Listing",
    "ProgressListener",
    "ReadingOptions",
    "Record",
    "Survey",
    "SyntheticConfig",
    "describe_image",
    "download_dataset",
    "find_card",
    "find_label_files",
    "open_dataset",
    "open_labels",
    "pair_labels",
    "read_choice",
    "read_dataset_file",
    "read_examples",
    "read_image",
    "read_labels",
    "read_record_image",
    "read_reference",
    "read_sample",
    "recognise_labels",
    "survey_dataset",
    "synthetic_samples",
    "write_synthetic_dataset",
]
