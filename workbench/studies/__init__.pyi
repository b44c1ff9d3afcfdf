from ._adopted import (
    PredictionCard,
    adopt_predictions,
    read_prediction_card,
)
from ._audit import (
    Audit,
    audit_dataset,
    repair_effect,
)
from ._audit_outliers import (
    duplicate_findings,
    outlier_findings,
)
from ._audit_page import (
    write_audit,
)
from ._audit_repair import (
    repair_dataset,
)
from ._audit_texts import (
    AUDIT_COLUMNS,
    audit_rows,
    audit_texts,
)
from ._boards import (
    BoardMeasure,
    Boards,
    leaderboards,
)
from ._calibrate import (
    CalibrateJob,
    calibrate,
)
from ._calibration_bins import (
    Bin,
    BinTable,
    bin_table,
    images_of_bins,
    images_of_cell_bins,
)
from ._calibration_record import (
    Calibration,
    calibration_folder,
    read_calibration,
)
from ._calibration_tables import (
    calibration_overview,
    f1_overview,
    reliability_series,
    temperature_text,
)
from ._ceilings import (
    encoding_ceilings,
)
from ._cell_confidences import (
    CellConfidences,
    cell_confidences,
)
from ._compare import (
    Compared,
    choose_measure,
    compare_scores,
)
from ._compare_audit import (
    SubjectAudit,
    audit_subject,
    print_audit,
)
from ._compare_claim import (
    claim_from_scores,
    print_claim,
)
from ._compare_report import (
    write_compared,
)
from ._compare_summary import (
    print_summary,
)
from ._compare_texts import (
    print_comparison,
)
from ._comparison_view import (
    ComparisonView,
    open_comparison,
)
from ._config import (
    STAGES,
    DatasetConfig,
    Stage,
    StudyConfig,
    read_study,
    study_yaml,
)
from ._convert import (
    Converted,
    convert_dataset,
)
from ._corrections import (
    Correction,
    changed_cells,
    correct_annotation,
    correction_scores,
    judge_cell,
    read_annotation,
)
from ._data_list import (
    card_rows,
    datasets_page,
    explain_card,
    show_download,
)
from ._data_texts import (
    axes_rows,
    ceiling_rows,
    dataset_lines,
    fingerprint_rows,
)
from ._evaluate import (
    EvaluateJob,
    conventions_of_image,
    evaluate,
    failed_images,
)
from ._explore import (
    ExploreJob,
    compare_explored,
    gravest_samples,
)
from ._faults import (
    RunFaults,
    run_faults,
)
from ._features import (
    FEATURE_COLUMNS,
    member_features,
)
from ._floors import (
    Waterfall,
    waterfall,
)
from ._gallery import (
    TrainedModel,
    damaged_cards,
    find_models,
    open_model,
    scores_by_group,
)
from ._gallery_import import (
    import_model,
)
from ._gallery_onnx import (
    OnnxChoices,
)
from ._gallery_texts import (
    architecture_rows,
    explain_model,
    group_rows,
    model_rows,
)
from ._graph import (
    NOTEBOOKS,
    Job,
    draft_jobs,
    notebook_folder,
    plan_jobs,
)
from ._images_behind import (
    images_behind,
)
from ._job_configs import (
    CompareJob,
    ErrorsJob,
    JobConfig,
)
from ._measure_texts import (
    explain_measure,
    measure_rows,
    measures_page,
)
from ._method_tables import (
    TypedTable,
    read_typed_table,
)
from ._methods import (
    MethodsJob,
    MethodsView,
    open_methods,
)
from ._model_config import (
    ModelConfig,
)
from ._overlays import (
    extreme_overlays,
    make_overlay,
    predicted_samples,
    target_figure,
    validation_overlay,
)
from ._parameters import (
    check_parameters,
    declared_parameters,
)
from ._predict import (
    PredictJob,
    predict,
)
from ._prepare import (
    prepare_dataset,
)
from ._prepare_parts import (
    PrepareConfig,
    read_prepare_config,
)
from ._processes import (
    free_cores,
)
from ._progress import (
    show_progress,
)
from ._report import (
    build_report,
    build_score_report,
    update_report,
    write_report,
)
from ._report_two_experts import (
    second_annotator_report,
)
from ._review_cells import (
    ReviewCells,
    ReviewJob,
    review_cells,
)
from ._reviews import (
    ReviewScores,
    RunReview,
    disputed_sentences,
    review_scores,
    run_review,
)
from ._robustness import (
    RobustnessJob,
    degraded_examples,
    robustness,
    stored_robustness,
)
from ._run_pictures import (
    ImageCells,
    RunPictures,
    run_pictures,
)
from ._run_study import (
    run_study,
)
from ._runner import (
    Failure,
    Listener,
    Plan,
    RunResult,
    make_run_folder,
    plan_study,
    run_plan,
)
from ._score_command import (
    score_to_folder,
)
from ._score_explorer import (
    explored_cells,
    explored_images,
    keep_chosen,
)
from ._score_parts import (
    ScoreResult,
)
from ._score_source import (
    ScoreSource,
    read_score_source,
)
from ._score_source_summary import (
    read_summary,
)
from ._score_texts import (
    measure_overview,
    problem_rows,
    result_json,
    summary_rows,
)
from ._scoring import (
    ScoringConfig,
    read_scoring_config,
)
from ._signatures import (
    Signatures,
    signatures_of,
)
from ._split import (
    FROZEN_SPLIT,
    SplitSummary,
    count_rows,
    duplicates_of,
    find_leaks,
    read_frozen,
    read_split_config,
    split_dataset,
    verify_split,
)
from ._survey import (
    Survey,
    survey_dataset,
    survey_samples,
)
from ._teaching import (
    TeachJob,
    before_and_after,
    central_place,
    feature_maps,
    network_input,
    pixel_influence,
    untrained_network,
)
from ._terminal import (
    print_plan,
    print_result,
    print_status,
    print_table,
    terminal,
)
from ._thumbnails import (
    Thumbnails,
    make_thumbnails,
)
from ._train import (
    TrainJob,
    settled,
    train,
    training_fingerprint,
    training_histories,
    training_samples,
)
from ._two_experts import (
    ExpertComparison,
    compare_experts,
)
from ._two_sets import (
    Crops,
    SetComparison,
    compare_sets,
    joined_surveys,
    sample_crops,
)
from ._view import (
    RunView,
    find_member,
    images_worst_first,
    load_overlay,
    open_view,
)

__all__ = [
    "AUDIT_COLUMNS",
    "FEATURE_COLUMNS",
    "FROZEN_SPLIT",
    "NOTEBOOKS",
    "STAGES",
    "Audit",
    "Bin",
    "BinTable",
    "BoardMeasure",
    "Boards",
    "CalibrateJob",
    "Calibration",
    "CellConfidences",
    "CompareJob",
    "Compared",
    "ComparisonView",
    "Converted",
    "Correction",
    "Crops",
    "DatasetConfig",
    "ErrorsJob",
    "EvaluateJob",
    "ExpertComparison",
    "ExploreJob",
    "Failure",
    "ImageCells",
    "Job",
    "JobConfig",
    "Listener",
    "MethodsJob",
    "MethodsView",
    "ModelConfig",
    "OnnxChoices",
    "Plan",
    "PredictJob",
    "PredictionCard",
    "PrepareConfig",
    "ReviewCells",
    "ReviewJob",
    "ReviewScores",
    "RobustnessJob",
    "RunFaults",
    "RunPictures",
    "RunResult",
    "RunReview",
    "RunView",
    "ScoreResult",
    "ScoreSource",
    "ScoringConfig",
    "SetComparison",
    "Signatures",
    "SplitSummary",
    "Stage",
    "StudyConfig",
    "SubjectAudit",
    "Survey",
    "TeachJob",
    "Thumbnails",
    "TrainJob",
    "TrainedModel",
    "TypedTable",
    "Waterfall",
    "adopt_predictions",
    "architecture_rows",
    "audit_dataset",
    "audit_rows",
    "audit_subject",
    "audit_texts",
    "axes_rows",
    "before_and_after",
    "bin_table",
    "build_report",
    "build_score_report",
    "calibrate",
    "calibration_folder",
    "calibration_overview",
    "card_rows",
    "ceiling_rows",
    "cell_confidences",
    "central_place",
    "changed_cells",
    "check_parameters",
    "choose_measure",
    "claim_from_scores",
    "compare_experts",
    "compare_explored",
    "compare_scores",
    "compare_sets",
    "conventions_of_image",
    "convert_dataset",
    "correct_annotation",
    "correction_scores",
    "count_rows",
    "damaged_cards",
    "dataset_lines",
    "datasets_page",
    "declared_parameters",
    "degraded_examples",
    "disputed_sentences",
    "draft_jobs",
    "duplicate_findings",
    "duplicates_of",
    "encoding_ceilings",
    "evaluate",
    "explain_card",
    "explain_measure",
    "explain_model",
    "explored_cells",
    "explored_images",
    "extreme_overlays",
    "f1_overview",
    "failed_images",
    "feature_maps",
    "find_leaks",
    "find_member",
    "find_models",
    "fingerprint_rows",
    "free_cores",
    "gravest_samples",
    "group_rows",
    "images_behind",
    "images_of_bins",
    "images_of_cell_bins",
    "images_worst_first",
    "import_model",
    "joined_surveys",
    "judge_cell",
    "keep_chosen",
    "leaderboards",
    "load_overlay",
    "make_overlay",
    "make_run_folder",
    "make_thumbnails",
    "measure_overview",
    "measure_rows",
    "measures_page",
    "member_features",
    "model_rows",
    "network_input",
    "notebook_folder",
    "open_comparison",
    "open_methods",
    "open_model",
    "open_view",
    "outlier_findings",
    "pixel_influence",
    "plan_jobs",
    "plan_study",
    "predict",
    "predicted_samples",
    "prepare_dataset",
    "print_audit",
    "print_claim",
    "print_comparison",
    "print_plan",
    "print_result",
    "print_status",
    "print_summary",
    "print_table",
    "problem_rows",
    "read_annotation",
    "read_calibration",
    "read_frozen",
    "read_prediction_card",
    "read_prepare_config",
    "read_score_source",
    "read_scoring_config",
    "read_split_config",
    "read_study",
    "read_summary",
    "read_typed_table",
    "reliability_series",
    "repair_dataset",
    "repair_effect",
    "result_json",
    "review_cells",
    "review_scores",
    "robustness",
    "run_faults",
    "run_pictures",
    "run_plan",
    "run_review",
    "run_study",
    "sample_crops",
    "score_to_folder",
    "scores_by_group",
    "second_annotator_report",
    "settled",
    "show_download",
    "show_progress",
    "signatures_of",
    "split_dataset",
    "stored_robustness",
    "study_yaml",
    "summary_rows",
    "survey_dataset",
    "survey_samples",
    "target_figure",
    "temperature_text",
    "terminal",
    "train",
    "training_fingerprint",
    "training_histories",
    "training_samples",
    "untrained_network",
    "update_report",
    "validation_overlay",
    "verify_split",
    "waterfall",
    "write_audit",
    "write_compared",
    "write_report",
]
