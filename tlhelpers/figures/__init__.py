"""Every figure of the course."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "choosing": "choice_map prices scorer_scatter",
        "collapsing": "collapse",
        "comparing": "every_seed forgetting_bars intervals",
        "curves": "by_layer drift history learning_curves",
        "diagrams": "course_map setup_diagram strategies_sheet",
        "domains": "matrices mean_digits word_shift",
        "features": "before_after",
        "gain_panels": "gains",
        "mistakes": "class_accuracies confusion_matrix mistake_sheet",
        "palette": "labels_per_class",
        "promises": "coverage_by_labels promise_curves promises_kept reliability_diagram",
        "recipes": "mix_curve rate_test",
        "scaling": "cost_lines labels_or_computing memory_bars shares_diagram speed_up",
        "sheets": "contact_sheet neighbour_sheet paired_sheet picture_row prediction_grid",
        "traps": "trap_panel",
        "two_domains": "adaptation_diagram",
        "widgets": "depth_explorer label_slider strength_walk word_explorer",
        "words": "attention_map flat_map",
    },
)
