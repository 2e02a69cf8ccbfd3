"""`python -m tampu` is `tampu`."""

from tampu.cli.main import run

if __name__ == "__main__":
    run()
