"""Questions for the quiz at each lesson's end, with a hint for each wrong answer.

A lesson gets one by a file here, ``lesson_NN.py`` with a `POOL`, and by a cell ``quiz("NN")``.
"""
