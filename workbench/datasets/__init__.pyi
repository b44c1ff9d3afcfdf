from ._audit_findings import (
    CHECKS,
    REPAIRS,
    SEVERITIES,
    Box,
    Check,
    Finding,
    Severity,
)
from ._audit_labels import (
    audit_image,
    audit_labels,
)
from ._card_values import (
    Card,
    Download,
)
from ._cards import (
    CARDS,
    find_card,
)
from ._coco_writing import (
    COCO_CATEGORY,
    COCO_FILE,
    coco_annotations,
)
from ._dataset_labels import (
    open_any_labels,
)
from ._download import (
    DownloadStep,
    ProgressListener,
    download_dataset,
)
from ._duplicates import (
    ImageSignature,
    find_duplicates,
    image_signature,
    pixels_sha256,
)
from ._files import (
    describe_image,
    read_image,
    read_labels,
)
from ._frozen import (
    FrozenImage,
    FrozenSplit,
    freeze_split,
    frozen_split_json,
    read_frozen_split,
    verify_frozen_split,
)
from ._image_levels import (
    ImageLevels,
    image_levels,
)
from ._image_values import (
    ImageChoice,
    ImageInfo,
    ImageRead,
    read_choice,
)
from ._image_writing import (
    write_image,
)
from ._label_forms import (
    recognise_labels,
)
from ._label_geojson import (
    labels_geojson,
)
from ._label_ids import (
    LabelPairs,
    pair_labels,
    short_id,
)
from ._label_sources import (
    open_labels,
)
from ._label_values import (
    LabelNote,
    LabelRead,
    LabelSource,
)
from ._layout_values import (
    Layout,
    Listing,
    ReadingOptions,
    record_info,
)
from ._layouts import (
    LAYOUTS,
)
from ._leakage import (
    check_leakage,
    leaking_pairs,
)
from ._manifest import (
    find_label_files,
)
from ._open import (
    DATASET_FILE,
    DatasetFile,
    open_dataset,
    read_dataset_file,
    write_dataset_file,
)
from ._records import (
    Dataset,
    Record,
    read_examples,
    read_record_image,
    read_reference,
    read_sample,
)
from ._repair import (
    Repaired,
    repair_labels,
)
from ._split_config import (
    SplitConfig,
)
from ._splits import (
    assign_folds,
    assign_splits,
)
from ._synthetic import (
    SyntheticConfig,
    synthetic_samples,
    write_synthetic_dataset,
)
from ._unpack import (
    is_archive,
    unpack,
)

__all__ = [
    "CARDS",
    "CHECKS",
    "COCO_CATEGORY",
    "COCO_FILE",
    "DATASET_FILE",
    "LAYOUTS",
    "REPAIRS",
    "SEVERITIES",
    "Box",
    "Card",
    "Check",
    "Dataset",
    "DatasetFile",
    "Download",
    "DownloadStep",
    "Finding",
    "FrozenImage",
    "FrozenSplit",
    "ImageChoice",
    "ImageInfo",
    "ImageLevels",
    "ImageRead",
    "ImageSignature",
    "LabelNote",
    "LabelPairs",
    "LabelRead",
    "LabelSource",
    "Layout",
    "Listing",
    "ProgressListener",
    "ReadingOptions",
    "Record",
    "Repaired",
    "Severity",
    "SplitConfig",
    "SyntheticConfig",
    "assign_folds",
    "assign_splits",
    "audit_image",
    "audit_labels",
    "check_leakage",
    "coco_annotations",
    "describe_image",
    "download_dataset",
    "find_card",
    "find_duplicates",
    "find_label_files",
    "freeze_split",
    "frozen_split_json",
    "image_levels",
    "image_signature",
    "is_archive",
    "labels_geojson",
    "leaking_pairs",
    "open_any_labels",
    "open_dataset",
    "open_labels",
    "pair_labels",
    "pixels_sha256",
    "read_choice",
    "read_dataset_file",
    "read_examples",
    "read_frozen_split",
    "read_image",
    "read_labels",
    "read_record_image",
    "read_reference",
    "read_sample",
    "recognise_labels",
    "record_info",
    "repair_labels",
    "short_id",
    "synthetic_samples",
    "unpack",
    "verify_frozen_split",
    "write_dataset_file",
    "write_image",
    "write_synthetic_dataset",
]
