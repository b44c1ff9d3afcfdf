from ._audit_findings import CHECKS, REPAIRS, SEVERITIES, Box, Check, Finding, Severity
from ._audit_labels import audit_image, audit_labels
from ._files import read_image, read_labels
from ._label_forms import recognise_labels
from ._label_ids import LabelPairs, pair_labels
from ._label_sources import open_labels
from ._label_values import LabelNote, LabelRead, LabelSource
from ._manifest import (
    Dataset,
    Record,
    find_label_files,
    open_dataset,
    read_examples,
    read_sample,
)
from ._repair import Repaired, repair_labels
from ._survey import Survey, survey_dataset
from ._synthetic import (
    SyntheticConfig,
    synthetic_samples,
    write_synthetic_dataset,
)

__all__ = [
    "CHECKS",
    "REPAIRS",
    "SEVERITIES",
    "Box",
    "Check",
    "Dataset",
    "Finding",
    "LabelNote",
    "LabelPairs",
    "LabelRead",
    "LabelSource",
    "Record",
    "Repaired",
    "Severity",
    "Survey",
    "SyntheticConfig",
    "audit_image",
    "audit_labels",
    "find_label_files",
    "open_dataset",
    "open_labels",
    "pair_labels",
    "read_examples",
    "read_image",
    "read_labels",
    "read_sample",
    "recognise_labels",
    "repair_labels",
    "survey_dataset",
    "synthetic_samples",
    "write_synthetic_dataset",
]
