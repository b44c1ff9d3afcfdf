from ._duplicates import (
    ImageSignature,
    find_duplicates,
    image_signature,
    pixels_sha256,
)
from ._files import read_image, read_labels
from ._frozen import (
    FrozenImage,
    FrozenSplit,
    freeze_split,
    frozen_split_json,
    read_frozen_split,
    verify_frozen_split,
)
from ._label_forms import recognise_labels
from ._label_ids import LabelPairs, pair_labels
from ._label_sources import open_labels
from ._label_values import LabelNote, LabelRead, LabelSource
from ._leakage import check_leakage, leaking_pairs
from ._manifest import (
    Dataset,
    Record,
    find_label_files,
    open_dataset,
    read_examples,
    read_sample,
)
from ._split_config import SplitConfig
from ._splits import assign_folds, assign_splits
from ._survey import Survey, survey_dataset
from ._synthetic import (
    SyntheticConfig,
    synthetic_samples,
    write_synthetic_dataset,
)

__all__ = [
    "Dataset",
    "FrozenImage",
    "FrozenSplit",
    "ImageSignature",
    "LabelNote",
    "LabelPairs",
    "LabelRead",
    "LabelSource",
    "Record",
    "SplitConfig",
    "Survey",
    "SyntheticConfig",
    "assign_folds",
    "assign_splits",
    "check_leakage",
    "find_duplicates",
    "find_label_files",
    "freeze_split",
    "frozen_split_json",
    "image_signature",
    "leaking_pairs",
    "open_dataset",
    "open_labels",
    "pair_labels",
    "pixels_sha256",
    "read_examples",
    "read_frozen_split",
    "read_image",
    "read_labels",
    "read_sample",
    "recognise_labels",
    "survey_dataset",
    "synthetic_samples",
    "verify_frozen_split",
    "write_synthetic_dataset",
]
