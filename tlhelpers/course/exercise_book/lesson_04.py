"""Exercises of lesson 04."""

import numpy as np

from tlhelpers.course.exercise_kinds import Choice, Function, Number, on_drawn

STRATEGIES = ["pixels", "features", "one block", "all layers", "scratch", "head first", "LoRA"]


def _shuffled(rng, values: dict) -> dict:
    return {name: values[name] for name in rng.permutation(list(values)).tolist()}


def _draw_budgets(rng):
    """Accuracies and seconds; the dicts differ in order, and a dear strategy need not be good."""
    names = rng.permutation(STRATEGIES).tolist()
    seconds = 3 + np.cumsum(rng.uniform(0.6, 2, len(names)))  # names[0] is the cheapest
    seconds[3:] += 7
    # By accuracy the best one is neither the cheapest, nor the dearest, nor the best by the second.
    low, *others = np.split(np.linspace(0.11, 0.93, len(names)) + rng.uniform(0, 0.02), [2, 5])
    accuracies = np.concatenate([low[::-1], others[1], rng.permutation(others[0])])
    accuracy = _shuffled(rng, dict(zip(names, accuracies.tolist(), strict=True)))
    price = _shuffled(rng, dict(zip(names, seconds.tolist(), strict=True)))
    worthless = accuracy | {names[0]: 0.0}
    between = seconds[:-1] + np.diff(seconds) / 2
    return {
        "where most strategies fit": (between[5], accuracy, price),
        "where two strategies fit": (between[1], accuracy, price),
        "where all strategies fit": (2 * seconds[-1], accuracy, price),
        "where a strategy needs exactly the budget": (seconds[3].item(), accuracy, price),
        "where the cheapest needs exactly the budget": (seconds[0].item(), accuracy, price),
        "where a strategy is just too dear": (seconds[3] - 1e-3, accuracy, price),
        "where the only one that fits has accuracy 0": (between[0], worthless, price),
        "where no strategy fits": (seconds[0] / 2, accuracy, price),
    }


def _draw_intervals(rng):
    near, far = rng.uniform(0.01, 0.04), rng.uniform(0.05, 0.3)
    return {
        "where all of the interval is above 0": (near, far),
        "where all of the interval is below 0": (-far, -near),
        "where the middle lies above 0": (-near, far),
        "where the middle lies below 0": (-far, near),
        "where an end is exactly 0": (0.0, far),
        "where the other end is exactly 0": (-far, 0.0),
        "where the interval lies just above 0": (rng.uniform(1e-5, 4e-4), far),
        "where the interval lies just below 0": (-far, -rng.uniform(1e-5, 4e-4)),
        "where the interval reaches just below 0": (-rng.uniform(1e-5, 4e-4), far),
        "where the interval reaches just above 0": (-far, rng.uniform(1e-5, 4e-4)),
        "where the interval is very narrow": (1e-9, 2e-9),
        "where both ends are 0": (0.0, 0.0),
    }


def _draw_settings(rng):
    """Validation accuracies and seconds; the cheapest equal is neither first nor last in a dict."""
    names = rng.permutation([f"setting {letter}" for letter in "ABCDEFG"]).tolist()
    seconds = dict(zip(names, rng.permutation(np.arange(1, 8) * 1.7).tolist(), strict=True))
    by_price = sorted(names, key=seconds.get)
    top = rng.uniform(0.7, 0.8)
    low = {name: rng.uniform(0.2, 0.6) for name in names}
    equals = dict.fromkeys([by_price[2], by_price[5], by_price[3]], top)
    rest = [by_price[0], by_price[4]]
    order = [by_price[5], rest[0], by_price[2], rest[1], by_price[3]]
    ties = {name: (low | equals)[name] for name in order}
    near = low | {by_price[6]: top, by_price[1]: top - 1e-7, by_price[0]: top - 0.004}
    one = by_price[3]
    return {
        "where no two settings are equal": (low | {by_price[4]: top}, _shuffled(rng, seconds)),
        "where three settings are equal": (ties, _shuffled(rng, seconds)),
        "where a cheaper setting is nearly as good": (near, _shuffled(rng, seconds)),
        "where the equal ones are not the best": (
            low | {by_price[0]: 0.65, by_price[1]: 0.65, by_price[6]: top},
            _shuffled(rng, seconds),
        ),
        "where all settings are equal": (
            dict.fromkeys([by_price[4], by_price[0], by_price[2]], 0.5),
            _shuffled(rng, seconds),
        ),
        "where there is one setting": ({one: top}, {one: seconds[one]}),
        "where no setting is ever right": (
            dict.fromkeys([by_price[5], by_price[1], by_price[6]], 0.0),
            _shuffled(rng, seconds),
        ),
    }


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


def _choose(validation, seconds):
    return max(validation, key=lambda name: (validation[name], -seconds[name]))


def _choose_the_last(validation, seconds):
    return max(reversed(validation), key=validation.get)


def _choose_the_dearest(validation, seconds):
    return max(validation, key=lambda name: (validation[name], seconds[name]))


def _choose_about(validation, seconds):
    near = [name for name in validation if validation[name] > max(validation.values()) - 0.01]
    return min(near, key=seconds.get)


def _only_the_best(budget, accuracy, seconds):
    best = max(accuracy, key=accuracy.get)
    return best if seconds[best] <= budget else None


def _above_zero(budget, accuracy, seconds):
    above = {name: value for name, value in accuracy.items() if value > 0}
    return _best_within(budget, above, seconds)


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
            (37, "That is rounded to whole seconds. Give the result as it comes out."),
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
        observe=on_drawn(_draw_budgets),
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
                lambda *given: given[1].get(_best_within(*given)),
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
            (
                _only_the_best,
                "You looked at the most accurate strategy alone. Where it is too dear, another one "
                "may fit.",
            ),
            (
                _above_zero,
                "You left out strategies with a low accuracy. The most accurate one that fits "
                "counts, however low its accuracy is.",
            ),
            (
                lambda budget, accuracy, seconds: _best_within(
                    budget, {name: accuracy[name] / seconds[name] for name in accuracy}, seconds
                ),
                "You divided accuracy by seconds. What fits into the budget may be used up: the "
                "accuracy alone decides.",
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
        observe=on_drawn(_draw_intervals),
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
            (
                lambda low, high: _verdict(round(low, 2), round(high, 2)),
                "You rounded the ends first. An interval that lies above 0 by very little lies "
                "above 0.",
            ),
            (
                lambda low, high: _verdict(low, high).upper(),
                'The third answer is written "not resolved", in small letters.',
            ),
            (
                lambda low, high: None if low <= 0 <= high else _verdict(low, high),
                'Where the interval holds 0, return the text "not resolved".',
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
        observe=on_drawn(_draw_settings),
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
        },
    ),
]
