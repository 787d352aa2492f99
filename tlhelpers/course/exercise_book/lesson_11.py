"""Exercises of lesson 11."""

from tlhelpers.course.exercise_book.lesson_11_gradient import GRADIENT
from tlhelpers.course.exercise_book.lesson_11_memory import LARGEST_BATCH
from tlhelpers.course.exercise_book.lesson_11_once import ONCE
from tlhelpers.course.exercise_book.lesson_11_shares import SHARE
from tlhelpers.course.exercise_book.lesson_11_stream import STREAM
from tlhelpers.course.exercise_kinds import Choice, Number

EXERCISES = [
    LARGEST_BATCH,
    GRADIENT,
    SHARE,
    Number(
        "11.4",
        praise="Ten seconds stay, forty become five: 50 / 15. With any number of processes it "
        "stays below five, since the ten seconds are a fifth of the job.",
        hints=(
            "Which seconds become fewer with more processes, and which stay?",
            "The new time is what cannot be divided, plus what can be divided by the number of "
            "processes. How many times does it go into the old time?",
            "50 / (10 + 40 / 8).",
        ),
        value=50 / 15,
        tolerance=0.05,
        mistakes=[
            (50 / 6.25, "So it would be if all 50 seconds could be divided. Ten of them cannot."),
            (
                15,
                "That is the new time in seconds. How many times does it go into the old one?",
            ),
            (0.3, "That is new over old. Ask how many times as fast it is: old over new."),
            (
                5,
                "That is the limit with ever more processes. With eight, the forty seconds still "
                "take five.",
            ),
            (
                50 / (10 / 8 + 40),
                "You divided the ten seconds that cannot be divided. The other forty can.",
            ),
            (
                50 / 15 - 1,
                "That is by how much it is faster. Ask how many times as fast: twice as fast is 2.",
            ),
            (35, "These are the seconds saved. Divide the old time by the new one."),
            (0.7, "That is the share of the time that is saved. Divide old by new."),
            (6.25, "That is a time, with all 50 seconds divided. Ten of them cannot be divided."),
            (
                0.2 + 0.8 * 8,
                "So it would be if the job grew with the processes (Gustafson's law). Here it "
                "stays the same: divide its old time by its new one.",
            ),
            (10, "That leaves out the ten seconds that stay: 50 over the forty divided by 8."),
            (
                0.8 * 8,
                "That is the share that can be divided, times 8. Add up the seconds of both kinds.",
            ),
        ],
    ),
    STREAM,
    ONCE,
    Choice(
        "11.7",
        praise="The licence allows it, the file can hold nothing but tensors, no code comes along, "
        "and the commit says for good which file it is. That it is the largest of the four by a "
        "little does not count.",
        hints=(
            "Ask four things of each: may we, can the file run code, does code come with it, and "
            "will it be the same file next year?",
            "A `.bin` file is a pickle. `trust_remote_code=True` runs the authors' Python on your "
            "machine. `main` is whatever was uploaded last.",
            "Three of the four fail at least one question each.",
        ),
        right="b",
        why_not={
            "a": "The file is a pickle, which can run code while it is loaded, and `main` may be "
            "another file tomorrow. torch reads tensors only from it with weights_only=True; a "
            "fixed commit in safetensors spares you both questions.",
            "c": "`trust_remote_code=True` downloads Python and runs it with your rights. A fixed "
            "commit at least makes it the same code each time; it does not make it harmless.",
            "d": "The licence forbids just what the model is wanted for, however good the file is. "
            "(A tag can be moved, too, though it seldom is; a commit cannot.)",
        },
    ),
]
