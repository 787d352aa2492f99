"""Exercises of lesson 04."""

from tlhelpers.course.exercise_kinds import Choice, Function, Number, on_inputs


def _texts(*inputs):
    """Like `on_inputs`; a text out of a numpy array counts as a text."""
    call = on_inputs(*inputs)
    return lambda function: [str(x) if isinstance(x, str) else x for x in call(function)]


# The two dicts differ in order, and a dear strategy is not always a good one.
ACCURACY = {"pixels": 0.4, "features": 0.7, "one block": 0.75, "all layers": 0.85, "scratch": 0.5}
SECONDS = {"all layers": 90.0, "scratch": 40.0, "features": 2.0, "pixels": 0.5, "one block": 20.0}
BUDGETS = [60.0, 20.0, 1.0, 0.1, 1000.0]


def _best_within(budget, accuracy, seconds):
    affordable = [name for name in accuracy if seconds[name] <= budget]
    return max(affordable, key=accuracy.get, default=None)


def _cheapest(budget, accuracy, seconds):
    cheapest = min(seconds, key=seconds.get)
    return cheapest if seconds[cheapest] <= budget else None


def _best_below(budget, accuracy, seconds):
    affordable = [name for name in accuracy if seconds[name] < budget]
    return max(affordable, key=accuracy.get, default=None)


def _dearest_within(budget, accuracy, seconds):
    affordable = [name for name in accuracy if seconds[name] <= budget]
    return max(affordable, key=seconds.get, default=None)


def _best_or_cheapest(budget, accuracy, seconds):
    return _best_within(budget, accuracy, seconds) or min(seconds, key=seconds.get)


def _best_by_place(budget, accuracy, seconds):
    return _best_within(budget, accuracy, dict(zip(accuracy, seconds.values(), strict=True)))


def _verdict(low, high):
    return "A" if low > 0 else "B" if high < 0 else "not resolved"


# In the last two, some settings are equal; the cheapest of them is neither the first nor the last.
SETTINGS = [
    (
        {"small steps": 0.3, "large steps": 0.8, "more steps": 0.795},
        {"small steps": 3.0, "large steps": 9.0, "more steps": 6.0},
    ),
    (
        {"small steps": 0.75, "large steps": 0.5, "more steps": 0.75, "no steps": 0.75},
        {"small steps": 8.0, "large steps": 1.0, "more steps": 5.0, "no steps": 6.0},
    ),
    (
        {"no steps": 0.625, "small steps": 0.875, "large steps": 0.875, "more steps": 0.875},
        {"no steps": 2.0, "small steps": 7.0, "large steps": 4.0, "more steps": 12.0},
    ),
]


def _choose(validation, seconds):
    return max(validation, key=lambda name: (validation[name], -seconds[name]))


def _choose_the_last(validation, seconds):
    return max(reversed(validation), key=validation.get)


def _choose_the_dearest(validation, seconds):
    return max(validation, key=lambda name: (validation[name], seconds[name]))


def _choose_about(validation, seconds):
    near = [name for name in validation if validation[name] > max(validation.values()) - 0.01]
    return min(near, key=seconds.get)


EXERCISES = [
    Number(
        "04.1",
        praise="Three short trainings to choose and a full one to use: choosing is a part of the "
        "price.",
        hints=(
            "Add up everything that ran: the three trials and the training at the end.",
            "A trial on 70 % of the items takes 70 % of the seconds of a full training.",
            "It is 3 · 0.7 · 12 seconds for choosing, and then one full training.",
        ),
        value=37.2,
        tolerance=0.01,
        mistakes=[
            (12, "That is the last training alone. The three trials cost seconds too."),
            (
                36,
                "That is three full trainings. The trials were shorter, and the last training is "
                "missing.",
            ),
            (48, "You counted four full trainings. The three trials saw only 70 % of the items."),
            (25.2, "These are the three trials. The last training, on all items, is missing."),
            (20.4, "You counted one trial and the last training. There were three trials."),
            (
                33.6,
                "You counted four trainings on 70 % of the items. The last one saw all of them.",
            ),
        ],
    ),
    Function(
        "04.2",
        praise="The budget comes first: it says who may take part. Among those the accuracy "
        "decides.",
        hints=(
            "Two steps: keep the strategies that fit into the budget, then take the most accurate.",
            "[name for name in accuracy if seconds[name] <= budget] are the strategies that fit.",
            "max(names, key=accuracy.get, default=None) is the most accurate one, or None if "
            "there is none.",
        ),
        reference=_best_within,
        observe=_texts(*((budget, ACCURACY, SECONDS) for budget in BUDGETS)),
        mistakes=[
            (
                _cheapest,
                "That is the cheapest strategy. Whatever fits into the budget may be used up: take "
                "the most accurate.",
            ),
            (
                lambda budget, accuracy, seconds: max(accuracy, key=accuracy.get),
                "That is the most accurate strategy of all, whether it fits into the budget or "
                "not.",
            ),
            (
                _best_below,
                "A strategy that needs exactly the budget fits too: compare with <=.",
            ),
            (
                lambda *given: ACCURACY.get(_best_within(*given)),
                "That is the accuracy. What is asked for is the name of the strategy.",
            ),
            (
                _dearest_within,
                "That is the dearest strategy that fits. A higher price does not always buy a "
                "higher accuracy.",
            ),
            (
                _best_or_cheapest,
                "Where no strategy fits, return None instead of one that is too dear.",
            ),
            (
                _best_by_place,
                "The two dicts may list the strategies in different orders. Look the seconds up by "
                "name.",
            ),
        ],
    ),
    Function(
        "04.3",
        praise="Only an interval that leaves out 0 names a winner, and its side says which one.",
        hints=(
            "Where does 0 lie: below the interval, above it, or within?",
            "All of the interval is above 0 if low > 0, and all of it is below 0 if high < 0.",
            'The difference is A minus B, and the answers are exactly "A", "B" and "not resolved".',
        ),
        reference=_verdict,
        observe=_texts(
            (0.01, 0.05), (-0.06, -0.02), (-0.02, 0.04), (-0.04, 0.01), (0.0, 0.03), (-0.03, 0.0)
        ),
        mistakes=[
            (
                lambda low, high: "A" if low + high > 0 else "B",
                "You went by the middle of the interval. If 0 lies within, the sign of the middle "
                "may be luck.",
            ),
            (
                lambda low, high: {"A": "B", "B": "A"}.get(_verdict(low, high), "not resolved"),
                "The names are swapped: the difference is A minus B, so above 0 A is better.",
            ),
            (
                lambda low, high: "A" if low >= 0 else "B" if high <= 0 else "not resolved",
                "An interval that ends exactly at 0 does not leave 0 out: that is not resolved.",
            ),
            (
                lambda low, high: "A" if low > 0 else "B",
                "You say B whenever it is not A. There is a third answer, for intervals that "
                "hold 0.",
            ),
            (
                lambda low, high: "A" if low > 0 else "not resolved",
                "B never wins. All of the interval can be below 0 as well.",
            ),
        ],
    ),
    Choice(
        "04.4",
        praise="Not resolved means that a gain was not shown. Without a shown gain there is "
        "nothing yet to pay for; more seeds or more test items may show one.",
        hints=(
            "What was shown, and what was not?",
            "A decision is still possible. Which of the two has to earn its price?",
            "Think of the interval: it holds 0, and it also holds numbers on both sides.",
        ),
        right="a",
        why_not={
            "b": "That no difference was shown does not show that there is none: the interval "
            "still leaves room for a gain or a loss.",
            "c": "The higher mean may be luck here. If it is that of the dear one, you pay thirty "
            "times the seconds for it.",
            "d": "The interval says how large a difference could still be. That is a result, and "
            "it helps to decide.",
        },
    ),
    Function(
        "04.5",
        praise="The validation accuracy decides, and the price only where it leaves the choice "
        "open. A rule fixed beforehand leaves no room for taste.",
        hints=(
            "First find the highest accuracy, then look who else has it.",
            "best = max(validation.values()) and then the names whose accuracy equals best.",
            "min(names, key=seconds.get) is the cheapest of these names.",
        ),
        reference=_choose,
        observe=_texts(*SETTINGS),
        mistakes=[
            (
                lambda validation, seconds: max(validation, key=validation.get),
                "Among equal settings you took the first one. Take the cheapest of them.",
            ),
            (
                _choose_the_last,
                "Among equal settings you took the last one. Take the cheapest of them.",
            ),
            (
                lambda validation, seconds: min(seconds, key=seconds.get),
                "That is the cheapest setting of all. The accuracy comes first, the seconds only "
                "decide between equals.",
            ),
            (
                _choose_the_dearest,
                "Among equal settings you took the dearest one. Turn the comparison round.",
            ),
            (
                _choose_about,
                "You took a setting that is nearly as good for equal. Here only exactly equal "
                "ones count.",
            ),
            (
                lambda validation, seconds: max(
                    validation, key=lambda n: validation[n] / seconds[n]
                ),
                "You divided accuracy by seconds. The seconds only decide between equals.",
            ),
            (
                lambda validation, seconds: max(validation.values()),
                "That is the highest accuracy. What is asked for is the name of the setting.",
            ),
        ],
    ),
    Choice(
        "04.6",
        praise="Two things at once: one side had forty chances and the other one, and the test "
        "set that judges was also the one that chose. Give both the same trials, on a validation "
        "part.",
        hints=(
            "Compare what the two sides were allowed to do before they were measured.",
            "Count the trials of each side, and ask which drawings chose the best one.",
            "There are two faults, and mending one of them leaves the other.",
        ),
        right="c",
        why_not={
            "a": "Tuning is fine, but here only one side was tuned, and on the very drawings that "
            "judge it.",
            "b": "Half of it. With forty trials each, both numbers would still be too high, and "
            "perhaps not by the same amount.",
            "d": "The number of trained weights is a part of what is compared. Each strategy may "
            "train as many as it likes.",
            "e": "Few labels make wide intervals, but a fair comparison is possible: same "
            "drawings for both, many seeds.",
        },
    ),
]
