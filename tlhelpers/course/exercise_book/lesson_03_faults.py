"""What exercise 03.7 says of a transfer that is not right."""

from tlhelpers.course.watched_answer import Fault

SAYS = {
    # ------------------------------------------------------------ what is returned
    "nothing": "The model is tuned, but nothing is returned: return the accuracy on the test "
    "items and the two ends of its interval.",
    "form": "Return three numbers: the accuracy on the test items and the lower and the upper end "
    "of its interval.",
    "percent": "That is in percent. Return shares between 0 and 1.",
    "order": "The three numbers are in another order: accuracy, lower end, upper end.",
    "swapped": "Lower and upper end are swapped: the lower one comes first.",
    "rounded": "You rounded the numbers. Return them as they come out.",
    # ------------------------------------------------------------ the model
    "another": "The model is no longer what it was: it has other layers, names or options (p of "
    "dropout, say). Tune the weights that it has.",
    "kind": "The model's numbers were {old} and are {new} now, the frozen ones too: leave their "
    "kind as it is.",
    "flags": "Your function opens or freezes weights: leave requires_grad as it is.",
    "frozen moved": "A frozen weight moved: what is frozen must stay as it is. Give the optimizer "
    "only weights with requires_grad.",
    "statistics": "The running statistics of a frozen BatchNorm layer moved: in training mode each "
    "forward pass moves them, whatever requires_grad says. Call hold_statistics(model), or put "
    "such layers into evaluation mode after each model.train().",
    "held": "A frozen BatchNorm layer is in training mode during a step, where it normalises by "
    "the batch at hand. Call hold_statistics(model), or put such layers into evaluation mode after "
    "each model.train().",
    "copy": "You tuned a copy: the model that was given is as it was. Tune the model itself.",
    "no step": "No weight has moved. Each epoch needs a loss, its backward() and the optimizer's "
    "step().",
    "some still": "Some weights that may train have not moved: tune all that are not frozen.",
    "unseen": "The weights moved, but not by a loss of the model's output and its backward(), "
    "which is all that the check can follow. Compute the loss from model(x[train]).",
    "restart": "The weights are changed before the first step. Start from those that the model "
    "has.",
    "outside": "The weights are changed by something else than the steps: set, averaged or moved "
    "once more. Let the steps alone move them.",
    # ------------------------------------------------------------ the items
    "seen": "Test items have a part in the training: the loss is taken on them too. Take x[train] "
    "and y[train] before you train.",
    "idle": "Items that are neither in `train` nor in `test` have a part in the training. Tune on "
    "the training items alone.",
    "along": "Items that are not in `train` go through the model together with the training ones, "
    "where BatchNorm would use them in training mode. Take x[train] first.",
    "changed": "Something else than items of `x` as they are goes through the model (scaled, cut, "
    "with noise): give it x[train] and x[test].",
    "part": "A step takes {part} of the {n} training items. Each step takes all of them: with fit, "
    "batch_size=len(train).",
    "again": "Some training items go into one step several times. Each step takes all of them "
    "once.",
    "chosen": "The test items decide about the training: when it stops, or which epoch is kept. "
    "Then the number is too good. Train to the end, then measure once.",
    "earlier": "The weights are set back to an earlier state. Keep those after the last step.",
    "looked": "Test items go through a model that is not yet tuned to the end, and the best of "
    "several looks is too good. Ask them once, after the last step.",
    # ------------------------------------------------------------ the loss
    "upwards": "The steps go up, or the loss has a minus: each step goes against the gradient of "
    "the cross-entropy.",
    "sum": "The loss is summed over the items: take the mean.",
    "scaled": "The loss is {times:.3g} times the mean cross-entropy: take it as it is.",
    "weighted": "Some items count more than others in the loss: take the plain mean.",
    "labels": "The loss is computed with other labels than y[train]: items and labels must be in "
    "the same order.",
    "smoothing": "The labels are smoothed: take the cross-entropy without label_smoothing.",
    "softmax": "A softmax comes before the cross-entropy, which does one itself: give it the "
    "logits.",
    "squares": "That is a squared error: take the cross-entropy of the logits.",
    "hinge": "That is a hinge loss: take the cross-entropy of the logits.",
    "nll": "nll_loss expects log_softmax of the logits: take cross_entropy, which does both.",
    "binary": "That is a binary cross-entropy, which asks about each class by itself: take "
    "cross_entropy of the logits.",
    "loss": "The loss is not the mean cross-entropy of the logits of the training items.",
    # ------------------------------------------------------------ the steps
    "erased": "The gradients are zero before a step: zero_grad() comes after backward(). Call it "
    "before.",
    "old gradients": "Old gradients are added to the new ones: call optimizer.zero_grad() before "
    "each backward().",
    "clipped": "The gradients are {times:.3g} times as long before a step as they should be: "
    "clipped, scaled or added up. Leave them as one backward() gives them.",
    "gradient": "The gradients before a step are not those of the mean cross-entropy: something "
    "is added to the loss, or changes them.",
    "rate": "The optimizer steps at the rate {rate:.6g}, where lr is {lr:.6g}: hand `lr` to it.",
    "rates": "Some weights step at the rate {rate:.6g}, where lr is {lr:.6g}: give all weights the "
    "same.",
    "schedule": "The rate is {rate:.6g} in a later step, where lr is {lr:.6g}: keep it constant.",
    "hand rate": "A step by hand is {times:.3g} times as long as lr · gradient: take weight − lr · "
    "gradient.",
    "hand": "A step by hand is weight − lr · gradient, with the gradients of this step alone. For "
    "other rules take an optimizer of torch.optim.",
    "twice": "The optimizer steps more than once after one backward(). Make one step in each "
    "epoch.",
    "few": "The number of steps is {count}, fewer than `epochs`, which is {epochs}: make one in "
    "each epoch, and do not stop early.",
    "many": "The number of steps is {count}, more than `epochs`, which is {epochs}: make one in "
    "each epoch.",
    "unequal": "Some weights take fewer steps than others: tune all that are not frozen, in each "
    "epoch.",
    # ------------------------------------------------------------ the accuracy
    "training mode": "The test items are measured in training mode, where dropout drops and "
    "BatchNorm uses the batch at hand: call model.eval() first.",
    "early": "The test items do not go through the tuned model, but through other weights (those "
    "before the last step, say, or averaged ones). Measure the tuned model.",
    "unmeasured": "Not all test items go through `model` after the last step: measure "
    "model(x[test]).",
    "errors": "That is the share of wrong answers: the accuracy is the share of right ones.",
    "count": "That is the number of right answers: divide it by the number of test items.",
    "loss of test": "That is the loss on the test items: the accuracy is the share that is right.",
    "old": "That is the accuracy before tuning, measured with the old weights: measure the tuned "
    "model.",
    "of train": "That is the accuracy on the training items, which the model has learned: measure "
    "on the test items.",
    "of all": "That is the accuracy on all items. The training items are among them: measure on "
    "the test items alone.",
    "of others": "That is the accuracy on all items outside of `train`. Some of them are not in "
    "`test`: measure on x[test].",
    "by class": "That is the mean over the classes. The accuracy counts each test item the same.",
    "accuracy": "After your call the model is right on {right} of {n} test items in evaluation "
    "mode, and you return {given:.6g}.",
    # ------------------------------------------------------------ the interval
    "normal": "That is the normal approximation, accuracy ± 1.96 standard errors, which goes wrong "
    "near 0 and 1. Use wilson(right, n).",
    "n of train": "The interval is for as many items as `train` has: its n is the number of test "
    "items.",
    "n of all": "The interval is for as many items as there are in all: its n is the number of "
    "test items.",
    "interval of train": "That is the interval of the accuracy on the training items: it belongs "
    "to the count on the test items.",
    "interval of old": "That is the interval of the accuracy before tuning.",
    "distances": "The ends are given as distances from the accuracy: return the ends themselves.",
    "level": "That is an interval of another level: 95 % are asked for.",
    "other kind": "That is another kind of interval (exact, or with a correction). Use "
    "wilson(right, n).",
    "interval": "For {right} right of {n} the 95 % Wilson interval goes from {low:.3f} to "
    "{high:.3f}.",
}


def must(holds: object, fault: str, **words) -> None:
    """Raise a fault by its name unless something holds."""
    if not holds:
        raise Fault(SAYS[fault].format(**words))
