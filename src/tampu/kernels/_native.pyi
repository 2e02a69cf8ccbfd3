from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]

def available_isas() -> list[str]: ...
def emulated_isas() -> list[str]: ...
def refused_isas() -> list[str]: ...

# For tests; there where CMake's TAMPU_TEST_TILES was on.
def multiply_software_tiles(instruction: str, a: Array, b: Array, c: Array) -> None: ...
def find_disturbed_instruction(instruction: str) -> str: ...

class Kernels:
    def __init__(self, isa: str, num_threads: int) -> None: ...
    @property
    def isa(self) -> str: ...
    @property
    def num_threads(self) -> int: ...
    def quantize_rows(self, x: Array, kind: str, hadamard: int, values: Array, scales: Array | None) -> None: ...
    def rms_norm(
        self, x: Array, gain: Array, eps: float, kind: str, hadamard: int, values: Array, scales: Array | None
    ) -> None: ...
    def silu_mul(self, gate_up: Array, kind: str, hadamard: int, values: Array, scales: Array | None) -> None: ...
    def linear(
        self,
        rows: Array,
        row_scales: Array | None,
        kind: str,
        data: Array,
        scales: Array | None,
        group_scales: Array | None,
        out_features: int,
        in_features: int,
        residual: Array | None,
        out: Array,
    ) -> None: ...
    def lora_add(
        self,
        rows: Array,
        row_scales: Array | None,
        data: list[Array],
        in_features: list[int],
        slices: list[Array],
        owners: Array,
        out: Array,
    ) -> None: ...
    def gather_rows(
        self,
        kind: str,
        data: Array,
        scales: Array | None,
        group_scales: Array | None,
        out_features: int,
        in_features: int,
        token_ids: Array,
        out: Array,
    ) -> None: ...
    def rotary_table(self, positions: Array, frequencies: Array, cos: Array, sin: Array) -> None: ...
    def rotate_and_cache(
        self,
        qkv: Array,
        cos: Array,
        sin: Array,
        slot_mapping: Array,
        num_heads: int,
        keys: Array,
        values: Array,
        key_scales: Array | None,
        value_scales: Array | None,
        queries: Array,
    ) -> None: ...
    def attention(
        self,
        queries: Array,
        keys: Array,
        values: Array,
        key_scales: Array | None,
        value_scales: Array | None,
        block_tables: Array,
        row_of_token: Array,
        positions: Array,
        out: Array,
    ) -> None: ...
    def sample(self, logits: Array, *controls_and_output: Array | None) -> None: ...
    def logprobs(self, logits: Array, token_ids: Array, chosen: Array, top_ids: Array, top_logprobs: Array) -> None: ...
    def read_memory(self, array: Array) -> int: ...
    def multiply_registers(self, rounds: int) -> int: ...
