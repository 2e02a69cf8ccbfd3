"""`python -m tampu` is `tampu`."""

import sys


def run() -> None:
    """The entry point. Ctrl-C ends tampu without a traceback also while its commands are being loaded."""
    try:
        from tampu.cli.main import run as run_commands

        run_commands()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
