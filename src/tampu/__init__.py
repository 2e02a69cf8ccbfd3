"""tampu: turns any machine into a Llama 3 / 3.1 service."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tampu.engine.llm import LLM

__version__ = "0.1.0"
__all__ = ["LLM", "__version__"]


def __getattr__(name: str) -> Any:
    """`LLM` on first use: `import tampu`, and with it every command, starts without numpy and the kernels."""
    if name != "LLM":
        raise AttributeError(f"module 'tampu' has no attribute {name!r}")
    from tampu.engine.llm import LLM

    return LLM
