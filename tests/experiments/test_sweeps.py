"""Sweeps: stored and read back, gone on with after kill -9, and run again in part."""

import contextlib
import csv
import hashlib
import json
import re
import runpy
import shutil
import sys
import time
import zlib
from collections import Counter
from dataclasses import replace
from functools import partial
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from test_staleness import forget_files, write_package

from tlhelpers import __main__ as cli
from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.data.splits import draw_labels, mean_per_class, split_by_group
from tlhelpers.errors import CourseError
from tlhelpers.evaluation.comparisons import compare, learning_curve
from tlhelpers.evaluation.repeated import repeat
from tlhelpers.evaluation.trials import Outcome
from tlhelpers.experiments import (
    registry,
    running,
    staleness,
    stored,
    sweep,
    sweeps,
    text_across,
)
from tlhelpers.experiments.image_strategies import pixel_rows, train_small
from tlhelpers.experiments.on_demand import SetsOnDemand
from tlhelpers.experiments.registry import SWEEPS, find_sweep, labelled_sets, sets_of
from tlhelpers.experiments.running import confirm_sweep, is_as_stored, rerun, run_sweep, run_task
from tlhelpers.experiments.stored import (
    KEYS,
    code_of,
    items_of,
    load_sweep,
    note_provenance,
    provenance_of,
    stale_sweeps,
)
from tlhelpers.experiments.strategies import train_head_on, tune_settings
from tlhelpers.experiments.sweep import Sweep
from tlhelpers.models.features import raw_pixels
from tlhelpers.models.heads import linear_head
from tlhelpers.setup import launcher
from tlhelpers.setup.machine import processor_name

CLASSES = ["bird", "plant", "electronic_device"]
MODULE = "tlhelpers.sweep"  # of the small package that `new_root` writes
STORED = list(SWEEPS)


def small_sets(classes=CLASSES):
    return {style: load_emoji(style, classes, size=32) for style in ("twemoji", "openmoji")}


def small_strategies():
    return {
        "raw pixels": train_head_on(pixel_rows, [{"C": 10.0}]),
        "small network": tune_settings(partial(train_small, epochs=2), [{}]),
    }


def has_network(outcome):
    return {"network": int(outcome.model is not None)}


SMALL = Sweep(
    "small-one", MODULE, small_sets, small_strategies, (2, None), seeds=2, look=has_network
)
ALL_TASKS = [
    (seed, labels, strategy)
    for strategy in ("raw pixels", "small network")
    for seed in range(2)
    for labels in (2, None)
]


def use(patch, root, *chosen):
    """Let these be the sweeps there are, and this the folder that they work in."""
    for module in (registry, stored):
        patch.setattr(module, "SWEEPS", {one.name: one for one in chosen})
    for module in (sweep, running):
        patch.setattr(module, "repo_root", lambda: root)
    patch.setattr(staleness, "PACKAGE", root / "tlhelpers")
    forget_files()
    sets_of.cache_clear()


def new_root(path):
    (path / "data" / "results").mkdir(parents=True)
    write_package(path / "tlhelpers")
    return path


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    yield
    forget_files()
    sets_of.cache_clear()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which the small sweep was run without a break."""
    root = new_root(tmp_path_factory.mktemp("finished") / "course")
    with pytest.MonkeyPatch.context() as patch:
        use(patch, root, SMALL)
        run_sweep("small-one", n_jobs=1)
    return root


@pytest.fixture
def root(finished, tmp_path, monkeypatch):
    """A copy of it for one test, and the small sweep is the only one."""
    root = tmp_path / "course"
    shutil.copytree(finished, root)
    use(monkeypatch, root, SMALL)
    return root


@pytest.fixture
def ran(monkeypatch):
    """The runs that are made from now on."""
    made = []

    def spy(name, *task):
        made.append(task)
        return run_task(name, *task)

    monkeypatch.setattr(running, "run_task", spy)
    return made


def kept_file(root):
    (path,) = (root / "build" / "sweeps").glob("*.jsonl")
    return path


def kept_tasks(root):
    rows = map(json.loads, kept_file(root).read_text(encoding="utf-8").splitlines())
    return [tuple(row[key] for key in KEYS) for row in rows]


def table_of(root):
    return root / "data" / "results" / "small-one.csv"


def parts_of(root):
    """What the head of the table says, and its rows without seconds."""
    lines = table_of(root).read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("# ") and not line.startswith("# date")]
    rows = list(csv.DictReader(lines[sum(line.startswith("# ") for line in lines) :]))
    return head, [row | {"cpu_seconds": ""} for row in rows]


# ---------------------------------------------------------------- stored and read back


@pytest.mark.parametrize("style", ["twemoji", "openmoji"])
def test_a_stored_sweep_is_read_as_repeat_would_have_made_it(root, style):
    runs = load_sweep("small-one", tested_on=style)
    sets = small_sets()
    rows, labels = raw_pixels(sets["twemoji"]), sets["twemoji"].labels
    strategy = linear_head(rows, labels, used_on=raw_pixels(sets[style]))
    wanted = repeat({"raw pixels": strategy}, sets[style], (2, None), 2, progress=False)
    assert set(wanted.columns) <= set(runs.columns)
    found = runs[runs["strategy"] == "raw pixels"].reset_index(drop=True)
    assert runs.whole == wanted.whole
    for column in ("seed", "labels", "all_labels", "accuracy", "balanced_accuracy", "macro_f1"):
        assert found[column].tolist() == pytest.approx(wanted[column].tolist()), column
    for column in ("items", "correct", "truth", "predicted"):
        for ours, theirs in zip(found[column], wanted[column], strict=True):
            assert ours.dtype.kind == theirs.dtype.kind and np.array_equal(ours, theirs), column


def tasks_in(runs):
    """Seed, labels and strategy of each run, as a sweep names them."""
    return [
        (run.seed, None if run.all_labels else run.labels, run.strategy)
        for run in runs.itertuples()
    ]


def test_it_has_every_run_with_the_notes_of_its_strategy_and_of_the_look(root):
    runs = load_sweep("small-one")
    assert len(runs) == len(ALL_TASKS) and set(tasks_in(runs)) == set(ALL_TASKS)
    by_strategy = runs.groupby("strategy")[["trained_weights", "epochs", "network"]].max()
    assert by_strategy.loc["raw pixels", "trained_weights"] == (32 * 32 * 3 + 1) * 3
    assert by_strategy.loc["small network", "epochs"] == 2
    assert by_strategy["network"].to_dict() == {"raw pixels": 0, "small network": 1}
    assert set(runs.loc[runs["strategy"] == "raw pixels", "chosen"]) == {"C 10.0"}
    assert set(runs["trials"]) == {0} and not {"tested_on", "cpu_seconds"} & set(runs.columns)


def test_the_other_test_set_has_other_predictions_of_the_same_items(root):
    one, other = load_sweep("small-one"), load_sweep("small-one", tested_on="openmoji")
    for a, b in zip(one.itertuples(), other.itertuples(), strict=True):
        assert np.array_equal(a.items, b.items) and np.array_equal(a.truth, b.truth)
    assert any((a != b).any() for a, b in zip(one["predicted"], other["predicted"], strict=True))


def test_what_was_stored_can_be_compared(root):
    runs = load_sweep("small-one")
    found = compare(runs, "small network", "raw pixels", labels=2)
    means = runs[runs["labels"] == 2].groupby("strategy")["accuracy"].mean()
    # Items have the same weight in every seed, and here both seeds have equally many.
    assert found.difference == pytest.approx(means["small network"] - means["raw pixels"])
    assert found.seeds == 2 and found.items > len(runs["items"][0])
    assert len(learning_curve(runs)) == 4


def test_the_table_says_how_it_was_made(root):
    told = provenance_of("small-one")
    assert told["command"] == "python3 -m tlhelpers sweep small-one" and told["seeds"] == "2"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["date"])
    assert told["processor"] == f"{processor_name()}, one thread per run"
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["skada"] == version("skada") and {"numpy", "pillow"} < set(told)
    assert told["code"] == code_of(SMALL) and re.fullmatch(r"[0-9a-f]{16}", told["code"])
    head = table_of(root).read_text(encoding="utf-8").splitlines()
    assert head[0] == "# command: python3 -m tlhelpers sweep small-one"


def test_the_processor_has_a_name():
    assert processor_name().strip() and "\n" not in processor_name()


# ---------------------------------------------------------------- gone on with

BROKEN_OFF = """
import sys, time
sys.path[:0] = ["tests", "tests/experiments"]
from pathlib import Path
import pytest, torch, test_sweeps
from tlhelpers.experiments import running
true = running.run_task
def run_task(name, *task):
    made.append(task)
    if len(made) == 4:
        print("in the middle", flush=True)
        time.sleep(600)
    return true(name, *task)
made, running.run_task = [], run_task
with pytest.MonkeyPatch.context() as patch:
    test_sweeps.use(patch, Path(ROOT), test_sweeps.SMALL)
    running.run_sweep("small-one", n_jobs=1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 there")
def test_killed_and_run_again_it_ends_with_the_same_table(
    finished, tmp_path, monkeypatch, ran, capsys
):
    root = new_root(tmp_path / "course")
    code = f"ROOT = {str(root)!r}\n{BROKEN_OFF}"
    cut = tiny.start(tiny.ROOT, code, OMP_NUM_THREADS="1")
    said = []
    for line in cut.stdout:
        said.append(line)
        if "in the middle" in line:
            break
    tiny.kill_group(cut)
    assert cut.returncode == -9, said
    assert kept_tasks(root) == ALL_TASKS[:3] and not list((root / "data" / "results").iterdir())
    with kept_file(root).open("a", encoding="utf-8") as file:
        file.write('{"seed": 0, "labels": nu')  # as if the kill had come while it was written
    use(monkeypatch, root, SMALL)
    assert run_sweep("small-one", n_jobs=1) == root / "data" / "results" / "small-one.csv"
    assert ran == ALL_TASKS[3:]
    assert "3 of 8 runs are there, going on" in capsys.readouterr().out
    assert parts_of(root) == parts_of(finished)
    assert kept_tasks(root) == ALL_TASKS


def test_a_finished_sweep_is_not_run_again(root, finished, ran):
    (root / "data" / "results" / "small-one.csv").unlink()
    run_sweep("small-one", n_jobs=1)
    assert ran == []
    assert parts_of(root) == parts_of(finished)


def test_more_seeds_add_their_runs_to_those_that_are_there(root, monkeypatch, ran):
    use(monkeypatch, root, replace(SMALL, seeds=3))
    run_sweep("small-one", n_jobs=1)
    assert [task[0] for task in ran] == [2] * 4
    assert Counter(load_sweep("small-one")["seed"]) == {0: 4, 1: 4, 2: 4}


CHANGES = {
    "nothing": ("rooms/deep.py", "", 5),
    "a comment": ("rooms/deep.py", "# changed", 5),
    "deep code": ("rooms/deep.py", "CHANGED = 1", 8),
    "code that has no part in it": ("unseen.py", "CHANGED = 1", 5),
}


def change_code(root, path, line):
    with (root / "tlhelpers" / path).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    forget_files()


@pytest.fixture
def made(root, monkeypatch):
    """Three of eight runs were kept by a process that was killed; the runs made from now on."""
    lines = kept_file(root).read_text(encoding="utf-8").splitlines(keepends=True)
    kept_file(root).write_text("".join(lines[:3]), encoding="utf-8")
    given, tasks = dict(zip(ALL_TASKS, map(json.loads, lines), strict=True)), []
    monkeypatch.setattr(running, "run_task", lambda name, *t: (tasks.append(t), given[t])[1])
    return tasks


@pytest.mark.parametrize("change", CHANGES)
def test_kept_runs_are_used_only_while_the_code_that_decides_is_the_same(root, made, change):
    path, line, missing = CHANGES[change]
    change_code(root, path, line)
    run_sweep("small-one", n_jobs=1)
    assert len(made) == missing


def test_kept_runs_are_used_only_while_the_libraries_are_the_same(made, monkeypatch):
    newer = lambda name: {name: "99"} if name == "skada" else {}  # noqa: E731
    monkeypatch.setattr(staleness, "_version", newer)
    run_sweep("small-one", n_jobs=1)
    assert len(made) == 8


@pytest.mark.parametrize(
    "change",
    [{"labels": (2, 5)}, {"test": 0.4}, {"sets": partial(small_sets, CLASSES[::-1])}],
    ids=lambda change: next(iter(change)),
)
def test_kept_runs_of_another_definition_are_not_used(root, monkeypatch, ran, change):
    monkeypatch.setattr(running, "store", lambda *a: None)
    use(monkeypatch, root, replace(SMALL, seeds=1, **change))
    run_sweep("small-one", n_jobs=1)
    assert len(ran) == 4


# ---------------------------------------------------------------- sets with items of their own


def two_sizes(leave_out=4):
    """The second set lacks some items of the first and has them in another order."""
    first, second = small_sets().values()
    kept = np.flatnonzero(np.arange(len(second)) % leave_out)[::-1]
    return {"many": first, "few": second.subset(kept)}


def by_name(images):
    """A guess that comes from the name of the item alone."""
    return np.array([zlib.crc32(group.encode()) % 3 for group in images.groups])


def guesses():
    def strategy(trial):
        wanted = split_by_group(trial.source, 0.3, trial.seed).train
        assert len(trial.train) < len(wanted) or np.array_equal(trial.train, wanted)
        predicted = {name: by_name(test) for name, test in trial.tests().items()}
        return Outcome(predicted, {"learned": len(trial.train)})

    return {"one": strategy, "other": strategy}


TWO = Sweep("small-sizes", MODULE, two_sizes, guesses, (2, None), seeds=3)


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A folder in which the sweep over two sizes was run, and it is the only one."""
    root = new_root(tmp_path / "sizes")
    use(monkeypatch, root, TWO)
    run_sweep("small-sizes", n_jobs=1)
    return root


def test_each_set_is_split_by_itself_and_only_the_first_is_learned_from(monkeypatch):
    seen = []

    def watched(trial):
        seen.append(trial)
        return {name: by_name(test) for name, test in trial.tests().items()}

    one = replace(TWO, strategies=lambda: {"watched": watched})
    monkeypatch.setattr(registry, "SWEEPS", {TWO.name: one})
    sets = two_sizes()
    for seed in range(3):
        found = run_task("small-sizes", seed, 2, "watched")
        trial = seen.pop()
        split = split_by_group(sets["many"], 0.3, seed)
        drawn = split.train[draw_labels(sets["many"].labels[split.train], 2, seed)]
        assert np.array_equal(trial.train, drawn) and trial.source.domain == "twemoji"
        tests = trial.tests()
        for name, data in sets.items():
            own = data.subset(split_by_group(data, 0.3, seed).test)
            assert np.array_equal(tests[name].groups, own.groups)
            assert found["predicted"][name] == "".join(map(str, by_name(own)))
        assert not trial.targets["few"].data.labels.any(), "they are hidden"
    assert set(tests["many"].groups) != set(tests["few"].groups)


@pytest.mark.parametrize("name", ["many", "few"])
def test_a_table_of_unlike_sets_is_read_with_the_items_of_each(two, name):
    runs, data = load_sweep("small-sizes", name), two_sizes()[name]
    assert len(runs) == 12
    for row in runs.itertuples():
        test = data.subset(split_by_group(data, 0.3, row.seed).test)
        assert np.array_equal(row.items, test.groups) and np.array_equal(row.truth, test.labels)
        assert np.array_equal(row.predicted, by_name(test))
        assert row.accuracy == pytest.approx((by_name(test) == test.labels).mean())


def test_all_labels_are_those_of_the_set_that_is_learned_from(two):
    sets, splits = two_sizes(), {}
    for name, data in sets.items():
        splits[name] = [split_by_group(data, 0.3, seed) for seed in range(3)]
    whole = mean_per_class(splits["many"], 3)
    assert whole != mean_per_class(splits["few"], 3)
    for name in sets:
        runs = load_sweep("small-sizes", name)
        assert runs.whole == whole and set(runs["labels"]) == {2, whole}
    learned = runs[runs["labels"] == whole].groupby("seed")["learned"].first()
    assert learned.tolist() == [len(split.train) for split in splits["many"]]


def test_a_table_is_refused_if_the_items_of_the_second_set_have_changed(two, monkeypatch):
    load_sweep("small-sizes", "few")
    use(monkeypatch, two, replace(TWO, sets=partial(two_sizes, 5)))
    for name in ("many", "few"):
        with pytest.raises(CourseError, match="belongs to other data"):
            load_sweep("small-sizes", name)


def test_kept_runs_are_not_used_if_the_second_set_has_changed(two, monkeypatch, ran):
    use(monkeypatch, two, replace(TWO, sets=partial(two_sizes, 5)))
    run_sweep("small-sizes", n_jobs=1)
    assert len(ran) == 12
    assert len(load_sweep("small-sizes", "few")) == 12


def test_sets_of_the_same_items_have_the_hash_of_one():
    """Tables that were stored when there were no others stay good."""
    sets = small_sets()
    one = sets["twemoji"]
    text = json.dumps([one.labels.tolist(), one.groups.tolist(), one.class_names])
    wanted = hashlib.sha256(text.encode()).hexdigest()
    assert items_of(sets) == items_of({"a": one}) == wanted
    few = one.subset(np.arange(30))
    unlike = [{"a": one, "b": few}, {"a": few, "b": one}, {"a": few}]
    assert len({wanted, *map(items_of, unlike)}) == 4
    again = {"a": one, "b": few, "c": one}
    assert items_of(again) == items_of(unlike[0])


def test_all_seeds_of_a_strategy_are_run_before_the_next_strategy(tmp_path, monkeypatch, ran):
    """The table keeps its order: seed by seed."""
    root = new_root(tmp_path / "order")
    use(monkeypatch, root, TWO)
    run_sweep("small-sizes", n_jobs=1)
    tasks = [(seed, labels) for seed in range(3) for labels in (2, None)]
    assert ran == [(*task, strategy) for strategy in ("one", "other") for task in tasks]
    runs = load_sweep("small-sizes")
    assert runs["seed"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert runs["strategy"].tolist() == ["one", "other"] * 6


# ---------------------------------------------------------------- what is refused


def test_a_sweep_that_was_not_run_yet_is_told_with_its_command(tmp_path, monkeypatch):
    use(monkeypatch, tmp_path, SMALL)
    with pytest.raises(CourseError, match="run python3 -m tlhelpers sweep small-one"):
        load_sweep("small-one")


@pytest.mark.parametrize("classes", [CLASSES[::-1], [*CLASSES, "vehicle"], CLASSES[:2]], ids=len)
def test_a_table_of_other_data_is_refused_with_the_command(root, monkeypatch, classes):
    use(monkeypatch, root, replace(SMALL, sets=partial(small_sets, classes)))
    with pytest.raises(CourseError, match="other data: run python3 -m tlhelpers sweep small-one"):
        load_sweep("small-one")


def relabelled():
    sets = small_sets()
    changed = {}
    for style, images in sets.items():
        labels = images.labels.copy()
        labels[17] = 1
        changed[style] = ImageSet(images.pixels, labels, images.class_names, images.groups, style)
    return changed


def test_kept_runs_with_other_labels_are_not_used(root, monkeypatch, ran):
    other = replace(SMALL, sets=relabelled)
    use(monkeypatch, root, other)
    run_sweep("small-one", n_jobs=1)
    assert len(ran) == len(ALL_TASKS)


def test_a_table_with_other_class_names_is_refused(root, monkeypatch):
    def renamed():
        return {
            style: ImageSet(i.pixels, i.labels, ["a", "b", "c"], i.groups, style)
            for style, i in small_sets().items()
        }

    use(monkeypatch, root, replace(SMALL, sets=renamed))
    with pytest.raises(CourseError, match="belongs to other data"):
        load_sweep("small-one")


@pytest.mark.parametrize(
    ("strategies", "labels", "seeds", "what"),
    [
        (["raw pixel"], 2, [0], "no run of 'raw pixel' with seed 0 and labels 2"),
        (["raw pixels"], 3, [0], "no run of 'raw pixels' with seed 0 and labels 3"),
        (["raw pixels"], 2, [7], "no run of 'raw pixels' with seed 7 and labels 2"),
        ([], 2, [0], "no run of 'nothing'"),
    ],
)
def test_a_slice_that_was_never_run_is_refused_at_once(root, ran, strategies, labels, seeds, what):
    with pytest.raises(ValueError, match=what):
        rerun("small-one", strategies, labels, seeds, 1)
    assert ran == []


def test_what_all_runs_share_is_loaded_once_and_not_charged(root, monkeypatch):
    calls = []
    registry.warm_up.cache_clear()
    use(monkeypatch, root, replace(SMALL, warm=lambda: (calls.append(1), _burn(1.0))))
    found = [run_task("small-one", seed, 2, "raw pixels") for seed in (0, 1)]
    registry.warm_up.cache_clear()
    assert calls == [1] and found[0]["cpu_seconds"] < 0.9


def _burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["small-one", "nonsense"], "nonsense"),
        (["small-one", "--jobs", "0"], "1 or more"),
        ([], "say which sweep"),
        (["--confirm"], "say which sweep"),
    ],
)
def test_a_wrong_command_line_is_refused_before_anything_is_run(root, monkeypatch, arguments, what):
    asked = []
    monkeypatch.setattr(sweeps, "run_sweep", lambda *a: asked.append(a))
    with pytest.raises(CourseError, match=what):
        sweeps.main(arguments)
    assert asked == []


def test_an_unknown_sweep_names_its_neighbours(root):
    for use_it in (find_sweep, load_sweep, run_sweep):
        with pytest.raises(CourseError, match="no sweep 'small-two': did you mean small-one"):
            use_it("small-two")


def test_an_unknown_test_set_names_its_neighbours(root):
    with pytest.raises(CourseError, match="not tested on 'openmojo': did you mean openmoji"):
        load_sweep("small-one", tested_on="openmojo")


# ---------------------------------------------------------------- run again in part


@pytest.mark.parametrize("labels", [2, None])
def test_a_slice_run_again_stands_beside_what_was_stored(root, labels, ran):
    found = rerun("small-one", ["small network", "raw pixels"], labels, [1, 0], n_jobs=1)
    wanted = {(seed, labels, name, "twemoji") for seed in (0, 1) for name in small_strategies()}
    assert set(ran) == wanted
    assert found["strategy"].tolist() == ["raw pixels"] * 2 + ["small network"] * 2
    assert found["seed"].tolist() == [0, 1] * 2
    assert found["same"].tolist() == [1.0] * 4
    assert found["here"].tolist() == pytest.approx(found["stored"].tolist())
    runs = load_sweep("small-one")
    count = labels or runs.whole
    runs = runs.set_index(["labels", "strategy", "seed"])
    for row in found.itertuples():
        before = runs.loc[(count, row.strategy, row.seed)]
        assert (row.stored, row.stored_seconds) == (before["accuracy"], before["seconds"])


def watched_sets(made):
    """The small sweep's sets, each noted where it is made."""

    def make(style):
        made.append(style)
        return load_emoji(style, CLASSES, size=32)

    return SetsOnDemand({style: partial(make, style) for style in ("twemoji", "openmoji")})


@pytest.mark.parametrize(
    ("adapts", "tested_on", "wanted"),
    [
        (False, None, ["twemoji"]),
        (False, "openmoji", ["twemoji", "openmoji"]),
        (True, None, ["twemoji", "openmoji"]),  # it may have learned from the other one
    ],
)
def test_a_slice_makes_only_the_sets_that_may_matter(root, monkeypatch, adapts, tested_on, wanted):
    made, looked = [], []
    changed = replace(
        SMALL, sets=partial(watched_sets, made), labelled=small_sets, adapts=adapts,
        look=looked.append,
    )  # fmt: skip
    monkeypatch.setitem(registry.SWEEPS, "small-one", changed)
    found = rerun("small-one", ["raw pixels"], 2, [0, 1], n_jobs=1, tested_on=tested_on)
    assert found["same"].tolist() == [1.0, 1.0]
    assert made == wanted and not looked


def test_a_single_task_leaves_the_threads_of_this_process_as_they_were(root):
    """It runs here, not in a process of its own; the rest of a lesson was slow after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        rerun("small-one", ["raw pixels"], 2, [0])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("seconds", "jobs"), [(1e-3, None), (0.0, 1)], ids=["long", "short"])
def test_a_short_slice_starts_no_process(root, monkeypatch, seconds, jobs):
    asked = []
    true = running.run_tasks
    monkeypatch.setattr(running, "STARTING", seconds if jobs is None else 15.0)
    monkeypatch.setattr(
        running, "run_tasks", lambda name, tasks, n_jobs: asked.append(n_jobs) or true(name, [], 1)
    )
    with contextlib.suppress(KeyError):  # there is no row: nothing ran
        rerun("small-one", ["small network"], None, [0, 1])
    assert asked == [jobs]


def change_predictions(root, run, count):
    """Write other labels for the first items of a run, which is named by how its line begins."""
    lines = table_of(root).read_text(encoding="utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith(run))
    start, _, labels = lines[place].rpartition(",")
    others = "".join(str((int(label) + 1) % 3) for label in labels[:count])
    lines[place] = f"{start},{others}{labels[count:]}"
    table_of(root).write_text("\n".join([*lines, ""]), encoding="utf-8")


def test_a_prediction_that_differs_is_seen(root):
    runs = load_sweep("small-one")
    change_predictions(root, "0,2,raw pixels,twemoji,", 1)
    found = rerun("small-one", ["raw pixels"], 2, [0, 1], n_jobs=1)
    assert found["same"].tolist() == pytest.approx([1 - 1 / len(runs["items"][0]), 1.0])
    assert found["here"].tolist() == pytest.approx(
        runs.loc[(runs["strategy"] == "raw pixels") & (runs["labels"] == 2), "accuracy"].tolist()
    )


# ---------------------------------------------------------------- the command


def test_the_command_runs_a_sweep_by_its_name_or_all_of_a_group(root, monkeypatch, capsys):
    other = replace(SMALL, name="small-two")
    use(monkeypatch, root, SMALL, other)
    asked = []
    monkeypatch.setattr(
        sweeps, "run_sweep", lambda name, jobs, _: asked.append((name, jobs)) or name
    )
    assert sweeps.main(["small", "--jobs", "1"]) == 0 and sweeps.main(["small-two"]) == 0
    assert asked == [("small-one", 1), ("small-two", 1), ("small-two", None)]
    assert "small-one is stored in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["vision", "--jobs", "2"], ["vision", "--jobs", "2"]),
        (["--stale"], ["--stale"]),
        (["--confirm", "text", "vision-far"], ["text", "vision-far", "--confirm"]),
    ],
)
def test_the_course_s_command_passes_on_what_it_is_given(monkeypatch, given, passed):
    calls = []
    monkeypatch.setattr(launcher, "module", lambda *call: calls.append(call) or 0)
    assert cli.main(["sweep", *given]) == 0
    assert calls == [("tlhelpers.experiments.sweeps", passed)]


@pytest.mark.parametrize("given", [[], ["--confirm"], ["--jobs", "2"]], ids=str)
def test_the_course_s_command_sets_nothing_up_for_no_sweep(monkeypatch, capsys, given):
    monkeypatch.setattr(launcher, "module", lambda *call: pytest.fail("it set up"))
    with pytest.raises(SystemExit):
        cli.main(["sweep", *given])
    assert "say which: vision, text, or a name" in capsys.readouterr().err


@pytest.fixture
def asked(monkeypatch):
    """The names of the sweeps that the command would run."""
    names = []
    monkeypatch.setattr(sweeps, "run_sweep", lambda name, *_: names.append(name) or name)
    return names


@pytest.mark.parametrize("prefix", ["text-domains", "vision-domains", "text", "vision"])
def test_a_group_is_what_begins_with_its_name_and_a_hyphen(asked, prefix):
    sweeps.main([prefix])
    assert asked == [name for name in STORED if name.startswith(prefix + "-")]
    assert len(asked) >= 4


def test_the_groups_are_those_that_are_meant(asked):
    sweeps.main(["text-domains"])
    assert asked == [f"text-domains-{d}" for d in ("news", "movies", "products", "tweets")]
    assert asked == [one.name for one in text_across.BETWEEN]


@pytest.mark.parametrize("name", STORED)
def test_the_name_of_a_sweep_means_that_sweep_alone(asked, name):
    """One name may begin another, as "vision-far" does "vision-far-grid"."""
    sweeps.main([name])
    assert asked == [name]


def test_a_sweep_that_was_asked_for_twice_is_run_once(asked):
    sweeps.main(["text-domains-movies", "text-domains", "text-domains-movies"])
    assert asked[0] == "text-domains-movies" and len(asked) == len(set(asked)) == 4


@pytest.mark.parametrize("part", ["text-domain", "tex", "text-domains-", "-"])
def test_a_name_that_is_cut_off_is_no_group(asked, part):
    with pytest.raises(CourseError, match="there is no sweep"):
        sweeps.main([part])
    assert asked == []


def test_the_command_with_a_name_that_is_none_says_so(monkeypatch):
    with pytest.raises(CourseError, match="there is no sweep 'nonsense': known: vision-far"):
        sweeps.main(["nonsense"])
    monkeypatch.setattr(sys, "argv", ["sweeps", "vision-tunin"])
    with pytest.raises(SystemExit) as stopped, pytest.warns(RuntimeWarning, match="sys.modules"):
        runpy.run_module("tlhelpers.experiments.sweeps", run_name="__main__")
    told = "tlhelpers: there is no sweep 'vision-tunin': did you mean vision-tuning"
    assert stopped.value.code.startswith(told)


# ---------------------------------------------------------------- stale, or confirmed by a slice


def make_stale():
    note_provenance(SMALL, code="0" * 16)


def test_a_table_is_stale_if_its_code_has_changed_or_is_not_known(root, capsys):
    assert stale_sweeps() == [] and sweeps.main(["--stale"]) == 0
    assert capsys.readouterr().out == "No stored table is stale.\n"
    change_code(root, "rooms/deep.py", "CHANGED = 1")
    assert stale_sweeps() == ["small-one"] and sweeps.main(["--stale"]) == 0
    assert capsys.readouterr().out.startswith("small-one: the code that makes it has changed")
    text = table_of(root).read_text(encoding="utf-8")
    table_of(root).write_text(re.sub("# code: .*\n", "", text), encoding="utf-8")
    assert stale_sweeps() == ["small-one"]


def test_a_slice_that_comes_out_as_stored_is_noted_in_the_table(root, ran, capsys):
    make_stale()
    before = parts_of(root)
    assert sweeps.main(["--confirm", "small", "--jobs", "1"]) == 0
    # With two labels per class no setting would be chosen.
    assert ran == [(0, None, "raw pixels"), (0, None, "small network")]
    assert capsys.readouterr().out == "small-one: confirmed\n"
    told = provenance_of("small-one")
    assert told["code"] == code_of(SMALL) and stale_sweeps() == []
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d, seed 0 with all labels per class of 2 strategies: all of the "
        "predictions as stored",
        told["confirmed"],
    )
    head, rows = parts_of(root)
    assert rows == before[1]
    assert [h for h in head if not h.startswith(("# code", "# confirmed"))] == [
        h for h in before[0] if not h.startswith("# code")
    ]


def test_few_other_predictions_are_allowed_and_their_share_is_noted(root, capsys):
    make_stale()
    change_predictions(root, "0,all,small network,openmoji,", 1)
    assert sweeps.main(["--confirm", "small-one", "--jobs", "1"]) == 0
    share = 1 - 1 / len(load_sweep("small-one")["items"][0])  # on one of two test sets
    told = provenance_of("small-one")["confirmed"]
    assert f"{(3 + share) / 4:.2%} ({(1 + share) / 2:.2%} or more of each)" in told
    assert f"small-one, small network, tested on openmoji: {share:.1%}" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["twemoji", "openmoji"])
def test_nothing_is_noted_if_a_slice_comes_out_otherwise_on_any_test_set(root, place, capsys):
    make_stale()
    change_predictions(root, f"0,all,raw pixels,{place},", 10)
    before = table_of(root).read_bytes()
    assert sweeps.main(["--confirm", "small-one", "--jobs", "1"]) == 1
    assert table_of(root).read_bytes() == before and stale_sweeps() == ["small-one"]
    said = capsys.readouterr().out
    assert f"small-one, raw pixels, tested on {place}: " in said
    assert said.endswith("small-one: not confirmed\n")


@pytest.mark.parametrize(
    ("same", "here", "good"),
    [
        ([1.0, 1.0, 1.0, 1.0], [0.5, 0.5, 0.5, 0.5], True),
        ([1.0, 0.8, 1.0, 1.0], [0.5, 0.55, 0.45, 0.5], True),  # 90 % of one, 95 % on average
        ([0.84, 0.84, 1.0, 1.0], [0.5] * 4, False),  # one strategy is another one now
        ([0.92, 0.92, 0.92, 0.93], [0.5] * 4, False),
        ([1.0, 0.95, 1.0, 1.0], [0.5, 0.44, 0.5, 0.5], False),
    ],
)
def test_what_counts_as_stored(same, here, good):
    table = pd.DataFrame({"strategy": list("aabb"), "same": same, "here": here, "stored": 0.5})
    assert is_as_stored(table) is good


@pytest.mark.parametrize(
    "change",
    [{"seeds": 3}, {"labels": (2,)}, {"strategies": guesses}],
    ids=lambda change: next(iter(change)),
)
def test_a_table_with_other_runs_than_the_sweep_is_not_confirmed(root, monkeypatch, ran, change):
    use(monkeypatch, root, replace(SMALL, **change))
    before = table_of(root).read_bytes()
    with pytest.raises(CourseError, match="other runs than the sweep has now: run python3 -m"):
        confirm_sweep("small-one")
    assert ran == [] and table_of(root).read_bytes() == before


# ---------------------------------------------------------------- what the course ships


@pytest.mark.parametrize("name", STORED)
def test_the_stored_table_is_whole_and_loads_as_it_was_written(name):
    one, sets = find_sweep(name), labelled_sets(name)
    lines = one.path.read_text(encoding="utf-8").splitlines()
    written = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    # These are dear: tuning at 224 px, on pairs of sentences, with six settings, for thousands of
    # steps.
    fewer = {"vision-size-tuned": 3, "text-lora": 3, "text-masked": 2}
    fewer |= dict.fromkeys(["text-pairs", "text-deep", "text-tables"], 5)
    assert one.seeds == fewer.get(name, 10)
    learned = [
        split_by_group(next(iter(sets.values())), one.test, seed) for seed in range(one.seeds)
    ]
    for tested_on, data in sets.items():
        runs = load_sweep(name, tested_on)
        assert Counter(tasks_in(runs)) == Counter(one.tasks())
        whole = mean_per_class(learned, len(data.class_names))
        assert runs.whole == (whole if None in one.labels else None)
        rows = [row for row in written if row["tested_on"] == tested_on]
        for run, row in zip(runs.itertuples(), rows, strict=True):
            assert "".join(np.base_repr(c, 36).lower() for c in run.predicted) == row["predicted"]
            labels = "all" if run.all_labels else str(run.labels)
            assert [str(run.seed), labels, run.strategy] == [row[key] for key in KEYS]
        assert runs["seconds"].tolist() == [float(row["cpu_seconds"]) for row in rows]
        for run in runs.iloc[::13].itertuples():
            test = split_by_group(data, one.test, run.seed).test
            truth = data.labels[test]
            assert np.array_equal(run.items, data.groups[test])
            assert np.array_equal(run.truth, truth)
            assert np.array_equal(run.correct, run.predicted == truth)
            assert run.accuracy == accuracy_score(truth, run.predicted)
            assert run.balanced_accuracy == balanced_accuracy_score(truth, run.predicted)
            assert run.macro_f1 == f1_score(truth, run.predicted, average="macro")


@pytest.mark.parametrize("name", STORED)
def test_a_stored_table_says_how_it_was_made(name):
    told = provenance_of(name)
    assert told["command"] == f"python3 -m tlhelpers sweep {name}"
    assert told["seeds"] == str(find_sweep(name).seeds)
    assert all(told[key] for key in ("date", "processor", "torch"))


def test_after_a_slice_what_its_runs_loaded_is_free_and_what_reads_tables_stays(root, monkeypatch):
    from tlhelpers.experiments import image_strategies, vision_wild

    reader = vision_wild.labelled_wild_sets
    monkeypatch.setitem(registry.SWEEPS, "small-one", replace(SMALL, labelled=reader))
    reader()
    image_strategies._loaded_backbone(32, False, 0)
    sets_of("small-one")
    registry.let_go()
    for loader in (sets_of, registry.warm_up, image_strategies._loaded_backbone):
        assert loader.cache_info().currsize == 0
    assert reader.cache_info().currsize == 1
