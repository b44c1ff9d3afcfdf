from ._as_published import (
    pairs_as_published,
)
from ._assumptions import (
    check_assumptions,
    model_residuals,
)
from ._claim_text import (
    CLAIM_GRAMMAR,
    Claim,
    parse_claim,
)
from ._claims import (
    SupportedClaim,
    support_claim,
)
from ._comparison import (
    Comparison,
    compare_models,
)
from ._descriptives import (
    describe_as_published,
    describe_models,
    measures_by_threshold,
    model_summary,
    scores_by_threshold,
)
from ._effects import (
    cliffs_delta,
    cohens_d,
    cohens_d_average,
    cohens_d_label,
    cohens_d_paired,
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
from ._image_query import (
    ImageQuery,
)
from ._images import (
    hardest_images,
    image_overview,
    scores_by_cell_count,
)
from ._intervals import (
    Interval,
    bca_interval,
    mean_interval,
    median_interval,
)
from ._measure_summary import (
    add_sums,
    measure_summary,
    measure_sums,
)
from ._named_slices import (
    cell_count_thirds,
    named_slices,
)
from ._omnibus import (
    OmnibusTest,
    friedman,
    greenhouse_geisser,
    kruskal_wallis,
    linear_mixed_model,
    omnibus_tests,
    one_way_anova,
    repeated_measures_anova,
)
from ._paired import (
    check_paired,
    image_groups,
    images_left_out,
    paired_scores,
)
from ._pairs import (
    compare_pairs,
)
from ._recommendations import (
    recommendations,
)
from ._resampling import (
    bootstrap_means,
)
from ._standing import (
    Recommendation,
)

__all__ = [
    "CLAIM_GRAMMAR",
    "Claim",
    "Comparison",
    "DataFingerprint",
    "ImageQuery",
    "Intensities",
    "Interval",
    "OmnibusTest",
    "PrincipalComponents",
    "Recommendation",
    "Separability",
    "Spread",
    "SupportedClaim",
    "add_sums",
    "bca_interval",
    "bootstrap_means",
    "cell_count_thirds",
    "check_assumptions",
    "check_paired",
    "cliffs_delta",
    "cohens_d",
    "cohens_d_average",
    "cohens_d_label",
    "cohens_d_paired",
    "compare_models",
    "compare_pairs",
    "describe_as_published",
    "describe_models",
    "fingerprint",
    "friedman",
    "greenhouse_geisser",
    "hardest_images",
    "image_groups",
    "image_overview",
    "images_by_group",
    "images_left_out",
    "kruskal_wallis",
    "linear_mixed_model",
    "main_grouping",
    "mean_interval",
    "measure_summary",
    "measure_sums",
    "measures_by_threshold",
    "median_interval",
    "model_residuals",
    "model_summary",
    "named_slices",
    "omnibus_tests",
    "one_way_anova",
    "paired_scores",
    "pairs_as_published",
    "parse_claim",
    "principal_components",
    "recommendations",
    "repeated_measures_anova",
    "scores_by_cell_count",
    "scores_by_threshold",
    "set_separability",
    "suggested_crop_px",
    "support_claim",
]
