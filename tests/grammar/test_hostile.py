"""Whatever a model wants, an answer that ends by itself matches its schema; `bench/schemas.py` asks 1,000 times."""

from collections import Counter

from tampu.engine.prepare import read_tokenizer
from tampu.model.hub import resolve
from tampu.settings import Paths
from tests.grammar.hostile import is_valid, random_answers


def test_every_answer_of_random_logits_that_ends_by_itself_matches_its_random_schema() -> None:
    tokenizer = read_tokenizer(resolve("cria", Paths.find()))
    outcomes = Counter[str]()
    for schema, outcome, text in random_answers(tokenizer, range(60)):
        outcomes[outcome] += 1
        assert outcome != "stop" or is_valid(schema, text), (schema, text)
    assert set(outcomes) == {"stop", "length", "refused"} and outcomes["stop"] > 40
