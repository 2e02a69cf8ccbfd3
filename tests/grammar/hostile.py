"""Answers of the most hostile model there is: random logits, which try everything that a mask allows."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema

from tampu.engine.engine import Engine
from tampu.engine.sequence import SequenceSpec
from tampu.engine.vocabulary import grammar_vocabulary
from tampu.errors import InvalidRequest
from tampu.grammar.compile import compile_constraint
from tampu.request import Constraint, SamplingParams
from tampu.text.tokenizer import Tokenizer
from tests.fakes import HashModel, engine_settings
from tests.grammar.random_schemas import random_schema

MAX_TOKENS = 250
BATCH = 16


def compiled(schema: Any) -> str | None:
    """The grammar of a schema; None when it is refused."""
    try:
        return compile_constraint(Constraint("json_schema", json.dumps(schema)))
    except InvalidRequest:
        return None


def random_answers(tokenizer: Tokenizer, seeds: range) -> Iterator[tuple[Any, str, str]]:
    """Schema, how it went and the answer of random logits, for each of these seeds; `refused` without an answer."""
    ends = tuple(id_ for id_ in (tokenizer.eot_id, tokenizer.eos_id) if id_ is not None)
    engine = Engine(
        HashModel(vocab_size=tokenizer.vocab_size),
        engine_settings(num_blocks=1024, block_size=16, max_model_len=512, max_num_seqs=BATCH),
        read_vocabulary=lambda: grammar_vocabulary(tokenizer, tokenizer.vocab_size, ends),
    )
    schemas = {seed: random_schema(seed) for seed in seeds}
    texts: dict[int, list[int]] = {}
    for seed, schema in schemas.items():
        if (grammar := compiled(schema)) is None:
            yield schema, "refused", ""
            continue
        sampling = SamplingParams(seed=seed, max_tokens=MAX_TOKENS, stop_token_ids=ends)
        engine.add(SequenceSpec(seed, (1, seed % 1000), sampling, grammar=grammar))
        texts[seed] = []
    while engine.has_work():
        for output in engine.step():
            texts[output.sequence_id] += output.token_ids
            if reason := output.finish_reason or output.error:
                yield schemas[output.sequence_id], reason, tokenizer.decode(texts[output.sequence_id])


def is_valid(schema: Any, text: str) -> bool:
    """Whether the text is JSON that the schema allows, without a name that comes twice."""
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except ValueError:
        return False
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)
