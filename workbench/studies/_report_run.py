"""What the report of a run says: of its scores, and of all that only a run has."""

from __future__ import annotations

from workbench.report import Section, score_sections
from workbench.studies._report_calibration import calibration_sections
from workbench.studies._report_ceilings import ceilings_section
from workbench.studies._report_costs import costs_section
from workbench.studies._report_errors import errors_sections
from workbench.studies._report_faults import fault_warnings, faults_section
from workbench.studies._report_provenance import provenance_section, troubles_section
from workbench.studies._report_reviews import reviews_section
from workbench.studies._report_samples import extremes_sections, samples_section
from workbench.studies._report_training import sources_section, training_section, what_seeds_allow
from workbench.studies._score_source import known_of_images
from workbench.studies._view import RunView

FOLLOWED = "Kinds of images"
"""The section on scores behind which errors are expected."""


def run_sections(view: RunView) -> list[Section]:
    """Return the parts of the report, those that have nothing to show left out."""
    overview, *of_scores = score_sections(
        view.scores, cells=view.cells, metadata=known_of_images(view)
    )
    seeds = what_seeds_allow(view.study)
    where = f"Images of {view.dataset.name!r}, split {view.study.dataset.test!r}."
    texts = [*fault_warnings(view), *overview.texts, where, *filter(None, [seeds])]
    before, behind = _around_errors(of_scores)
    sections = [
        Section(overview.title, texts, overview.items),
        faults_section(view),
        *before,
        *errors_sections(view),
        reviews_section(view),
        *behind,
        *calibration_sections(view),
        ceilings_section(view),
        sources_section(view),
        training_section(view),
        costs_section(view),
        samples_section(view),
        *extremes_sections(view),
        troubles_section(view),
        provenance_section(view),
    ]
    return [section for section in sections if section.texts or section.items]


def _around_errors(of_scores: list[Section]) -> tuple[list[Section], list[Section]]:
    """Part the sections on scores: errors follow on the kinds of images, or else on all."""
    titles = [section.title for section in of_scores]
    place = titles.index(FOLLOWED) + 1 if FOLLOWED in titles else len(titles)
    return of_scores[:place], of_scores[place:]
