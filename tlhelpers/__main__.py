"""The command line: ``python3 -m tlhelpers VERB``.

This file must be read by Python 3.6, so that a Python that is too old gets a sentence and no
syntax error. It imports the rest of the package only after that check.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tlhelpers import __version__

OLDEST, NEWEST = (3, 11), (3, 13)
EPILOG = "The first `lab` sets everything up: about 2 to 10 minutes. Later ones take seconds."
STOPPED = "tlhelpers: stopped; run the same command again, it goes on where it can"


def main(argv=None):
    """Run one verb and return the exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    problem = unsuitable(sys.version_info[:2], argv)
    if problem:
        return fail(problem)
    options = parse(argv)
    try:
        return VERBS[options.verb](options)
    except KeyboardInterrupt:
        # A second Ctrl-C while the interpreter ends would be told as an error.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write("\n%s\n" % STOPPED)
        return 130
    except OSError as error:
        return fail(describe(error))
    except RuntimeError as error:
        from tlhelpers.errors import CourseError

        if not isinstance(error, CourseError):
            raise
        return fail(str(error))


def fail(message):
    """Print one line to standard error and return the exit status 1."""
    sys.stderr.write("tlhelpers: %s\n" % " ".join(message.split()))
    return 1


def describe(error):
    """Say in one line what the system refused."""
    where = "%s: " % error.filename if error.filename else ""
    mend = "mend that and run the same command again"
    if error.errno in (28, 122):  # no space, quota
        mend = "free some space and run the same command again"
    return "%s%s; %s" % (where, error.strerror or error, mend)


def unsuitable(version, argv):
    """Return why this Python will not do and which one would; an empty text if it will."""
    if OLDEST <= version <= NEWEST:
        return ""
    python = suitable_python()
    verb = " ".join(argv) or "lab"
    if python:
        mend = "run `%s -m tlhelpers %s`" % (python, verb)
    else:
        mend = "install one of them and run `python3.12 -m tlhelpers %s`" % verb
    return "this is Python %d.%d, the course needs 3.11, 3.12 or 3.13: %s" % (*version, mend)


def suitable_python():
    """Return a command that starts a suitable Python on this machine, or an empty text."""
    for minor in (13, 12, 11):
        names = [["python3.%d" % minor]]
        if os.name == "nt":
            names.append(["py", "-3.%d" % minor])
        for command in names:
            if shutil.which(command[0]) and works(command, minor):
                return " ".join(command)
    return ""


def works(command, minor):
    """Tell whether a command starts the Python it is named after (a shim may not)."""
    test = "import sys; sys.exit(sys.version_info[:2] != (3, %d))" % minor
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.call([*command, "-c", test], **quiet) == 0
    except OSError:
        return False


def parse(argv):
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m tlhelpers", epilog=EPILOG)
    parser.add_argument("--version", action="version", version="tlhelpers " + __version__)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    lab = verbs.add_parser("lab", help="set up what is missing and open the lessons")
    lab.add_argument("--no-browser", action="store_true", help="print the address only")
    lab.add_argument("--port", type=port_number, help="the port to listen on")
    ip = "the address to listen on; all but this machine's own let others in who have the token"
    lab.add_argument("--ip", default="localhost", help=ip)
    add_torch(lab)
    verbs.add_parser("test", help="run the tests; takes pytest's arguments")
    run = verbs.add_parser("run", help="execute lessons without a browser")
    run.add_argument("lessons", nargs="*", metavar="LESSON", help="a number, 02 say; all if none")
    run.add_argument("--learner", action="store_true", help="run the notebooks without solutions")
    run.add_argument("--record", action="store_true", help="keep the times in data/results")
    run.add_argument("--jobs", type=int, help="the most processes that a lesson starts")
    sweep = add_sweep(verbs)
    build = verbs.add_parser("build", help="make the notebooks from their sources")
    build.add_argument("--check", action="store_true", help="only tell whether they are current")
    add_own_data(verbs)
    add_progress(verbs)
    add_assignment(verbs)
    book = verbs.add_parser("book", help="make a site of all lessons with their outputs")
    book.add_argument("lessons", nargs="*", metavar="LESSON", help="a number, 02 say; all if none")
    book.add_argument("--out", help="the site's folder; build/book if left out")
    book.add_argument("--from", dest="executed", help="where `run` left lessons that it executed")
    book.add_argument("--pdf", action="store_true", help="print each lesson, too, with Chromium")
    book.add_argument("--jobs", type=int, help="the most processes that a lesson starts")
    add_bundle(verbs)
    add_slides(verbs)
    add_torch(verbs.add_parser("fetch", help="get data and weights, and check every hash"))
    verbs.add_parser("doctor", help="show what is installed, what is missing, how to mend it")
    ours, passed = argv, []
    # pytest's options are not ours to read, and argparse would reject a leading one.
    if argv[:1] == ["test"] and argv[1:] not in (["-h"], ["--help"]):
        ours, passed = argv[:1], argv[1:]
    options = parser.parse_args(ours)
    options.passed = passed
    if not options.verb:
        parser.error("say what to do: " + ", ".join(sorted(VERBS)))
    if options.verb == "sweep" and not (options.names or options.stale):
        sweep.error("say which: vision, text, or a name; --stale lists the stale ones")
    return options


def add_sweep(verbs):
    """Describe the verb for long comparisons."""
    sweep = verbs.add_parser("sweep", help="run a long comparison anew and store its table")
    sweep.add_argument("names", nargs="*", metavar="NAME", help="vision, or vision-tuning say")
    sweep.add_argument("--jobs", type=int, help="processes; one per core if left out")
    sweep.add_argument("--stale", action="store_true", help="list tables whose code has changed")
    sweep.add_argument("--confirm", action="store_true", help="rerun a slice; note if as stored")
    cluster = "make the runs on a dask cluster: the address of its scheduler"
    sweep.add_argument("--cluster", metavar="ADDRESS", help=cluster)
    return sweep


def add_torch(verb):
    """Describe the switch for the build of torch."""
    build = "on Linux, the build of torch: the small one for CPUs, or pip's own for NVIDIA cards"
    verb.add_argument("--torch", choices=["cpu", "default"], help=build)


def add_own_data(verbs):
    """Describe the verbs for somebody's own pictures or texts."""
    epilog = "A path that begins with - is written ./-name."
    about = "say which way of transfer to take for pictures or texts of your own"
    own = verbs.add_parser("compare", help=about, description=about, epilog=epilog)
    path = "a folder with one sub-folder per class, or a table: of texts, or of paths to pictures"
    own.add_argument("path", metavar="PATH", help=path)
    own.add_argument("--minutes", type=minutes, default=5, help="the time it may take; 5 if none")
    own.add_argument("--out", default="report", help="folder for report and model; report/ if none")
    model = "backbone or encoder: a name, a folder, or a name of the model hub"
    own.add_argument("--model", metavar="NAME", help=model)
    own.add_argument("--size", type=pixels, help="pixels that pictures are read with; 224 if none")
    for column, what in COLUMNS:
        own.add_argument("--" + column, metavar="COL", help="the column of a table with " + what)
    own.add_argument("--seed", type=count, default=0, help="draws the splits; 0 if none")
    onnx = "write the model as ONNX too, compared with itself"
    own.add_argument("--export", choices=["onnx"], help=onnx)
    about = "use a model that compare has saved, and write a table (CSV)"
    use = verbs.add_parser("predict", help=about, description=about, epilog=epilog)
    use.add_argument("model", metavar="MODEL", help="the folder of the model, report/model say")
    use.add_argument(
        "paths", nargs="+", metavar="PATH", help="pictures, folders of them, or tables"
    )
    use.add_argument("--out", metavar="FILE", help="the table; standard output if none")
    for column, what in COLUMNS[:2]:
        use.add_argument("--" + column, metavar="COL", help="the column of a table with " + what)
    use.add_argument("--export", choices=["onnx"], help=onnx)


def add_bundle(verbs):
    """Describe the verb for the whole course in one folder."""
    about = "put the course, its data and its packages into one folder that needs no network"
    made = verbs.add_parser("bundle", help=about, description=about)
    made.add_argument("out", nargs="?", metavar="OUT", help="the new folder")
    for_whom = "the system that it is for; this one if left out"
    made.add_argument("--platform", choices=["linux", "macos", "windows"], help=for_whom)
    python = "the Python that it is for; this one if left out"
    made.add_argument("--python", choices=["3.11", "3.12", "3.13"], help=python)
    build = "on Linux, the build of torch; the one that is installed here if left out"
    made.add_argument("--torch", choices=["cpu", "default"], help=build)
    made.add_argument("--zip", action="store_true", help="make one zip, OUT.zip, of it")
    check = "compare a bundle, a folder or a zip, with its list, and print the hash of that"
    made.add_argument("--check", metavar="DIR", help=check)
    copy = "in a bundle: copy the course to a folder of your disk, and leave the packages here"
    made.add_argument("--copy-to", metavar="FOLDER", help=copy)


def add_progress(verbs):
    """Describe the verb for what a learner has solved."""
    about = "show what you have solved, or make one table of the progress files of a class"
    shown = verbs.add_parser("progress", help=about, description=about)
    shown.add_argument("--name", help="what you want to be called in the table; kept in your file")
    merge = "progress files of learners, work/progress.json of each"
    shown.add_argument("--merge", nargs="+", metavar="FILE", help=merge)
    shown.add_argument("--out", metavar="FILE", help="the table for --merge; class.csv if none")


def add_slides(verbs):
    """Describe the verb for slides."""
    about = "make slides of lessons, one page each, to show without a network"
    slides = verbs.add_parser("slides", help=about, description=about)
    slides.add_argument(
        "lessons", nargs="*", metavar="LESSON", help="a number, 02 say; all if none"
    )
    slides.add_argument("--out", help="the folder of the pages; build/slides if left out")
    answers = "put the answer of each exercise on a slide below it; not for the class"
    slides.add_argument("--solutions", action="store_true", help=answers)
    slides.add_argument("--jobs", type=int, help="the most processes that a lesson starts")


def add_assignment(verbs):
    """Describe the verb for marks."""
    about = "write a lesson's exercises as an assignment that nbgrader releases and grades"
    made = verbs.add_parser("assignment", help=about, description=about)
    made.add_argument("lesson", metavar="LESSON", help="a number, 02 say")
    made.add_argument("--out", required=True, metavar="DIR", help="the folder of the graded course")
    seed = "draws the variants; the exercises as published if left out"
    made.add_argument("--seed", type=count, help=seed)
    made.add_argument(
        "--private", metavar="FILE", help="items of your own, kept outside the course"
    )
    made.add_argument("--name", help="the assignment's name; lesson02 say, if left out")
    made.add_argument("--whole", action="store_true", help="keep the lesson around the exercises")


COLUMNS = [
    ("picture", "paths to pictures"),
    ("text", "texts"),
    ("label", "the classes"),
    ("group", "what belongs together: a person, a product, a day"),
]


def minutes(text):
    """Read a number of minutes for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e5:
        raise argparse.ArgumentTypeError("minutes are a number above 0, not %s" % text)
    return number


def pixels(text):
    """Read the edge of a picture for argparse."""
    if not text.isdecimal() or not 16 <= int(text) <= 2048:
        raise argparse.ArgumentTypeError("a size is a number from 16 to 2048, not %s" % text)
    return int(text)


def count(text):
    """Read a number from 0 on for argparse."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError("a seed is a whole number from 0 on, not %s" % text)
    return int(text)


def port_number(text):
    """Read a port for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535, not %s" % text)
    return int(text)


def flags(options, *names):
    """Return those of the named switches that are on, as a command line has them."""
    return ["--%s" % name for name in names if getattr(options, name)]


def lab(options):
    """Set up, fetch, and become JupyterLab."""
    from tlhelpers.setup import launcher

    launcher.check_port(options.ip, options.port)
    return launcher.lab(options.ip, options.port, not options.no_browser, options.torch)


def test(options):
    """Set up, fetch, and become pytest."""
    from tlhelpers.setup import launcher

    return launcher.module("pytest", options.passed)


def jobs_of(options):
    """The option that says how many processes there may be, as it was given."""
    return [] if options.jobs is None else ["--jobs", str(options.jobs)]


def run(options):
    """Set up, fetch, and execute lessons."""
    from tlhelpers.setup import launcher

    switches = flags(options, "learner", "record")
    return launcher.module(
        "tlhelpers.course.runner", [*options.lessons, *jobs_of(options), *switches]
    )


def sweep(options):
    """Set up, fetch, and run long comparisons."""
    from tlhelpers.setup import launcher

    arguments = [*options.names, *jobs_of(options), *flags(options, "stale", "confirm")]
    arguments += [] if options.cluster is None else ["--cluster", options.cluster]
    return launcher.module("tlhelpers.experiments.sweeps", arguments)


def build(options):
    """Set up, and make the notebooks."""
    from tlhelpers.setup import launcher

    return launcher.module("tlhelpers.course.build", flags(options, "check"), data=False)


def compare(options):
    """Set up, fetch, and compare ways of transfer on somebody's own data."""
    return on_own_data(options, [options.path])


def predict(options):
    """Set up, fetch, and predict with a saved model."""
    return on_own_data(options, [options.model, *options.paths])


def on_own_data(options, paths):
    """Set up, fetch, and become a verb of own_data; paths stay relative to the folder at hand."""
    from tlhelpers.setup import environment, fetching, launcher

    told = {name: value for name, value in vars(options).items() if name not in ("path", "paths")}
    told["here"] = str(Path.cwd())
    with setting_up_beside():
        python = environment.ensure()
        fetching.fetch(python)
    command = [str(python), "-m", "tlhelpers.own_data.commands", options.verb, json.dumps(told)]
    return launcher.hand_over(command + paths)


@contextlib.contextmanager
def setting_up_beside():
    """What is written to standard output inside, also by pip, goes to standard error.

    Standard output is for the table of predictions.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def book(options):
    """Set up, fetch, execute what has changed, and make the site."""
    from pathlib import Path

    from tlhelpers.setup import launcher

    # What makes the book starts in the course's folder: a relative path is meant from here.
    places = (("--out", options.out), ("--from", options.executed))
    given = [part for name, at in places if at for part in (name, str(Path(at).absolute()))]
    arguments = [*options.lessons, *given, *jobs_of(options), *flags(options, "pdf")]
    return launcher.module("tlhelpers.course.book", arguments)


def slides(options):
    """Set up, fetch, execute what has changed, and make slides."""
    from tlhelpers.setup import launcher

    given = ["--out", str(Path(options.out).absolute())] if options.out else []
    arguments = [*options.lessons, *given, *jobs_of(options), *flags(options, "solutions")]
    return launcher.module("tlhelpers.course.slides", arguments)


def progress(options):
    """Show this learner's progress, or write that of many; this Python and no setting up."""
    from tlhelpers.errors import CourseError
    from tlhelpers.setup import progress_report

    if options.merge:
        if options.name is not None:
            raise CourseError("--name is for your own file: leave it out with --merge")
        return progress_report.merge(options.merge, Path(options.out or "class.csv"))
    if options.out:
        raise CourseError("--out is for the table of a class: say with --merge which files")
    return progress_report.show(options.name)


def bundle(options):
    """Make a bundle, compare one with its list, or copy the course out of one."""
    from tlhelpers.errors import CourseError
    from tlhelpers.setup.bundle import checking, copying, make, target

    if sum(map(bool, (options.out, options.check, options.copy_to))) != 1:
        raise CourseError("say one of bundle OUT, bundle --check DIR and bundle --copy-to FOLDER")
    made = [options.platform, options.python, options.torch, options.zip]
    if any(made) and not options.out:
        raise CourseError("--platform, --python, --torch and --zip are for making one: bundle OUT")
    if options.check:
        return checking.report(Path(options.check).expanduser().absolute())
    if options.copy_to:
        return copying.copy_to(Path(options.copy_to).expanduser())
    chosen = target.choose(options.platform, options.python)
    return make.make(Path(options.out).expanduser(), chosen, options.torch, options.zip)


def assignment(options):
    """Set up, and write an assignment; its checks read no data of the course."""
    from tlhelpers.setup import launcher

    # What makes it starts in the course's folder: a relative path is meant from here.
    paths = (("--out", options.out), ("--private", options.private))
    given = [part for name, at in paths if at for part in (name, str(Path(at).absolute()))]
    for name, value in (("--seed", options.seed), ("--name", options.name)):
        given += [] if value is None else [name, str(value)]
    arguments = [options.lesson, *given, *flags(options, "whole")]
    return launcher.module("tlhelpers.course.grading.commands", arguments, data=False)


def fetch(options):
    """Bring data and weights, hashing every file that is there."""
    from tlhelpers.setup import environment, fetching

    fetching.fetch(environment.ensure(torch=options.torch), deep=True)
    print("Data and weights are complete, and every hash is right.")
    return 0


def doctor(options):
    """Show the state of everything."""
    from tlhelpers.setup.doctor import report

    return report()


VERBS = {
    "lab": lab,
    "test": test,
    "run": run,
    "sweep": sweep,
    "build": build,
    "book": book,
    "slides": slides,
    "bundle": bundle,
    "compare": compare,
    "predict": predict,
    "progress": progress,
    "assignment": assignment,
    "fetch": fetch,
    "doctor": doctor,
}

if __name__ == "__main__":
    sys.exit(main())
