from ._comparison import (
    Comparison,
    compare_models,
)
from ._descriptives import (
    describe_models,
    measures_by_threshold,
    model_summary,
    paired_scores,
    scores_by_threshold,
)
from ._embedding import (
    PrincipalComponents,
    Separability,
    principal_components,
    set_separability,
)
from ._fingerprint import (
    DataFingerprint,
    Intensities,
    Spread,
    fingerprint,
    suggested_crop_px,
)
from ._groups import (
    images_by_group,
    main_grouping,
)
from ._images import (
    hardest_images,
    image_overview,
    scores_by_cell_count,
)
from ._measure_summary import (
    add_sums,
    measure_summary,
    measure_sums,
)
from ._omnibus import (
    OmnibusTest,
    friedman,
    kruskal_wallis,
    one_way_anova,
)
from ._pairs import (
    cohens_d,
    cohens_d_label,
    cohens_d_paired,
    compare_pairs,
)
from ._published_report import (
    PublishedReport,
    PublishedTable,
    Statement,
    read_published_report,
)
from ._report_audit import (
    audit_text,
)
from ._report_audit_findings import (
    AUDIT_CHECKS,
    AUDIT_SEVERITIES,
    AuditCheck,
    AuditFinding,
)
from ._report_audit_scores import (
    audit_scores,
)

__all__ = [
    "AUDIT_CHECKS",
    "AUDIT_SEVERITIES",
    "AuditCheck",
    "AuditFinding",
    "Comparison",
    "DataFingerprint",
    "Intensities",
    "OmnibusTest",
    "PrincipalComponents",
    "PublishedReport",
    "PublishedTable",
    "Separability",
    "Spread",
    "Statement",
    "add_sums",
    "audit_scores",
    "audit_text",
    "cohens_d",
    "cohens_d_label",
    "cohens_d_paired",
    "compare_models",
    "compare_pairs",
    "describe_models",
    "fingerprint",
    "friedman",
    "hardest_images",
    "image_overview",
    "images_by_group",
    "kruskal_wallis",
    "main_grouping",
    "measure_summary",
    "measure_sums",
    "measures_by_threshold",
    "model_summary",
    "one_way_anova",
    "paired_scores",
    "principal_components",
    "read_published_report",
    "scores_by_cell_count",
    "scores_by_threshold",
    "set_separability",
    "suggested_crop_px",
]
