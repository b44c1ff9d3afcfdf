from ._config import (
    STAGES,
    DatasetConfig,
    ModelConfig,
    Stage,
    StudyConfig,
    read_study,
    study_yaml,
)
from ._evaluate import EvaluateJob, conventions_of_image, evaluate, failed_images
from ._graph import NOTEBOOKS, Job, draft_jobs, notebook_folder, plan_jobs
from ._job_configs import CompareJob, ErrorsJob, ExploreJob, JobConfig
from ._measure_texts import explain_measure, measure_rows, measures_page
from ._overlays import (
    extreme_overlays,
    make_overlay,
    predicted_samples,
    validation_overlay,
)
from ._parameters import check_parameters, declared_parameters
from ._predict import PredictJob, predict
from ._progress import show_progress
from ._report import build_report, update_report
from ._report_parts import ReportTable
from ._report_sections import summary_table
from ._run_study import run_study
from ._runner import (
    Failure,
    Listener,
    Plan,
    RunResult,
    make_run_folder,
    plan_study,
    run_plan,
)
from ._score_command import score_to_folder
from ._score_parts import ScoreResult
from ._score_texts import (
    measure_overview,
    problem_rows,
    result_json,
    summary_rows,
)
from ._scoring import ScoringConfig, read_scoring_config
from ._terminal import print_plan, print_result, print_status, print_table
from ._thumbnails import Thumbnails, make_thumbnails
from ._train import TrainJob, train, training_samples
from ._view import (
    RunView,
    find_member,
    images_worst_first,
    load_overlay,
    open_view,
)

__all__ = [
    "NOTEBOOKS",
    "STAGES",
    "CompareJob",
    "DatasetConfig",
    "ErrorsJob",
    "EvaluateJob",
    "ExploreJob",
    "Failure",
    "Job",
    "JobConfig",
    "Listener",
    "ModelConfig",
    "Plan",
    "PredictJob",
    "ReportTable",
    "RunResult",
    "RunView",
    "ScoreResult",
    "ScoringConfig",
    "Stage",
    "StudyConfig",
    "Thumbnails",
    "TrainJob",
    "build_report",
    "check_parameters",
    "conventions_of_image",
    "declared_parameters",
    "draft_jobs",
    "evaluate",
    "explain_measure",
    "extreme_overlays",
    "failed_images",
    "find_member",
    "images_worst_first",
    "load_overlay",
    "make_overlay",
    "make_run_folder",
    "make_thumbnails",
    "measure_overview",
    "measure_rows",
    "measures_page",
    "notebook_folder",
    "open_view",
    "plan_jobs",
    "plan_study",
    "predict",
    "predicted_samples",
    "print_plan",
    "print_result",
    "print_status",
    "print_table",
    "problem_rows",
    "read_scoring_config",
    "read_study",
    "result_json",
    "run_plan",
    "run_study",
    "score_to_folder",
    "show_progress",
    "study_yaml",
    "summary_rows",
    "summary_table",
    "train",
    "training_samples",
    "update_report",
    "validation_overlay",
]
