"""Functions for compiled kernels that are written in LLVM's own language, and what such code is put together from.

It has generic vectors of 16 lanes, which LLVM makes of whatever the processor has: one register of AVX-512, two of
AVX2, four of SSE2 or NEON. Numba compiles for the processor it runs on and keeps a cache for each kind.

Addresses are whole numbers; a kernel gets them from ``array.ctypes.data``. Nothing is checked here.
Numba's cache does not see a change of these functions: it is found out of date when the file of a kernel changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
SINGLE, WORD, INDEX, WHOLE = ir.FloatType(), ir.IntType(16), ir.IntType(32), ir.IntType(64)
VECTOR, WORDS = ir.VectorType(SINGLE, LANES), ir.VectorType(WORD, LANES)

Code: TypeAlias = tuple[Any, Callable[..., Any]]


def instruction(function: Callable[..., Code]) -> Any:
    """Return what a compiled kernel calls; numba gives ``function`` the types, with the values of literals."""
    return intrinsic(prefer_literal=True)(function)


def call(build: ir.IRBuilder, name: str, kind: Any, *values: Any) -> Any:
    """Return what one of LLVM's functions for whole vectors gives, of the same kind as its arguments."""
    element = "f32" if kind.element is SINGLE else f"i{kind.element.width}"
    signature = ir.FunctionType(kind, [kind] * len(values))
    function = cgutils.get_or_insert_function(build.module, signature, f"{name}.v{kind.count}{element}")  # type: ignore[no-untyped-call]
    return build.call(function, values)


def new_blocks(build: ir.IRBuilder, *names: str) -> list[Any]:
    """Return the block that is being written, and new ones."""
    return [build.block, *(build.append_basic_block(name) for name in names)]


def join(phi: Any, *sources: tuple[Any, Any]) -> None:
    """Give ``phi`` its values, each with the block from which it comes."""
    for value, block in sources:
        phi.add_incoming(value, block)


def whole(value: int) -> Any:
    """Return a whole number of 64 bits."""
    return ir.Constant(WHOLE, value)


def pointer(build: ir.IRBuilder, address: Any, kind: Any) -> Any:
    """Return ``address`` as that of a ``kind``."""
    return build.inttoptr(address, kind.as_pointer())


def load(build: ir.IRBuilder, address: Any, block: int) -> Any:
    """Return the 16 numbers of a ``block`` after ``address``."""
    return build.load(pointer(build, build.add(address, whole(4 * LANES * block)), VECTOR), align=4)


def store(build: ir.IRBuilder, value: Any, address: Any, block: int) -> None:
    """Write 16 numbers as a ``block`` after ``address``."""
    build.store(value, pointer(build, build.add(address, whole(4 * LANES * block)), VECTOR), align=4)


def splat(build: ir.IRBuilder, value: Any, kind: Any) -> Any:
    """Return a vector that has ``value`` in every lane."""
    empty = ir.Constant(kind, ir.Undefined)
    one = build.insert_element(empty, value, ir.Constant(INDEX, 0))
    return build.shuffle_vector(one, empty, ir.Constant(ir.VectorType(INDEX, kind.count), [0] * kind.count))
