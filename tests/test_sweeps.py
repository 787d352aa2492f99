"""Sweeps: stored and read back, gone on with after kill -9, and run again in part."""

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

import numpy as np
import pytest
import tiny
import torch

from tlhelpers.data.images import ImageSet, load_emoji
from tlhelpers.data.splits import draw_labels, mean_per_class, split_by_group
from tlhelpers.errors import CourseError
from tlhelpers.evaluation.repeated import compare, learning_curve, repeat
from tlhelpers.experiments import sweeps
from tlhelpers.experiments import text as text_sweeps
from tlhelpers.experiments import vision as vision_sweeps
from tlhelpers.experiments.image_strategies import (
    Outcome,
    linear_head_on,
    pixel_rows,
    small_from_scratch,
    tuned,
)
from tlhelpers.experiments.sweeps import (
    Sweep,
    find_sweep,
    known_sweeps,
    load_sweep,
    rerun,
    run_sweep,
)
from tlhelpers.models.features import raw_pixels
from tlhelpers.models.heads import linear_head
from tlhelpers.setup.machine import processor_name

CLASSES = ["bird", "plant", "electronic_device"]
STORED = list(known_sweeps())


def small_sets(classes=CLASSES):
    return {style: load_emoji(style, classes, size=32) for style in ("twemoji", "openmoji")}


def small_strategies():
    return {
        "raw pixels": linear_head_on(pixel_rows, [{"C": 10.0}]),
        "small network": tuned(partial(small_from_scratch, epochs=2), [{}]),
    }


def has_network(outcome):
    return {"network": int(outcome.model is not None)}


SMALL = Sweep("small-one", small_sets, small_strategies, (2, None), seeds=2, look=has_network)
ALL_TASKS = [
    (seed, labels, strategy)
    for strategy in ("raw pixels", "small network")
    for seed in range(2)
    for labels in (2, None)
]


def use(patch, root, *chosen):
    """Let these be the sweeps there are, and this the folder that they work in."""
    patch.setattr(vision_sweeps, "SWEEPS", {sweep.name: sweep for sweep in chosen})
    patch.setattr(sweeps, "repo_root", lambda: root)
    sweeps._sets.cache_clear()


def new_root(path):
    """A folder with the package's files, whose hash decides what kept runs are good for."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(tiny.ROOT / "tlhelpers", path / "tlhelpers", ignore=ignored)
    (path / "data" / "results").mkdir(parents=True)
    return path


@pytest.fixture(autouse=True)
def _one_thread(one_thread):
    yield
    sweeps._sets.cache_clear()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which the small sweep was run without a break."""
    root = new_root(tmp_path_factory.mktemp("finished") / "course")
    with pytest.MonkeyPatch.context() as patch:
        use(patch, root, SMALL)
        run_sweep("small-one", n_jobs=1)
    return root


@pytest.fixture
def stored(finished, tmp_path, monkeypatch):
    """A copy of it for one test, and the small sweep is the only one."""
    root = tmp_path / "course"
    shutil.copytree(finished, root)
    use(monkeypatch, root, SMALL)
    return root


@pytest.fixture
def ran(monkeypatch):
    """The runs that are made from now on."""
    made, true = [], sweeps.run_task

    def run_task(name, *task):
        made.append(task)
        return true(name, *task)

    monkeypatch.setattr(sweeps, "run_task", run_task)
    return made


def kept_file(root):
    (path,) = (root / "build" / "sweeps").glob("*.jsonl")
    return path


def kept_tasks(root):
    rows = map(json.loads, kept_file(root).read_text(encoding="utf-8").splitlines())
    return [tuple(row[key] for key in sweeps.KEYS) for row in rows]


def table_without_seconds(root):
    told, table = sweeps._parsed((root / "data/results/small-one.csv").read_text(encoding="utf-8"))
    return told, table.drop(columns="cpu_seconds")


def assert_same_table(a, b):
    (told_a, table_a), (told_b, table_b) = map(table_without_seconds, (a, b))
    told_a.pop("date"), told_b.pop("date")
    assert told_a == told_b
    assert table_a.to_csv() == table_b.to_csv()


# ---------------------------------------------------------------- stored and read back


@pytest.mark.parametrize("style", ["twemoji", "openmoji"])
def test_a_stored_sweep_is_read_as_repeat_would_have_made_it(stored, style):
    runs = load_sweep("small-one", tested_on=style)
    sets = small_sets()
    rows, labels = raw_pixels(sets["twemoji"]), sets["twemoji"].labels
    strategy = linear_head(rows, labels, used_on=raw_pixels(sets[style]))
    wanted = repeat({"raw pixels": strategy}, sets[style], (2, None), 2, progress=False)
    assert set(wanted.columns) <= set(runs.columns)
    found = runs[runs["strategy"] == "raw pixels"].reset_index(drop=True)
    assert runs.attrs["all"] == wanted.attrs["all"]
    for column in ("seed", "labels", "accuracy", "balanced_accuracy", "macro_f1"):
        assert found[column].tolist() == pytest.approx(wanted[column].tolist()), column
    for column in ("items", "correct", "truth", "predicted"):
        for ours, theirs in zip(found[column], wanted[column], strict=True):
            assert ours.dtype.kind == theirs.dtype.kind and np.array_equal(ours, theirs), column


def test_it_has_every_run_with_the_notes_of_its_strategy_and_of_the_look(stored):
    runs = load_sweep("small-one")
    whole = runs.attrs["all"]
    found = {(r.seed, None if r.labels == whole else r.labels, r.strategy) for r in runs.itertuples()}
    assert len(runs) == len(ALL_TASKS) and found == set(ALL_TASKS)
    by_method = runs.groupby("strategy")[["trained_weights", "epochs", "network"]].max()
    assert by_method.loc["raw pixels", "trained_weights"] == (32 * 32 * 3 + 1) * 3
    assert by_method.loc["small network", "epochs"] == 2
    assert by_method["network"].to_dict() == {"raw pixels": 0, "small network": 1}
    assert set(runs.loc[runs["strategy"] == "raw pixels", "chosen"]) == {"C 10.0"}
    assert set(runs["trials"]) == {0} and not {"tested_on", "cpu_seconds"} & set(runs.columns)


def test_the_other_test_set_has_other_predictions_of_the_same_items(stored):
    one, other = load_sweep("small-one"), load_sweep("small-one", tested_on="openmoji")
    for a, b in zip(one.itertuples(), other.itertuples(), strict=True):
        assert np.array_equal(a.items, b.items) and np.array_equal(a.truth, b.truth)
    assert any((a != b).any() for a, b in zip(one["predicted"], other["predicted"], strict=True))


def test_what_was_stored_can_be_compared(stored):
    runs = load_sweep("small-one")
    found = compare(runs, "small network", "raw pixels", labels=2)
    means = runs[runs["labels"] == 2].groupby("strategy")["accuracy"].mean()
    # Items have the same weight in every seed, and here both seeds have equally many.
    assert found.difference == pytest.approx(means["small network"] - means["raw pixels"])
    assert found.seeds == 2 and found.items > len(runs["items"][0])
    assert len(learning_curve(runs)) == 4


def test_the_table_says_how_it_was_made(stored):
    told = load_sweep("small-one").attrs["provenance"]
    assert told["command"] == "python3 -m tlhelpers sweep small-one" and told["seeds"] == "2"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["date"])
    assert told["processor"] == f"{processor_name()}, one thread per run"
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(sweeps.LIBRARIES) <= set(told)
    head = (stored / "data/results/small-one.csv").read_text(encoding="utf-8").splitlines()
    assert head[0] == "# command: python3 -m tlhelpers sweep small-one"


def test_the_processor_has_a_name():
    assert processor_name().strip() and "\n" not in processor_name()


# ---------------------------------------------------------------- gone on with

BROKEN_OFF = """
import sys, time
sys.path.insert(0, "tests")
from pathlib import Path
import pytest, torch, test_sweeps
from tlhelpers import sweeps
true = sweeps.run_task
def run_task(name, *task):
    made.append(task)
    if len(made) == 4:
        print("in the middle", flush=True)
        time.sleep(600)
    return true(name, *task)
made, sweeps.run_task = [], run_task
with pytest.MonkeyPatch.context() as patch:
    test_sweeps.use(patch, Path(ROOT), test_sweeps.SMALL)
    sweeps.run_sweep("small-one", n_jobs=1)
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
    assert_same_table(root, finished)
    assert kept_tasks(root) == ALL_TASKS


def test_a_finished_sweep_is_not_run_again(stored, finished, ran):
    (stored / "data" / "results" / "small-one.csv").unlink()
    run_sweep("small-one", n_jobs=1)
    assert ran == []
    assert_same_table(stored, finished)


def test_more_seeds_add_their_runs_to_those_that_are_there(stored, monkeypatch, ran):
    more = Sweep("small-one", small_sets, small_strategies, (2, None), seeds=3, look=has_network)
    use(monkeypatch, stored, more)
    run_sweep("small-one", n_jobs=1)
    assert [task[0] for task in ran] == [2] * 4
    assert Counter(load_sweep("small-one")["seed"]) == {0: 4, 1: 4, 2: 4}


@pytest.mark.parametrize(("module", "again"), [("strategies", 8), ("heads", 8), ("plots", 0)])
def test_kept_runs_are_used_only_while_the_code_that_decides_is_the_same(
    stored, monkeypatch, module, again
):
    with (stored / "tlhelpers" / f"{module}.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    made = []
    lines = kept_file(stored).read_text(encoding="utf-8").splitlines()
    given = dict(zip(ALL_TASKS, map(json.loads, lines), strict=True))
    monkeypatch.setattr(sweeps, "run_task", lambda name, *t: (made.append(t), given[t])[1])
    run_sweep("small-one", n_jobs=1)
    assert len(made) == again


@pytest.mark.parametrize(
    "change",
    [{"labels": (2, 5)}, {"test": 0.4}, {"sets": partial(small_sets, CLASSES[::-1])}],
    ids=lambda change: next(iter(change)),
)
def test_kept_runs_of_another_definition_are_not_used(stored, monkeypatch, ran, change):
    other = {"labels": (2, None), "test": 0.3, "sets": small_sets, **change}
    monkeypatch.setattr(sweeps, "_store", lambda *a: None)
    use(monkeypatch, stored, Sweep("small-one", strategies=small_strategies, seeds=1, **other))
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
    def strategy(images, items, tests, seed):
        wanted = split_by_group(images, 0.3, seed).train
        assert len(items) < len(wanted) or np.array_equal(items, wanted)
        return Outcome([by_name(test) for test in tests], {"learned": len(items)})

    return {"one": strategy, "other": strategy}


TWO = Sweep("small-sizes", two_sizes, guesses, (2, None), seeds=3)


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A folder in which the sweep over two sizes was run, and it is the only one."""
    root = new_root(tmp_path / "sizes")
    use(monkeypatch, root, TWO)
    run_sweep("small-sizes", n_jobs=1)
    return root


def test_each_set_is_split_by_itself_and_only_the_first_is_learned_from(monkeypatch):
    seen = []

    def watched():
        def strategy(images, items, tests, seed):
            seen.append((images, items, tests))
            return Outcome([by_name(test) for test in tests])

        return {"watched": strategy}

    monkeypatch.setattr(vision_sweeps, "SWEEPS", {TWO.name: replace(TWO, strategies=watched)})
    sweeps._sets.cache_clear()
    sets = two_sizes()
    for seed in range(3):
        found = sweeps.run_task("small-sizes", seed, 2, "watched")
        images, items, tests = seen.pop()
        split = split_by_group(sets["many"], 0.3, seed)
        drawn = split.train[draw_labels(sets["many"].labels[split.train], 2, seed)]
        assert np.array_equal(items, drawn) and images.domain == "twemoji"
        for test, (name, data) in zip(tests, sets.items(), strict=True):
            own = data.subset(split_by_group(data, 0.3, seed).test)
            assert np.array_equal(test.groups, own.groups)
            assert np.array_equal(test.labels, own.labels)
            assert found["predicted"][name] == "".join(map(str, by_name(own)))
    assert set(tests[0].groups) != set(tests[1].groups)


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
        assert runs.attrs["all"] == whole and set(runs["labels"]) == {2, whole}
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
    assert sweeps._all_items_hash(sets) == sweeps._all_items_hash({"a": one}) == wanted
    few = one.subset(np.arange(30))
    unlike = [{"a": one, "b": few}, {"a": few, "b": one}, {"a": few}]
    assert len({wanted, *map(sweeps._all_items_hash, unlike)}) == 4
    again = {"a": one, "b": few, "c": one}
    assert sweeps._all_items_hash(again) == sweeps._all_items_hash(unlike[0])


def test_all_seeds_of_a_method_are_run_before_the_next_method(tmp_path, monkeypatch, ran):
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
def test_a_table_of_other_data_is_refused_with_the_command(stored, monkeypatch, classes):
    use(monkeypatch, stored, Sweep("small-one", partial(small_sets, classes), dict, (2,)))
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


def test_kept_runs_with_other_labels_are_not_used(stored, monkeypatch, ran):
    other = replace(SMALL, sets=relabelled)
    use(monkeypatch, stored, other)
    run_sweep("small-one", n_jobs=1)
    assert len(ran) == len(ALL_TASKS)


def test_a_table_with_other_class_names_is_refused(stored, monkeypatch):
    def renamed():
        return {
            style: ImageSet(i.pixels, i.labels, ["a", "b", "c"], i.groups, style)
            for style, i in small_sets().items()
        }

    use(monkeypatch, stored, replace(SMALL, sets=renamed))
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
def test_a_slice_that_was_never_run_is_refused_at_once(stored, ran, strategies, labels, seeds, what):
    with pytest.raises(ValueError, match=what):
        rerun("small-one", strategies, labels, seeds, 1)
    assert ran == []


def test_what_all_runs_share_is_loaded_once_and_not_charged(stored, monkeypatch):
    calls = []
    sweeps._warm.cache_clear()
    use(monkeypatch, stored, replace(SMALL, warm=lambda: (calls.append(1), _burn(1.0))))
    found = [sweeps.run_task("small-one", seed, 2, "raw pixels") for seed in (0, 1)]
    sweeps._warm.cache_clear()
    assert calls == [1] and found[0]["cpu_seconds"] < 0.9


def _burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.parametrize(
    ("arguments", "what"),
    [(["small-one", "nonsense"], "nonsense"), (["small-one", "--jobs", "0"], "1 or more")],
)
def test_a_wrong_command_line_is_refused_before_anything_is_run(
    stored, monkeypatch, arguments, what
):
    asked = []
    monkeypatch.setattr(sweeps, "run_sweep", lambda *a: asked.append(a))
    with pytest.raises(CourseError, match=what):
        sweeps.main(arguments)
    assert asked == []


def test_an_unknown_sweep_names_its_neighbours(stored):
    for use_it in (find_sweep, load_sweep, run_sweep):
        with pytest.raises(CourseError, match="no sweep 'small-two': did you mean small-one"):
            use_it("small-two")


def test_an_unknown_test_set_names_its_neighbours(stored):
    with pytest.raises(CourseError, match="not tested on 'openmojo': did you mean openmoji"):
        load_sweep("small-one", tested_on="openmojo")


# ---------------------------------------------------------------- run again in part


@pytest.mark.parametrize("labels", [2, None])
def test_a_slice_run_again_stands_beside_what_was_stored(stored, labels, ran):
    found = rerun("small-one", ["small network", "raw pixels"], labels, [1, 0], n_jobs=1)
    assert {(seed, labels, strategy) for seed in (0, 1) for strategy in small_strategies()} == set(ran)
    assert found["strategy"].tolist() == ["raw pixels"] * 2 + ["small network"] * 2
    assert found["seed"].tolist() == [0, 1] * 2
    assert found["same"].tolist() == [1.0] * 4
    assert found["here"].tolist() == pytest.approx(found["stored"].tolist())
    runs = load_sweep("small-one").set_index(["labels", "strategy", "seed"])
    for row in found.itertuples():
        before = runs.loc[(labels or runs.attrs["all"], row.strategy, row.seed)]
        assert (row.stored, row.stored_seconds) == (before["accuracy"], before["seconds"])


def test_a_single_task_leaves_the_threads_of_this_process_as_they_were(stored):
    """It runs here, not in a process of its own; the rest of a lesson was slow after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        rerun("small-one", ["raw pixels"], 2, [0])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_prediction_that_differs_is_seen(stored):
    runs = load_sweep("small-one")
    path = stored / "data" / "results" / "small-one.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("0,2,raw pixels,twemoji,"))
    first = lines[place].rpartition(",")[2]
    lines[place] = lines[place].removesuffix(first) + str((int(first[0]) + 1) % 3) + first[1:]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    found = rerun("small-one", ["raw pixels"], 2, [0, 1], n_jobs=1)
    assert found["same"].tolist() == pytest.approx([1 - 1 / len(runs["items"][0]), 1.0])
    assert found["here"].tolist() == pytest.approx(
        runs.loc[(runs["strategy"] == "raw pixels") & (runs["labels"] == 2), "accuracy"].tolist()
    )


# ---------------------------------------------------------------- the command


def test_the_command_runs_a_sweep_by_its_name_or_all_of_a_group(stored, monkeypatch, capsys):
    other = Sweep("small-two", small_sets, small_strategies, (2,), seeds=1)
    use(monkeypatch, stored, SMALL, other)
    asked = []
    monkeypatch.setattr(sweeps, "run_sweep", lambda name, jobs: asked.append((name, jobs)) or name)
    assert sweeps.main(["small", "--jobs", "1"]) == 0 and sweeps.main(["small-two"]) == 0
    assert asked == [("small-one", 1), ("small-two", 1), ("small-two", None)]
    assert "small-one is stored in" in capsys.readouterr().out


@pytest.fixture
def asked(monkeypatch):
    """The names of the sweeps that the command would run."""
    names = []
    monkeypatch.setattr(sweeps, "run_sweep", lambda name, jobs: names.append(name) or name)
    return names


@pytest.mark.parametrize("prefix", ["text-domains", "vision-domains", "text", "vision"])
def test_a_group_is_what_begins_with_its_name_and_a_hyphen(asked, prefix):
    sweeps.main([prefix])
    assert asked == [name for name in known_sweeps() if name.startswith(prefix + "-")]
    assert len(asked) >= 4


def test_the_groups_are_those_that_are_meant(asked):
    sweeps.main(["text-domains"])
    assert asked == [f"text-domains-{d}" for d in ("news", "movies", "products", "tweets")]
    assert set(asked) <= set(text_sweeps.SWEEPS)


@pytest.mark.parametrize("name", list(known_sweeps()))
def test_the_name_of_a_sweep_means_that_sweep_alone(asked, name):
    """One name may begin another, as "vision-far" does "vision-far-moving"."""
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
    with pytest.raises(CourseError, match="there is no sweep 'nonsense': known: vision-depth"):
        sweeps.main(["nonsense"])
    monkeypatch.setattr(sys, "argv", ["sweeps", "vision-dept"])
    with pytest.raises(SystemExit) as stopped, pytest.warns(RuntimeWarning, match="sys.modules"):
        runpy.run_module("tlhelpers.experiments.sweeps", run_name="__main__")
    told = "tlhelpers: there is no sweep 'vision-dept': did you mean vision-depth"
    assert stopped.value.code.startswith(told)


# ---------------------------------------------------------------- what the course ships


@pytest.mark.parametrize("name", STORED)
def test_the_stored_table_is_whole(name):
    sweep, sets = find_sweep(name), sweeps._sets(name)
    for tested_on in sets:
        runs = load_sweep(name, tested_on)
        assert sweep.seeds == 10 and set(runs["seed"]) == set(range(10))
        counts = {runs.attrs["all"] if k is None else k for k in sweep.labels}
        wanted = {(s, k, m) for s in range(10) for k in counts for m in sweep.strategies()}
        found = list(runs[["seed", "labels", "strategy"]].itertuples(index=False, name=None))
        assert len(found) == len(wanted) and set(found) == wanted
        told = runs.attrs["provenance"]
        assert told["command"] == f"python3 -m tlhelpers sweep {name}" and told["seeds"] == "10"
        assert all(told[key] for key in ("date", "processor", "torch"))
