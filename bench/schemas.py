"""Structured output: random schemas against random logits, the JSON-Schema-Test-Suite through the masks, its cost.

A model of random logits is the most hostile there is: it tries everything that a mask allows. The suite is not in this
repository: clone json-schema-org/JSON-Schema-Test-Suite.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.machine import machine
from tampu import LLM
from tampu.engine.engine import Engine
from tampu.engine.sequence import SequenceSpec
from tampu.engine.vocabulary import grammar_vocabulary
from tampu.grammar.matcher import GrammarFailure, Grammars, MaskWriter
from tampu.request import SamplingParams
from tampu.text.tokenizer import Tokenizer
from tests.grammar.hostile import compiled, is_valid, random_answers


def bench_random(tokenizer: Tokenizer, count: int) -> None:
    """What becomes of so many random schemas."""
    started, outcomes = time.perf_counter(), Counter[str]()
    for schema, reason, text in random_answers(tokenizer, range(count)):
        right = is_valid(schema, text) if reason == "stop" else None
        outcomes[f"{reason}{'' if right is None else ', valid' if right else ', INVALID'}"] += 1
        if right is False:
            print("INVALID", json.dumps(schema), text)
    print(f"random schemas: {count} in {time.perf_counter() - started:.1f} s: {dict(outcomes)}")


def as_written(schema: Any, instance: Any) -> Any:
    """The instance as an answer has it: properties in the schema's order, whole numbers without a fraction."""
    if isinstance(instance, float) and instance.is_integer():
        return int(instance)
    parts = schema if isinstance(schema, dict) else {}
    if isinstance(instance, list):
        return [as_written(parts.get("items"), item) for item in instance]
    if not isinstance(instance, dict):
        return instance
    properties = {name: part for one in (parts, *parts.get("allOf", ())) for name, part in _properties(one).items()}
    names = dict.fromkeys([*properties, *instance])
    return {name: as_written(properties.get(name), instance[name]) for name in names if name in instance}


def _properties(schema: Any) -> dict[str, Any]:
    """The properties that a schema names, in order."""
    parts = schema if isinstance(schema, dict) else {}
    constant = parts.get("const")
    names = [
        *(constant if isinstance(constant, dict) else ()),
        *parts.get("properties", ()),
        *parts.get("required", ()),
    ]
    return {name: parts.get("properties", {}).get(name) for name in names if isinstance(name, str)}


def bench_suite(folder: Path, tokenizer: Tokenizer) -> None:
    """How the masks judge the suite's instances, beside what the suite says."""
    ends = tuple(id_ for id_ in (tokenizer.eot_id, tokenizer.eos_id) if id_ is not None)
    grammars = Grammars(grammar_vocabulary(tokenizer, tokenizer.vocab_size, ends))
    counts, schemas, refused = Counter[str](), 0, 0
    for path in sorted(folder.glob("*.json")):
        for case in json.loads(path.read_text()):
            schemas += 1
            if (grammar := compiled(case["schema"])) is None:
                refused += 1
                continue
            for test in case["tests"]:
                text = json.dumps(as_written(case["schema"], test["data"]), ensure_ascii=False)
                accepted = accepts(grammars, grammar, tokenizer.encode(text))
                counts[f"{'valid' if test['valid'] else 'invalid'}, {'accepted' if accepted else 'refused'}"] += 1
                if accepted != test["valid"]:
                    print(f"{path.name}: {case['description']}: {test['description']}: {text[:80]}")
    print(f"suite: {schemas} schemas, {refused} refused with a 400; instances of the others: {dict(counts)}")


def accepts(grammars: Grammars, grammar: str, token_ids: list[int]) -> bool:
    """Whether these tokens are a whole text of the grammar."""
    try:
        matcher = grammars.matcher(grammar, token_ids)
    except GrammarFailure:
        return False
    return bool(matcher.handle.is_accepting())


SCHEMAS: dict[str, Any] = {
    "any object": {"type": "object"},
    "a person": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}},
            "note": {"type": "string", "maxLength": 200},
        },
        "required": ["name", "age", "tags", "note"],
        "additionalProperties": False,
    },
}


def bench_masks(tokenizer: Tokenizer) -> None:
    """Microseconds per mask along random texts, the first and later ones apart."""
    vocabulary = grammar_vocabulary(tokenizer, tokenizer.vocab_size, (tokenizer.eot_id or 0,))
    started = time.perf_counter()
    grammars = Grammars(vocabulary)
    print(f"masks over {tokenizer.vocab_size} tokens; the vocabulary is read in {time.perf_counter() - started:.2f} s")
    writer, rng = MaskWriter(), np.random.default_rng(0)
    mask = np.zeros((1, -(-tokenizer.vocab_size // 32)), np.uint32)
    for name, schema in SCHEMAS.items():
        times: list[float] = []
        for _ in range(20):
            matcher = grammars.matcher(compiled(schema) or "")
            for _ in range(100):
                started = time.perf_counter()
                writer.write([(matcher, 0, ())], mask)
                times.append(time.perf_counter() - started)
                allowed = np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little"))
                if matcher.advance([int(rng.choice(allowed))]) or tokenizer.eot_id in allowed:
                    break
        mean = sum(times) / len(times)
        print(f"  {name}: mean {mean * 1e6:.0f} us, median {median(times) * 1e6:.0f}, worst {max(times) * 1e6:.0f}")


def bench_decode(rows: int, tokens: int = 100, rounds: int = 20) -> None:
    """Tokens per second of cria in free text, in strings, where nothing is forced, and in objects, where much is."""
    with LLM("cria", prefix_caching=False, speculate="off") as llm:
        free = SequenceSpec(0, (1, 2, 3), SamplingParams(seed=0, max_tokens=tokens))
        items = {"strings": {"type": "string"}, "objects": SCHEMAS["a person"]}
        grammars = {kind: compiled({"type": "array", "minItems": 500, "items": item}) for kind, item in items.items()}
        kinds = {"free": free} | {kind: replace(free, grammar=grammar or "") for kind, grammar in grammars.items()}
        best, next_id = dict.fromkeys(kinds, 0.0), 0
        for _ in range(rounds):
            for kind, spec in kinds.items():
                specs = [replace(spec, id=next_id + row) for row in range(rows)]
                best[kind], next_id = max(best[kind], _speed(llm._engine, specs)), next_id + rows
    shares = ", ".join(f"{kind} {speed:.0f} ({speed / best['free']:.2f})" for kind, speed in best.items())
    print(f"decode, tokens/s of {rows} rows: {shares}")


def _speed(engine: Engine, specs: list[SequenceSpec]) -> float:
    for spec in specs:
        engine.add(spec)
    while engine.stats().running < len(specs):
        engine.step()
    before, started = engine.stats().generation_tokens, time.perf_counter()
    while engine.has_work():
        engine.step()
    return (engine.stats().generation_tokens - before) / (time.perf_counter() - started)


def main() -> None:
    """Print the machine, then each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="random schemas")
    parser.add_argument("--suite", type=Path, help="folder of JSON-Schema-Test-Suite, such as tests/draft2020-12")
    parser.add_argument("--tokenizer", type=Path, help="for the masks: Meta's tokenizer.model; else cria's")
    options = parser.parse_args()
    print(machine())
    with LLM("cria") as llm:
        cria = llm.tokenizer
    bench_random(cria, options.count)
    if options.suite:
        bench_suite(options.suite, cria)
    bench_masks(Tokenizer.from_file(options.tokenizer) if options.tokenizer else cria)
    for rows in (1, 8):
        bench_decode(rows)


if __name__ == "__main__":
    main()
