"""llama.cpp's side of `bench/peers.py`; needs `pip install llama-cpp-python` and numpy, not tampu; not a benchmark.

On a processor with AMX build it with clang: gcc 12 miscompiles its tile set-up, and it dies of an illegal instruction.
"""

from pathlib import Path

import llama_cpp
import numpy as np

from bench.figures import LONG_PREFILL, PREFILL, STREAMS, Generate, prompt_ids


def open_llama_cpp(folder: Path, quant: str, threads: int) -> Generate:
    """Through its C interface: one batch per step, greedy tokens picked in numpy."""
    model = llama_cpp.llama_load_model_from_file(
        str(folder / f"{quant}.gguf").encode(), llama_cpp.llama_model_default_params()
    )
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = LONG_PREFILL + PREFILL, PREFILL, PREFILL
    params.n_seq_max, params.kv_unified = STREAMS, True
    params.n_threads = params.n_threads_batch = threads
    context = llama_cpp.llama_new_context_with_model(model, params)
    vocab_size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    batch = llama_cpp.llama_batch_init(PREFILL, 0, 1)

    def decode(entries: list[tuple[int, int, int, bool]]) -> None:
        """Entries are (token id, position, sequence, whether its logits are wanted)."""
        batch.n_tokens = len(entries)
        for i, (token_id, position, sequence, wanted) in enumerate(entries):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token_id, position, 1, wanted
            batch.seq_id[i][0] = sequence
        assert llama_cpp.llama_decode(context, batch) == 0

    def best(index: int) -> int:
        return int(np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, index), (vocab_size,)).argmax())

    def read(sequence: int, length: int) -> int:
        """The prompt, a batch at a time; the token after it."""
        ids = prompt_ids(vocab_size, length, sequence)
        entries = [(token_id, i, sequence, i == length - 1) for i, token_id in enumerate(ids)]
        for start in range(0, length, PREFILL):
            decode(entries[start : start + PREFILL])
        return best((length - 1) % PREFILL)

    def generate(count: int, length: int, max_tokens: int) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        last = [read(sequence, length) for sequence in range(count)]
        for step in range(max_tokens - 1):
            decode([(token_id, length + step, sequence, True) for sequence, token_id in enumerate(last)])
            last = [best(i) for i in range(count)]

    return generate
