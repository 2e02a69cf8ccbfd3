"""The fields of PEFT's adapter_config.json, and what each is when nobody sets it.

Read from the wheels 0.16.0, 0.17.0, 0.17.1, 0.18.0, 0.18.1, 0.19.0, 0.19.1, 0.20.0, 0.21.0 and 0.21.2 with `ast`: the
annotated assignments of PeftConfigMixin and PeftConfig in peft/config.py and of LoraConfig in
peft/tuners/lora/config.py. No default has changed between them, and no field has gone.
"""

from typing import Any

# the version that a field came with: the field and its default
NEW_FIELDS: dict[str, dict[str, Any]] = {
    "0.16.0": {
        "task_type": None,
        "peft_type": None,
        "auto_mapping": None,
        "base_model_name_or_path": None,
        "revision": None,
        "inference_mode": False,
        "r": 8,
        "target_modules": None,
        "exclude_modules": None,
        "lora_alpha": 8,
        "lora_dropout": 0.0,
        "fan_in_fan_out": False,
        "bias": "none",
        "use_rslora": False,
        "modules_to_save": None,
        "init_lora_weights": True,
        "layers_to_transform": None,
        "layers_pattern": None,
        "rank_pattern": {},
        "alpha_pattern": {},
        "megatron_config": None,
        "megatron_core": "megatron.core",
        "trainable_token_indices": None,
        "loftq_config": {},
        "eva_config": None,
        "corda_config": None,
        "use_dora": False,
        "use_qalora": False,
        "qalora_group_size": 16,
        "layer_replication": None,
        "runtime_config": {},
        "lora_bias": False,
    },
    "0.17.0": {
        "target_parameters": None,
    },
    "0.18.0": {
        "peft_version": None,
        "alora_invocation_tokens": None,
        "arrow_config": None,
        "ensure_weight_tying": False,
    },
    "0.19.0": {
        "lora_ga_config": None,
        "use_bdlora": None,
    },
    "0.20.0": {
        "velora_config": None,
        "monteclora_config": None,
    },
    "0.21.0": {
        "kasa_config": None,
    },
}
DEFAULTS = {field: default for fields in NEW_FIELDS.values() for field, default in fields.items()}
