"""Exercises of lesson 12, the project: each inspects what the learner made of data of any kind."""

from tlhelpers.course.exercise_book.lesson_12_interval import INTERVAL
from tlhelpers.course.exercise_book.lesson_12_look import LOOK
from tlhelpers.course.exercise_book.lesson_12_parts import PARTS
from tlhelpers.course.exercise_book.lesson_12_plan import PLAN, SIZE
from tlhelpers.course.exercise_book.lesson_12_report import REPORT
from tlhelpers.course.exercise_book.lesson_12_runs import RUNS
from tlhelpers.course.exercise_book.lesson_12_strategies import STRATEGIES

EXERCISES = [PLAN, SIZE, LOOK, PARTS, STRATEGIES, RUNS, INTERVAL, REPORT]
