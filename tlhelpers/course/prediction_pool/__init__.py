"""What is to be predicted before a cell of a lesson runs, with its choices, unit and range.

A lesson asks by a file here, ``lesson_NN.py`` with a `POOL`, and by two calls for each question:
``record_prediction("NN.key")`` before, ``show_outcome("NN.key", measured)`` after.
"""
