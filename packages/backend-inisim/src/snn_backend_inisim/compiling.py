"""Compile the engine's kernels, once on a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from numba import njit
from snn.progress import Progress, Tell

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str, *fastmath: str) -> Callable[[Function], Function]:
    """Return a decorator that has a kernel compiled for ``signature``, without the interpreter's lock.

    ``fastmath`` lists the liberties the compiler may take. None that a kernel asks for may change a result that is
    exact, nor make it depend on which other samples are simulated.
    """

    def decorate(function: Function) -> Function:
        options: dict[str, Any] = {"nogil": True, "fastmath": set(fastmath)}
        try:
            kernel = njit(cache=True, **options)(function)
        except RuntimeError:  # neither the package's folder nor the user's cache folder can be written
            kernel = njit(**options)(function)
        kernel.signature = signature
        return kernel

    return decorate


def prepare(kernels: Iterable[Callable[..., Any]], tell: Tell) -> None:
    """Load every kernel from numba's cache, or compile it; ``tell`` when that takes a while."""
    missing: list[Any] = [kernel for kernel in kernels if not kernel.signatures]  # type: ignore[attr-defined]  # numba's
    for position, kernel in enumerate(missing):
        kernel.compile(kernel.signature)
        kernel.disable_compile()  # other types are a fault, not a reason to compile while a network runs
        if not position and not sum(kernel.stats.cache_hits.values()):
            tell(Progress("build", note="compiling the engine's kernels, once on this machine (about ten seconds)"))
