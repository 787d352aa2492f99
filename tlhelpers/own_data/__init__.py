"""A learner's own folder or table: which way of transfer to take, and a model that works."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "best_model": "save_best",
        "comparing": "compare_own",
        "examples": "example_pictures example_reviews example_truth",
        "project_sets": "project_set",
        "report": "write_report",
        "saved_model": "load_saved",
        "trying": "try_pictures try_sentences",
    },
)
