"""tampu beside llama.cpp, vLLM and transformers on the same random weights: a prompt, one stream, sixteen streams.

Each subject runs in a process of its own, with the Python that `--python` names for it or this one. A subject whose
program is not installed is left out. Beside them stands what the machine can do: how fast its memory is read, in
tokens/s of one stream, and how fast it multiplies, in tokens/s of a prompt.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figures, Generate, rates

Open = Callable[[Path, str, int], Generate]


@dataclass(frozen=True, slots=True)
class Subject:
    """A program with weights of one kind; `module` has `open_<program>`, which this Python may be unable to import."""

    program: str
    quant: str


SUBJECTS: Mapping[str, Subject] = {
    "tampu int8": Subject("tampu", "int8"),
    "tampu int4": Subject("tampu", "int4"),
    "tampu bf16": Subject("tampu", "bf16"),
    "llama.cpp Q8_0": Subject("llama_cpp", "q8_0"),
    "llama.cpp Q4_0": Subject("llama_cpp", "q4_0"),
    "llama.cpp BF16": Subject("llama_cpp", "gguf_bf16"),
    "vLLM W8A8": Subject("vllm", "w8a8"),
    "transformers bf16": Subject("transformers", "hf"),
}
# The peers whose weights have as many bits, by tampu's kind.
ALIKE = {
    "int8": ("llama.cpp Q8_0", "vLLM W8A8"),
    "int4": ("llama.cpp Q4_0",),
    "bf16": ("llama.cpp BF16", "transformers bf16"),
}


def open_subject(subject: Subject, folder: Path, threads: int) -> Generate:
    """The subject in this process; each import is of a program that only its own Python may have."""
    opened: Open
    if subject.program == "tampu":
        from bench.peer_tampu import open_tampu as opened
    elif subject.program == "llama_cpp":
        from bench.peer_llama_cpp import open_llama_cpp as opened
    elif subject.program == "vllm":
        from bench.peer_vllm import open_vllm as opened
    else:
        from bench.peer_transformers import open_transformers as opened
    return opened(folder, subject.quant, threads)


def run_subject(name: str, arguments: argparse.Namespace, folder: Path) -> Figures | None:
    """The subject's figures from a process of its own; None when it is not installed or failed."""
    pythons = dict(pair.split("=", 1) for pair in arguments.python)
    python = pythons.get(SUBJECTS[name].program, sys.executable)
    options = {"--subject": name, "--folder": folder, "--threads": arguments.threads, "--tokens": arguments.tokens}
    command = [python, "-m", "bench.peers", *(str(part) for pair in options.items() for part in pair)]
    command += ["--repeats", str(arguments.repeats), *(["--long"] if arguments.long else [])]
    print(f"  {name} ...", file=sys.stderr, flush=True)
    # A program must find its own libraries, and only the package `bench` of this directory.
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        reason = next((line for line in reversed(done.stderr.splitlines()) if "Error" in line), "no reason given")
        print(f"  {name}: left out ({reason})", file=sys.stderr)
        return None
    figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def print_table(table: Mapping[str, Figures]) -> None:
    """One row per subject."""
    columns = list(next(iter(table.values())))
    print(f"| | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    for name, figures in table.items():
        cells = (figures.get(column) for column in columns)
        print(f"| {name} | {' | '.join('' if cell is None else digits(cell) for cell in cells)} |")


def print_ratios(table: Mapping[str, Figures]) -> None:
    """tampu over the best peer with as many bits, column by column."""
    print("\n| tampu over | " + " | ".join(next(iter(table.values()))) + " |\n|---" * 1, end="")
    print("|---" * len(next(iter(table.values()))) + "|")
    for kind, names in ALIKE.items():
        own = table.get(f"tampu {kind}")
        for name in names:
            if own and (peer := table.get(name)):
                cells = [f"{own[column] / peer[column]:.2f}" if column in peer else "" for column in own]
                print(f"| {name} with {kind} | {' | '.join(cells)} |")


def digits(value: float) -> str:
    """Three that say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def parse_arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=("cria", "1b", "8b"), default="cria")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=64, help="that each stream generates")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--long", action="store_true", help="also read a prompt of 8,192 tokens")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), metavar="SUBJECT")
    parser.add_argument("--python", nargs="*", default=[], metavar="PROGRAM=PATH", help="llama_cpp=..., vllm=...")
    parser.add_argument("--folder", type=Path, help="keep the weights here, and take those that are here already")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--subject", choices=SUBJECTS, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main() -> None:
    """Write the weights, run every subject, print the table with ratios."""
    arguments = parse_arguments()
    if arguments.subject:
        generate = open_subject(SUBJECTS[arguments.subject], arguments.folder, arguments.threads)
        print(json.dumps(rates(generate, arguments.tokens, arguments.repeats, arguments.long)))
        return
    from bench.machine import machine
    from bench.shapes import write_files

    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        table = {}
        for name in arguments.only:
            path = write_files(folder, arguments.shape, SUBJECTS[name].quant)
            if figures := run_subject(name, arguments, folder):
                table[name] = figures
            if not arguments.folder:  # eight billion weights in every form would fill the disk
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    if arguments.json:
        print(json.dumps({"machine": machine(), "shape": arguments.shape, "tokens per second": table}, indent=2))
        return
    print(f"{arguments.shape} shape, random weights, {arguments.threads} threads, tokens/s\n{machine()}\n")
    print_table(table)
    print_ratios(table)


if __name__ == "__main__":
    main()
