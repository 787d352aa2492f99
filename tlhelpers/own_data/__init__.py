"""A learner's own folder or table: which way of transfer to take, and a model that works."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(__name__, {})
