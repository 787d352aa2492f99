"""Lesson 11: memory, batches in parts, many processes, data from disk, clusters, hubs and costs."""

from tlhelpers.course.quiz_kinds import Choice, Number, Several

POOL = (
    Choice(
        "adapter",
        "LoRA trains few weights. Why does a step still need much memory?",
        "The backward pass goes through all layers, and needs what each of them gave.",
        right="activations of all layers are still kept",
        wrong={
            "AdamW still keeps two numbers per weight": (
                "It keeps them for weights that train, and these are few."
            ),
            "frozen weights get gradients, unused ones": (
                "A frozen weight gets none. What else is kept until the backward pass?"
            ),
            "thin matrices are as large as the old ones": (
                "They are far smaller: that is the idea of it."
            ),
        },
    ),
    Choice(
        "batchnorm",
        (
            "A batch of {n} goes through a network with BatchNorm in {k} equal parts, in training "
            "mode. What is the mean of the parts' gradients, compared with that of the whole batch?"
        ),
        "The statistics come from the items of a part, so an item's loss depends on the others.",
        lambda r: {"n": r.choice([32, 64, 128]), "k": r.choice([4, 8])},
        right="another one, as each part has its own means",
        wrong={
            "the same, since a mean of means is a mean": (
                "That holds if an item's loss does not depend on the other items. Does it here?"
            ),
            "the same, as all parts have as many items": (
                "That makes each part count rightly. What do the layers take from a part?"
            ),
            "a smaller one, since each part is smaller": (
                "It is scaled right. Something else differs between a part and the whole."
            ),
        },
    ),
    Choice(
        "mixed",
        "Why does mixed precision keep the weights in float32?",
        "A small step beside a large weight is rounded away, every time anew.",
        right="a small step would be rounded away again",
        wrong={
            "bfloat16 has no room for large weights": (
                "Its range is that of float32. What it lacks are digits."
            ),
            "processors cannot add in bfloat16 at all": (
                "Many can. What happens to a small step beside a weight of 1?"
            ),
            "float32 takes less time in the optimizer": (
                "It takes more memory and more time. What would be lost?"
            ),
        },
    ),
    Choice(
        "pickle",
        "Why is a file of weights in the `.bin` format a risk, and safetensors not?",
        "A pickle tells what to call while it is read; safetensors is a list and numbers.",
        right="reading a pickle can run any other program",
        wrong={
            "its weights are rounded when it is read": (
                "The numbers are as exact. What is a pickle, besides numbers?"
            ),
            "its licence does not allow commercial use": (
                "The licence belongs to the model, not to the form of its file."
            ),
            "it is larger and may not fit into memory": (
                "Both are about as large. What may happen while it is read?"
            ),
        },
    ),
    Choice(
        "pinned",
        (
            "A model that is loaded by its name on a hub reaches {p} points today. What makes sure "
            "that the same weights are loaded next year?"
        ),
        "A commit names one state of all files; a name or a branch moves on.",
        lambda r: {"p": r.randrange(71, 94)},
        right="the commit, written behind its hub name",
        wrong={
            "the branch main, as it is always there": (
                "It is there, with whatever was uploaded last."
            ),
            "the same version of the library itself": (
                "It reads what the hub gives it. Who says which files these are?"
            ),
            "the seed, set before the model is read": (
                "A seed fixes random numbers, not the files of other people."
            ),
        },
    ),
    Choice(
        "twice",
        (
            "A worker of a cluster falls silent, its work is given to another one, and then it "
            "comes back: the results of {n} runs are there twice. What now?"
        ),
        "With work that is named by strategy and seed, doing it again changes no number.",
        lambda r: {"n": r.randrange(3, 9)},
        right="count each run once, by strategy and seed",
        wrong={
            "leave both out, since one of them is wrong": (
                "Both are right, if seeds belong to the work. How often should it count?"
            ),
            "keep both, as more results are more certain": (
                "It is the same run. It tells nothing new the second time."
            ),
            "begin the whole sweep again, without a fault": (
                "That costs all the time again. What tells that two results are one run?"
            ),
        },
    ),
    Choice(
        "two-cores",
        ("On a laptop with two cores, training in two processes is no faster than in one. Why?"),
        "One process computes with all cores. More processes pay with more devices.",
        right="one process uses both of the cores already",
        wrong={
            "two processes must not share a memory": (
                "They each have their own, and it would not make them slow."
            ),
            "the gradients do not fit into the cores": (
                "They lie in memory. Who was using the second core before?"
            ),
            "two processes take turns on a single core": (
                "Each has a core of its own. What did one process do with the second core?"
            ),
        },
    ),
    Choice(
        "meta",
        "How can a laptop count the weights of a model that does not fit into its memory?",
        "The shapes tell the numbers, and shapes take no room.",
        right="it builds all the shapes without the numbers",
        wrong={
            "it loads a tenth of it and multiplies by ten": (
                "Layers differ. What of a weight must be known to count it?"
            ),
            "it asks the hub, as it cannot know by itself": (
                "The settings of the model are enough. What do they tell of each matrix?"
            ),
            "it stores the weights on the disk meanwhile": (
                "Counting needs no values, on disk or in memory."
            ),
        },
    ),
    Several(
        "grows",
        "Which two parts of a training's memory do NOT grow with the batch?",
        "They belong to the weights, whatever goes through them.",
        right=("the gradients of the weights", "what the optimizer remembers"),
        wrong={
            "the outputs of the layers, kept": "There is one for each item of the batch.",
            "the pictures or texts that go in": "Twice the items take twice the room.",
        },
        missing="There is one more that belongs to the weights and not to the items.",
    ),
    Several(
        "large-models",
        "Which two sentences hold for large language models as for a small classifier?",
        "Splits and intervals do not depend on the size of a model.",
        right=(
            "near duplicates belong on one side of a split",
            "a small test resolves no small differences",
        ),
        wrong={
            "a prompt is no setting: test items may choose it": (
                "It is chosen by results, like any setting: on validation items."
            ),
            "without training there is nothing to leak": (
                "Somebody trained it, perhaps on your test."
            ),
        },
        missing="There is one more that holds whatever the size.",
    ),
    Number(
        "adam-memory",
        (
            "A network has {n} million weights in float32, all of them train with AdamW. How many "
            "megabytes do weights, gradients and optimizer take together?"
        ),
        "Four bytes for the weight, 4 for its gradient and 8 for AdamW: 16 for each.",
        lambda r: {"n": r.randrange(20, 131, 10)},
        value=lambda n: 16 * n,
        mistakes=(
            (lambda n: 12 * n, "AdamW keeps two numbers for each weight, and the gradient is one."),
            (lambda n: 4 * n, "These are the weights alone."),
            (lambda n: 8 * n, "Weights and gradients. What does AdamW remember?"),
        ),
        hint="How many numbers of 4 bytes belong to each weight that trains?",
    ),
    Number(
        "lora-weights",
        (
            "A linear layer of {w} by {w} numbers is adapted by LoRA of rank {r}. How many numbers "
            "are trained in it?"
        ),
        "A has rank × in numbers, B has out × rank.",
        lambda r: {"w": r.choice([512, 768, 1024, 2048]), "r": r.choice([4, 8, 16])},
        value=lambda w, r: 2 * w * r,
        mistakes=(
            (lambda w, r: w * r, "That is one of the two thin matrices."),
            (lambda w, r: w * w, "That is the frozen matrix beside them."),
            (lambda w, r: 2 * w + r, "Multiply width and rank: A is a matrix."),
        ),
        hint="What are the shapes of A and of B?",
    ),
    Number(
        "amdahl",
        (
            "Of a job, {s} minutes cannot be divided and {p} can. How many minutes does it take "
            "with {n} workers, at best?"
        ),
        "What cannot be divided stays; the rest is shared out.",
        lambda r: {
            "s": r.randrange(3, 9),
            "p": r.choice([48, 96, 144]),
            "n": r.choice([4, 8, 12]),
        },
        value=lambda s, p, n: s + p / n,
        mistakes=(
            (lambda s, p, n: (s + p) / n, "That divides all of it. Some cannot be divided."),
            (lambda s, p, n: p / n, "What cannot be divided takes its minutes, too."),
            (lambda s, p, n: s / n + p, "You divided the minutes that cannot be divided."),
        ),
        hint="Which minutes become fewer with more workers?",
    ),
    Number(
        "million",
        (
            "{a} pictures took {x} seconds and {b} took {y}. On a straight line through both: how "
            "many seconds does one more picture take?"
        ),
        "The slope: seconds more by pictures more. What is paid once is not in it.",
        lambda r: {
            "a": (a := r.choice([100, 200])),
            "b": 5 * a,
            "x": (x := r.randrange(8, 15)),
            "y": x + 4 * a * r.choice([0.02, 0.03, 0.05]),
        },
        value=lambda a, b, x, y: (y - x) / (b - a),
        mistakes=(
            (lambda a, b, x, y: x / a, "That counts what is paid once to each of the first ones."),
            (lambda a, b, x, y: y / b, "That counts what is paid once to each picture."),
        ),
        hint="How many seconds more, for how many pictures more?",
    ),
)
