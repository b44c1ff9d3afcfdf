from ._agreement import (
    Agreement,
    biology_agreement,
    measure_agreement,
)
from ._as_published import (
    pairs_as_published,
)
from ._assumptions import (
    check_assumptions,
    model_residuals,
)
from ._biology import (
    QUANTITIES,
    image_biology,
)
from ._budget_difference import (
    compare_budgets,
)
from ._cell_flags import (
    flag_cells,
    flags_by_outcome,
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
from ._critical_difference import (
    CriticalDifference,
    critical_difference,
    nemenyi_distance,
)
from ._descriptives import (
    describe_as_published,
    describe_models,
    measures_by_threshold,
    model_summary,
    scores_by_threshold,
)
from ._disputed import (
    disputed_change,
    scores_without_disputed,
)
from ._disputed_cells import (
    disputed_cells,
)
from ._doubtful_cells import (
    doubtful_cells,
)
from ._duel import (
    duel,
    duel_cells,
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
from ._error_budget import (
    budget_by_slice,
    budget_by_threshold,
    error_budget,
)
from ._error_events import (
    error_events,
)
from ._failure_slices import (
    FailureSlices,
    find_failure_slices,
)
from ._failure_slices_tables import (
    Losses,
    lost_cells,
    lost_images,
)
from ._failure_slices_words import (
    Condition,
    describe_group,
)
from ._fingerprint import (
    DataFingerprint,
    Intensities,
    Spread,
    fingerprint,
    suggested_crop_px,
)
from ._found_cells import (
    compare_found_cells,
    found_cells,
)
from ._from_summary import (
    SummaryComparison,
    compare_from_summary,
)
from ._group_means import (
    group_means,
    groups_text,
)
from ._groups import (
    images_by_group,
    main_grouping,
)
from ._hard_images import (
    image_difficulty,
)
from ._image_facts import (
    image_facts,
)
from ._image_query import (
    ImageQuery,
)
from ._images import (
    hardest_images,
    image_overview,
    scores_by_cell_count,
)
from ._instance_calibration import (
    cells_in_bin,
    instance_calibration,
    instance_reliability,
    risk_coverage,
)
from ._intervals import (
    Interval,
    bca_interval,
    mean_interval,
    median_interval,
)
from ._leaderboard import (
    board_means,
    board_places,
)
from ._mcnemar import (
    CellAgreement,
    mcnemar_by_image,
)
from ._measure_summary import (
    add_sums,
    measure_summary,
    measure_sums,
)
from ._multiverse import (
    AGGREGATIONS,
    multiverse,
    multiverse_summary,
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
from ._pixel_calibration import (
    images_in_bin,
    pixel_calibration_measures,
    reliability_bins,
)
from ._published_report import (
    PublishedReport,
    PublishedTable,
    Statement,
    read_published_report,
)
from ._ranking_scheme import (
    EIGHTEEN_METHODS,
    USABILITY_SCORES,
    RankingScheme,
    SchemePart,
    rank_by_scheme,
    scheme_parts,
    study_scheme,
)
from ._ranks import (
    RankStability,
    rank_stability,
)
from ._recommendations import (
    recommendations,
)
from ._regression import (
    regress_scores,
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
from ._resampling import (
    bootstrap_means,
)
from ._review_gain import (
    Correction,
    expected_f1_after,
    review_progress,
    review_sentence,
)
from ._review_queue import (
    ReviewQueue,
    review_queue,
)
from ._reviewers import (
    reviewer_agreement,
)
from ._robustness import (
    error_response,
    robustness_curves,
)
from ._scheme_stability import (
    SchemeStability,
    scheme_stability,
)
from ._score_difference import (
    explain_difference,
)
from ._seeds import (
    seed_intervals,
    variance_shares,
)
from ._slices import (
    benjamini_hochberg,
    compare_slices,
    discover_slices,
    slice_scores,
)
from ._slicing import (
    slice_by,
    slice_by_cell_count,
)
from ._standing import (
    Recommendation,
)
from ._two_way import (
    two_way,
)
from ._waterfall import (
    waterfall_steps,
)

__all__ = [
    "AGGREGATIONS",
    "AUDIT_CHECKS",
    "AUDIT_SEVERITIES",
    "CLAIM_GRAMMAR",
    "EIGHTEEN_METHODS",
    "QUANTITIES",
    "USABILITY_SCORES",
    "Agreement",
    "AuditCheck",
    "AuditFinding",
    "CellAgreement",
    "Claim",
    "Comparison",
    "Condition",
    "Correction",
    "CriticalDifference",
    "DataFingerprint",
    "FailureSlices",
    "ImageQuery",
    "Intensities",
    "Interval",
    "Losses",
    "OmnibusTest",
    "PrincipalComponents",
    "PublishedReport",
    "PublishedTable",
    "RankStability",
    "RankingScheme",
    "Recommendation",
    "ReviewQueue",
    "SchemePart",
    "SchemeStability",
    "Separability",
    "Spread",
    "Statement",
    "SummaryComparison",
    "SupportedClaim",
    "add_sums",
    "audit_scores",
    "audit_text",
    "bca_interval",
    "benjamini_hochberg",
    "biology_agreement",
    "board_means",
    "board_places",
    "bootstrap_means",
    "budget_by_slice",
    "budget_by_threshold",
    "cell_count_thirds",
    "cells_in_bin",
    "check_assumptions",
    "check_paired",
    "cliffs_delta",
    "cohens_d",
    "cohens_d_average",
    "cohens_d_label",
    "cohens_d_paired",
    "compare_budgets",
    "compare_found_cells",
    "compare_from_summary",
    "compare_models",
    "compare_pairs",
    "compare_slices",
    "critical_difference",
    "describe_as_published",
    "describe_group",
    "describe_models",
    "discover_slices",
    "disputed_cells",
    "disputed_change",
    "doubtful_cells",
    "duel",
    "duel_cells",
    "error_budget",
    "error_events",
    "error_response",
    "expected_f1_after",
    "explain_difference",
    "find_failure_slices",
    "fingerprint",
    "flag_cells",
    "flags_by_outcome",
    "found_cells",
    "friedman",
    "greenhouse_geisser",
    "group_means",
    "groups_text",
    "hardest_images",
    "image_biology",
    "image_difficulty",
    "image_facts",
    "image_groups",
    "image_overview",
    "images_by_group",
    "images_in_bin",
    "images_left_out",
    "instance_calibration",
    "instance_reliability",
    "kruskal_wallis",
    "linear_mixed_model",
    "lost_cells",
    "lost_images",
    "main_grouping",
    "mcnemar_by_image",
    "mean_interval",
    "measure_agreement",
    "measure_summary",
    "measure_sums",
    "measures_by_threshold",
    "median_interval",
    "model_residuals",
    "model_summary",
    "multiverse",
    "multiverse_summary",
    "named_slices",
    "nemenyi_distance",
    "omnibus_tests",
    "one_way_anova",
    "paired_scores",
    "pairs_as_published",
    "parse_claim",
    "pixel_calibration_measures",
    "principal_components",
    "rank_by_scheme",
    "rank_stability",
    "read_published_report",
    "recommendations",
    "regress_scores",
    "reliability_bins",
    "repeated_measures_anova",
    "review_progress",
    "review_queue",
    "review_sentence",
    "reviewer_agreement",
    "risk_coverage",
    "robustness_curves",
    "scheme_parts",
    "scheme_stability",
    "scores_by_cell_count",
    "scores_by_threshold",
    "scores_without_disputed",
    "seed_intervals",
    "set_separability",
    "slice_by",
    "slice_by_cell_count",
    "slice_scores",
    "study_scheme",
    "suggested_crop_px",
    "support_claim",
    "two_way",
    "variance_shares",
    "waterfall_steps",
]
