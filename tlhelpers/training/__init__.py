"""Training: fit, freeze, fine-tune, LoRA."""

from tlhelpers.faces import make_face

__getattr__, __dir__, __all__ = make_face(
    __name__,
    {
        "fitting": "fine_tune fit fit_head",
        "forgetting": "agreement",
        "freezing": "count_weights freeze freeze_to frozen_hash hold_statistics unfreeze",
        "in_several_processes": "fit_in_processes",
        "lora": "add_lora",
        "interpolation": "measure_mixes",
        "memory_parts": "training_memory",
        "optimizers": "param_groups",
        "rate_test": "find_rate",
        "predicting": "predict",
        "pretraining": "pretrain",
        "word_labels": "fit_words label_tokens",
    },
)
