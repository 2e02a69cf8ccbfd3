"""tampu: turns any machine into a Llama 3 / 3.1 service."""

__version__ = "0.1.0"
