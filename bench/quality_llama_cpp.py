"""llama.cpp's logits for `bench/quality.py`, in a Python that has llama-cpp-python and needs nothing of tampu.

python bench/quality_llama_cpp.py FOLDER KIND: FOLDER/f32.gguf, quantised to KIND, reads FOLDER/prompts.npz; all logits
go to FOLDER/logits.npy.
"""

import sys
from pathlib import Path

import llama_cpp
import numpy as np

MAX_TOKENS = 2048


def quantize(source: Path, target: Path, kind: str) -> None:
    """As llama.cpp's own tool does it: the output tensor may get more bits."""
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind}")
    assert llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), params) == 0


def logits_of(path: Path, prompts: list[np.ndarray]) -> np.ndarray:
    """Logits of every position of every prompt, [N, V]."""
    model = llama_cpp.llama_load_model_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = MAX_TOKENS
    params.n_threads = params.n_threads_batch = 2
    context = llama_cpp.llama_new_context_with_model(model, params)
    vocab_size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    batch = llama_cpp.llama_batch_init(MAX_TOKENS, 0, 1)
    pieces = []
    for prompt in prompts:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        batch.n_tokens = len(prompt)
        for i, token_id in enumerate(prompt):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = int(token_id), i, 1, True
            batch.seq_id[i][0] = 0
        assert llama_cpp.llama_decode(context, batch) == 0
        rows = np.ctypeslib.as_array(llama_cpp.llama_get_logits(context), (len(prompt), vocab_size))
        pieces.append(rows.copy())
    return np.concatenate(pieces)


def main() -> None:
    """Quantise, read, write."""
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    quantize(folder / "f32.gguf", folder / "peer.gguf", kind)
    prompts = np.load(folder / "prompts.npz")
    np.save(folder / "logits.npy", logits_of(folder / "peer.gguf", [prompts[name] for name in prompts.files]))


if __name__ == "__main__":
    main()
