from ._coco_writing import COCO_CATEGORY, COCO_FILE, coco_annotations
from ._files import describe_image, read_image, read_labels
from ._image_values import ImageChoice, ImageInfo, ImageRead, read_choice
from ._image_writing import write_image
from ._label_forms import recognise_labels
from ._label_geojson import labels_geojson
from ._label_ids import LabelPairs, pair_labels
from ._label_sources import open_labels
from ._label_values import LabelNote, LabelRead, LabelSource
from ._layout_values import Layout, Listing, ReadingOptions, record_info
from ._layouts import LAYOUTS
from ._manifest import find_label_files
from ._open import DatasetFile, open_dataset, read_dataset_file, write_dataset_file
from ._records import (
    Dataset,
    Record,
    read_examples,
    read_record_image,
    read_reference,
    read_sample,
)
from ._synthetic import (
    SyntheticConfig,
    synthetic_samples,
    write_synthetic_dataset,
)

__all__ = [
    "COCO_CATEGORY",
    "COCO_FILE",
    "LAYOUTS",
    "Dataset",
    "DatasetFile",
    "ImageChoice",
    "ImageInfo",
    "ImageRead",
    "LabelNote",
    "LabelPairs",
    "LabelRead",
    "LabelSource",
    "Layout",
    "Listing",
    "ReadingOptions",
    "Record",
    "SyntheticConfig",
    "coco_annotations",
    "describe_image",
    "find_label_files",
    "labels_geojson",
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
    "record_info",
    "synthetic_samples",
    "write_dataset_file",
    "write_image",
    "write_synthetic_dataset",
]
