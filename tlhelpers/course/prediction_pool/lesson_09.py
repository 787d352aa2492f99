"""Lesson 09: which mistakes one would notice."""

from tlhelpers.course.prediction_kinds import Sentence

POOL = (Sentence("noticed", "Which kind would you sooner notice, pretending or costing, and why?"),)
