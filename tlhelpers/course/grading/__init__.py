"""Assignments for a class: variants of the exercises, private items, grading with nbgrader."""
