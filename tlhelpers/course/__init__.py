"""The course itself: its lessons, claims, exercises."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "claims": "claim claim_value claims_table",
        "contents": "COURSE",
        "exercises": "check",
        "predictions": "record_prediction show_outcome",
        "progress_file": "progress",
        "quizzes": "quiz",
        "times": "lesson_times",
    },
)
