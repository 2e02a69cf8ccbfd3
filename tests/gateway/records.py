"""Records to store."""

from typing import Any

from tampu.generation import ChoiceDigest, GenerationRecord
from tampu.request import Usage

NOON = 1_700_049_600.0  # Wednesday, 15 November 2023, 12:00 UTC


def record(number: int = 1, **changes: Any) -> GenerationRecord:
    """A record of which every field is set; `number` makes its ids."""
    values: dict[str, Any] = {
        "id": f"req_{number:032x}",
        "answer_id": f"chatcmpl-{number:032x}",
        "dialect": "openai",
        "operation": "chat",
        "model": "tampu/cria",
        "served_by": "cria:pirate",
        "tenant": "abc",
        "created": NOON,
        "seconds": 1.5,
        "seconds_to_first_chunk": 0.25,
        "usage": Usage(12, 3, 8, prompt_cost=240, completion_cost=90),
        "finish_reasons": ("stop", "length"),
        "streamed": True,
        "cancelled": False,
        "seed": 2**63 - 1,
        "fingerprint": "f" * 64,
        "client": {"user-agent": "curl/8"},
        "prompt_digests": ("0" * 64,),
        "choice_digests": ((ChoiceDigest("1" * 64, 2, "stop"), ChoiceDigest("2" * 64, 1)),),
        "replay": {"requests": [{"sampling": {"temperature": 0.5}}]},
        "text": {"requests": [{"prompt": "\u00fc\u2028\U0001f999"}], "choices": []},
    }
    return GenerationRecord(**{**values, **changes})
