"""The course as a list: its lessons, and what is new in the target of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tlhelpers.errors import repo_root


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Parameters
    ----------
    number, name, title : str
        E.g. ``"02"``, ``"feature_extraction"``, ``"Feature extraction"``.
    new_task, new_domain : bool or None
        Whether the target's task and domain differ from the source's; None for a lesson that
        serves everywhere, or that has no source.
    has_source : bool
        Whether anything is reused.
    is_project : bool
        Whether its answers build on each other and a rubric judges them.
    """

    number: str
    name: str
    title: str
    new_task: bool | None
    new_domain: bool | None
    has_source: bool = True
    is_project: bool = False

    @property
    def ready(self) -> bool:
        """Whether the lesson's source is here."""
        return (source_dir() / f"{self.number}_{self.name}.py").exists()


COURSE = (
    Lesson("00", "start_here", "Start here", True, True),
    Lesson("01", "from_scratch", "From scratch", None, None, has_source=False),
    Lesson("02", "feature_extraction", "Feature extraction", True, True),
    Lesson("03", "fine_tuning", "Fine-tuning", True, True),
    Lesson("04", "choosing", "Choosing a strategy", True, True),
    Lesson("05", "word2vec_reuse", "Word2Vec reuse", True, True),
    Lesson("06", "bert_reuse", "BERT reuse", True, True),
    Lesson("07", "domain_shift", "Domain shift", False, True),
    Lesson("08", "domain_adaptation", "Domain adaptation", False, True),
    Lesson("09", "trap_museum", "Trap museum", None, None),
    Lesson("10", "your_own_data", "Your own data", None, None),
    Lesson("11", "scaling_up", "Scaling up", None, None),
    Lesson("12", "project", "A project", None, None, is_project=True),
    Lesson("13", "words_and_pairs", "Words and pairs", True, True),
    Lesson("14", "what_one_may_promise", "What one may promise", False, True),
)


def source_dir() -> Path:
    """The folder of the lessons' sources, the only place that people edit."""
    return repo_root() / "notebooks" / "source"
