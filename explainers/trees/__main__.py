"""`python -m explainers.trees`: compile the kernels ahead, so that the dashboard and every command start at once."""

from __future__ import annotations

from time import perf_counter

from explainers.trees.warming import warm_everything


def main() -> None:
    """Compile or load every kernel, and say what is going on."""
    begun = perf_counter()
    warm_everything(lambda words: print(f"  {perf_counter() - begun:4.0f} s  {words}", flush=True))
    print(f"Ready after {perf_counter() - begun:.0f} s.")


if __name__ == "__main__":
    main()
