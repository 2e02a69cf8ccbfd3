"""Prometheus metrics: ours, and on request the same numbers under vLLM's names so that its dashboards work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tampu.engine.front import FrontStats
from tampu.gateway.writer import StoreStats
from tampu.server.lifecycle import Lifecycle
from tampu.server.records import RequestRecord

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
TOKEN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 131072)
OURS, VLLM = "tampu_", "vllm:"

# Path in FrontStats, our name, vLLM's name or "", whether it only grows, doc.
ENGINE_ROWS: tuple[tuple[str, str, str, bool, str], ...] = (
    ("engine.running", "sequences_running", "num_requests_running", False, "Sequences in the batch."),
    ("engine.waiting", "sequences_waiting", "num_requests_waiting", False, "Sequences in the queue."),
    ("engine.blocks_used", "cache_blocks_used", "", False, "Blocks of the key-value cache in use."),
    ("engine.blocks_total", "cache_blocks", "", False, "Blocks of the key-value cache."),
    ("engine.preemptions", "preemptions", "num_preemptions", True, "Sequences that gave their blocks back."),
    ("engine.prefix_queries", "prefix_queries", "prefix_cache_queries", True, "Prompt tokens looked up in the cache."),
    ("engine.prefix_hits", "prefix_hits", "prefix_cache_hits", True, "Prompt tokens found there."),
    ("engine.guessed_tokens", "guessed_tokens", "spec_decode_num_draft_tokens", True, "Tokens guessed ahead."),
    ("engine.right_guesses", "right_guesses", "spec_decode_num_accepted_tokens", True, "Guessed tokens that came."),
    ("engine.forced_tokens", "forced_tokens", "", True, "Tokens that a grammar left no choice about."),
    ("engine.adapters_loaded", "adapters_loaded", "", False, "Adapters in memory."),
    ("engine.adapter_bytes", "adapter_bytes", "", False, "Memory that they take in bytes."),
    ("engine.adapter_loads", "adapter_loads", "", True, "Times that an adapter was loaded."),
    ("engine.steps", "engine_steps", "", True, "Steps that computed something."),
    ("stranded_requests", "stranded_requests", "", False, "Open requests that no worker has at the moment."),
    ("restarts", "worker_restarts", "", True, "Workers started after the first."),
    ("resumed_requests", "resumed_requests", "", True, "Requests that went on after their worker was lost."),
    ("poisoned_requests", "poisoned_requests", "", True, "Requests given up because two workers died of them."),
    ("refused_requests", "refused_requests", "", True, "Requests refused because the queue was full."),
)
# Attribute of StoreStats, our name, whether it only grows, doc.
STORE_ROWS: tuple[tuple[str, str, bool, str], ...] = (
    ("written", "records_written", True, "Records of generations that were stored."),
    ("lost", "records_lost", True, "Records that could not be stored and never will be."),
    ("failures", "store_failures", True, "Attempts to store records that failed."),
    ("waiting", "records_waiting", False, "Records that are not stored yet."),
    ("writable", "store_writable", False, "1 while records can be stored, 0 while they wait because they cannot."),
)


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast answers were since the start, on the mean; None where there were none."""

    tokens_per_second: float | None = None  # of one answer, after its first token
    seconds_to_first_token: float | None = None


class StoreCollector(Collector):
    """The store's own numbers, read when somebody asks."""

    def __init__(self, stats: Callable[[], StoreStats]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        """One family per row of the table."""
        for attribute, name, grows, doc in STORE_ROWS:
            family = CounterMetricFamily if grows else GaugeMetricFamily
            yield family(OURS + name, doc, value=float(getattr(self._stats(), attribute)))


class EngineCollector(Collector):
    """The engine's own numbers, read when somebody asks."""

    def __init__(self, stats: Callable[[], FrontStats], prefix: str) -> None:
        self._stats = stats
        self._prefix = prefix

    def collect(self) -> Iterator[Metric]:
        """One family per row of the table."""
        stats = self._stats()
        for path, ours, theirs, grows, doc in ENGINE_ROWS:
            name = ours if self._prefix == OURS else theirs
            if name:
                family = CounterMetricFamily if grows else GaugeMetricFamily
                yield family(self._prefix + name, doc, value=float(attrgetter(path)(stats)))
        if self._prefix == VLLM:
            used = stats.engine.blocks_used / max(stats.engine.blocks_total, 1)
            yield GaugeMetricFamily(VLLM + "kv_cache_usage_perc", "Part of the cache in use, 0 to 1.", value=used)


class RequestMetrics:
    """Counts and times of finished generations, under one prefix."""

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        def histogram(name: str, doc: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(prefix + name, doc, ["model_name"], buckets=buckets, registry=registry)

        def counter(name: str, doc: str, *labels: str) -> Counter:
            return Counter(prefix + name, doc, ["model_name", *labels], registry=registry)

        self._prompt = counter("prompt_tokens", "Prompt tokens of finished requests.")
        self._completion = counter("generation_tokens", "Completion tokens of finished requests.")
        self._finished = counter("request_success", "Finished choices by reason.", "finished_reason")
        self._first = histogram("time_to_first_token_seconds", "From the request to its first chunk.", SECONDS)
        self._each = histogram(
            "inter_token_latency_seconds", "Seconds per token after the first, mean of a request.", TOKEN_SECONDS
        )
        self._whole = histogram("e2e_request_latency_seconds", "From the request to its end.", SECONDS)
        self._prompts = histogram("request_prompt_tokens", "Prompt tokens per request.", TOKENS)
        self._completions = histogram("request_generation_tokens", "Completion tokens per request.", TOKENS)

    def speed(self) -> Speed:
        """What was measured, over all names of the model."""
        each, first = mean_of(self._each), mean_of(self._first)
        return Speed(1 / each if each else None, first)

    def observe(self, record: RequestRecord) -> None:
        """Count a generation that gave at least one chunk."""
        first, usage, model = record.seconds_to_first_chunk, record.usage, record.model
        if first is None:
            return
        self._prompt.labels(model).inc(usage.prompt_tokens)
        self._completion.labels(model).inc(usage.completion_tokens)
        self._prompts.labels(model).observe(usage.prompt_tokens)
        self._completions.labels(model).observe(usage.completion_tokens)
        self._first.labels(model).observe(first)
        self._whole.labels(model).observe(record.seconds)
        if usage.completion_tokens > 1:
            self._each.labels(model).observe((record.seconds - first) / (usage.completion_tokens - 1))
        for reason in record.finish_reasons:
            self._finished.labels(model, reason).inc()


def mean_of(histogram: Histogram) -> float | None:
    """The mean of all that was observed, whatever its labels; None where nothing was."""
    samples = [sample for family in histogram.collect() for sample in family.samples]
    total, count = (sum(sample.value for sample in samples if sample.name.endswith(end)) for end in ("_sum", "_count"))
    return total / count if count else None


class Metrics:
    """All of one app's metrics, in a registry of their own."""

    def __init__(
        self,
        stats: Callable[[], FrontStats],
        store_stats: Callable[[], StoreStats],
        lifecycle: Lifecycle,
        vllm_names: bool,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(StoreCollector(store_stats))
        prefixes = (OURS, VLLM) if vllm_names else (OURS,)
        self._requests = [RequestMetrics(self._registry, prefix) for prefix in prefixes]
        for prefix in prefixes:
            self._registry.register(EngineCollector(stats, prefix))
        self._answers = Counter(
            OURS + "http_requests", "HTTP requests by what they asked and got.", ["operation", "status"],
            registry=self._registry,
        )  # fmt: skip
        is_open = Gauge(OURS + "requests_open", "Prompts being answered.", registry=self._registry)
        is_open.set_function(lambda: lifecycle.num_open)
        broken = Gauge(
            OURS + "background_restarts", "Times that work in the background broke and began again.",
            registry=self._registry,
        )  # fmt: skip
        broken.set_function(lambda: lifecycle.num_restarts + store_stats().restarts)

    def observe(self, record: RequestRecord) -> None:
        """Count a finished request. Labels come from our own tables, so a client cannot make up new ones."""
        self._answers.labels(record.operation or "other", str(record.status)).inc()
        for metrics in self._requests:
            metrics.observe(record)

    def speed(self) -> Speed:
        """How fast answers were since the start."""
        return self._requests[0].speed()

    def render(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)
