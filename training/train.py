"""Train cria: one process, one CPU thread or two, steps that fit a budget of minutes.

    python -m training.train --run RUN --tokenizer tokenizer.json --minutes 80
    python -m training.train --run RUN --tokenizer tokenizer.json --minutes 20 --decay 1.0     # go on, and anneal

* RUN keeps `checkpoint.pt`, `progress.jsonl`; a second start goes on from the checkpoint.
* The learning rate warms up, stays, and over the last `--decay` share of the budget falls to zero.
* The budget is `--minutes`, or `--steps` where a run is to be repeated exactly.
* The data stream follows from the seed and the pool number alone.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from training.model import Cria, CriaConfig, cria_loss
from training.optimizer import Muon
from training.stream import BUCKETS, TokenBatch, batches

WARMUP_STEPS = 80
SAVE_EVERY_S = 120.0
REPORT_EVERY = 20


@dataclass(slots=True)
class Progress:
    """Where the run stands; kept in the checkpoint."""

    step: int = 0
    tokens: int = 0  # real and padding alike
    targets: int = 0
    pool: int = 0
    seconds: float = 0.0


class Trainer:
    """The model, its two optimisers, and the step that moves them."""

    def __init__(self, config: CriaConfig, matrix_lr: float, vector_lr: float) -> None:
        self.model = Cria(config)
        matrices = [p for p in self.model.layers.parameters() if p.ndim == 2]
        others = [p for p in self.model.parameters() if not any(p is m for m in matrices)]
        self.muon = Muon(matrices, lr=matrix_lr, weight_decay=0.05)
        self.adam = torch.optim.Adam(others, lr=vector_lr, betas=(0.9, 0.98), eps=1e-10)
        self.peaks = (matrix_lr, vector_lr)

    def step(self, batch: TokenBatch, rate: float) -> float:
        """One update at `rate` times the peak learning rates; the batch's loss."""
        for optimizer, peak in zip((self.muon, self.adam), self.peaks, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * rate
        loss = cria_loss(self.model, batch.token_ids, batch.weights)
        loss.backward()
        self.muon.step()
        self.adam.step()
        self.model.zero_grad(set_to_none=True)
        return float(loss.detach())

    def save(self, path: Path, progress: Progress) -> None:
        """Write a checkpoint; the old one stays until the new one is whole."""
        state = {
            "config": asdict(self.model.config),
            "model": self.model.state_dict(),
            "muon": self.muon.state_dict(),
            "adam": self.adam.state_dict(),
            "progress": asdict(progress),
        }
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def load(self, path: Path) -> Progress:
        """Take up a checkpoint."""
        state = torch.load(path)
        self.model.load_state_dict(state["model"])
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        return Progress(**state["progress"])


def rate_at(step: int, share: float, decay: float) -> float:
    """Learning rate against its peak, `share` of this start's budget being spent."""
    warmup = min(1.0, (step + 1) / WARMUP_STEPS)
    return warmup * min(1.0, max(0.0, (1.0 - share) / max(decay, 1e-9)))


def train(options: argparse.Namespace) -> None:
    """Run until the budget is spent."""
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    options.run.mkdir(parents=True, exist_ok=True)
    checkpoint = options.run / "checkpoint.pt"
    trainer = Trainer(CriaConfig(), options.matrix_lr, options.vector_lr)
    progress = trainer.load(checkpoint) if checkpoint.exists() else Progress()
    if options.compile:
        torch._dynamo.config.recompile_limit = 2 * len(BUCKETS)  # one compilation for each row length
        trainer.model.forward = torch.compile(trainer.model.forward, dynamic=False)  # type: ignore[method-assign]
    stream = batches(Tokenizer.from_file(str(options.tokenizer)), options.seed, progress.pool, options.batch_tokens)
    _loop(trainer, progress, stream, options, checkpoint)
    trainer.save(checkpoint, progress)


def _loop(
    trainer: Trainer, progress: Progress, stream: Iterator[TokenBatch], options: argparse.Namespace, checkpoint: Path
) -> None:
    started = saved = reported = time.monotonic()
    first_step, seconds_before, tokens_reported, losses = progress.step, progress.seconds, progress.tokens, []
    for batch in stream:
        now = time.monotonic()
        share = _share(options, now - started, progress.step - first_step)
        if share >= 1.0:
            break
        if (options.run / "stop").exists():
            break
        rate = rate_at(progress.step, share, options.decay)
        losses.append(trainer.step(batch, rate))
        progress.step += 1
        progress.tokens += batch.token_ids.numel()
        progress.targets += int(batch.weights.sum())
        progress.pool = batch.pool + 1  # a new start begins with a fresh pool
        progress.seconds = seconds_before + time.monotonic() - started
        if progress.step % REPORT_EVERY == 0:
            speed = (progress.tokens - tokens_reported) / (time.monotonic() - reported)
            _report(options.run, progress, losses, rate, speed, share)
            reported, tokens_reported, losses = time.monotonic(), progress.tokens, []
        if time.monotonic() - saved > SAVE_EVERY_S:
            trainer.save(checkpoint, progress)
            saved = time.monotonic()


def _share(options: argparse.Namespace, seconds: float, steps: int) -> float:
    spent, budget = (steps, options.steps) if options.steps else (seconds, 60.0 * options.minutes)
    return float(spent / budget)


def _report(run: Path, progress: Progress, losses: list[float], rate: float, speed: float, share: float) -> None:
    loss = sum(losses) / len(losses)
    figures = {"step": progress.step, "tokens": progress.tokens, "targets": progress.targets, "loss": round(loss, 4)}
    figures |= {"rate": round(rate, 3), "tokens_per_s": round(speed), "share": round(share, 3), "pool": progress.pool}
    print(json.dumps(figures), flush=True)
    with (run / "progress.jsonl").open("a") as log:
        log.write(json.dumps(figures | {"seconds": round(progress.seconds)}) + "\n")


def main() -> None:
    """Read the options and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=80.0)
    parser.add_argument("--steps", type=int, default=0, help="a budget in steps instead of minutes")
    parser.add_argument("--decay", type=float, default=0.25, help="share of the budget over which the rate falls")
    parser.add_argument("--matrix-lr", type=float, default=3e-3)
    parser.add_argument("--vector-lr", type=float, default=3e-3)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--compile", action="store_true", help="let torch.compile fuse the small operations")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
