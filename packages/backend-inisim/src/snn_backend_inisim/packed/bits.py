"""Words of 16 bits in compiled kernels: counting, turning and listing the bits that are set."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from .instructions import (
    INDEX,
    LANES,
    VECTOR,
    WHOLE,
    WORD,
    WORDS,
    Code,
    call,
    instruction,
    load,
    pointer,
    splat,
    store,
    whole,
)

_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_EIGHT, _NUMBERS = ir.VectorType(INDEX, 8), ir.VectorType(INDEX, LANES)


@instruction
def append(_, bits, base, places, events, count) -> Code:  # type: ignore[no-untyped-def]
    """Write ``base`` plus the place of each bit set in the byte ``bits`` after ``count`` events; return their number.

    ``places`` is the address of `PLACES`. Always eight are written, of which only those of the bits count.
    """
    signature = types.int64(*[types.int64] * 5)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        bits, base, places, events, count = arguments
        entry = pointer(build, build.add(places, build.shl(bits, whole(3))), ir.VectorType(ir.IntType(8), 8))
        found = build.zext(build.load(entry, align=8), _EIGHT)
        moved = build.add(found, splat(build, build.trunc(base, INDEX), _EIGHT))
        build.store(moved, pointer(build, build.add(events, build.shl(count, whole(2))), _EIGHT), align=4)
        return build.add(count, build.ctpop(bits))

    return signature, code


@instruction
def copy_moved(_, source, base, target) -> Code:  # type: ignore[no-untyped-def]
    """Copy eight events, with ``base`` added to each."""
    signature = types.void(*[types.int64] * 3)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        source, base, target = arguments
        events = build.load(pointer(build, source, _EIGHT), align=4)
        moved = build.add(events, splat(build, build.trunc(base, INDEX), _EIGHT))
        build.store(moved, pointer(build, target, _EIGHT), align=4)
        return context.get_dummy_value()

    return signature, code


@instruction
def bits_in(_, word) -> Code:  # type: ignore[no-untyped-def]
    """Return how many bits of ``word`` are set."""
    signature = types.int64(types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return build.ctpop(arguments[0])

    return signature, code


@instruction
def count_bits(_, words, counts) -> Code:  # type: ignore[no-untyped-def]
    """Add to each of 16 ``counts`` (int32) how many bits of the word of its number are set."""
    signature = types.void(types.int64, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        words, counts = arguments
        found = build.zext(
            call(build, "llvm.ctpop", WORDS, build.load(pointer(build, words, WORDS), align=2)), _NUMBERS
        )
        place = pointer(build, counts, _NUMBERS)
        build.store(build.add(build.load(place, align=4), found), place, align=4)
        return context.get_dummy_value()

    return signature, code


@instruction
def turn_words(_, source, stride, target, pace) -> Code:  # type: ignore[no-untyped-def]
    """Write, for each bit of 16 words, the word of 16 bits that they have there.

    The words are ``stride`` bytes apart, what is written ``pace``.
    """
    signature = types.void(*[types.int64] * 4)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        source, stride, target, pace = arguments
        words = ir.Constant(WORDS, ir.Undefined)
        for k in range(LANES):
            word = build.load(pointer(build, source, WORD), align=2)
            words = build.insert_element(words, word, ir.Constant(INDEX, k))
            source = build.add(source, stride)
        for bit in range(LANES):
            chosen = build.and_(words, ir.Constant(WORDS, [1 << bit] * LANES))
            is_set = build.icmp_unsigned("!=", chosen, ir.Constant(WORDS, [0] * LANES))
            build.store(build.bitcast(is_set, WORD), pointer(build, target, WORD), align=2)
            target = build.add(target, pace)
        return context.get_dummy_value()

    return signature, code


@instruction
def lower(_, numbers, bits) -> Code:  # type: ignore[no-untyped-def]
    """Take 1 from each of 16 ``numbers`` (int32) whose bit is set; return those that are below 0 then, as bits."""
    signature = types.int64(types.int64, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        left = _changed(build, build.add, *arguments)  # a bit that is set is -1
        below = build.icmp_signed("<", left, ir.Constant(_NUMBERS, [0] * LANES))
        return build.zext(build.bitcast(below, WORD), WHOLE)

    return signature, code


@instruction
def lift(_, numbers, bits) -> Code:  # type: ignore[no-untyped-def]
    """Add 1 to each of 16 ``numbers`` (int32) whose bit is set."""
    signature = types.void(types.int64, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        _changed(build, build.sub, *arguments)
        return context.get_dummy_value()

    return signature, code


@instruction
def put_bits(_, bits, height, target) -> Code:  # type: ignore[no-untyped-def]
    """Write 16 numbers (float32), the ``height`` where the bit is set and 0 elsewhere."""
    signature = types.void(types.int64, types.float32, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        bits, height, target = arguments
        zeros = ir.Constant(VECTOR, [0.0] * LANES)
        store(build, build.select(_each(build, bits), splat(build, height, VECTOR), zeros), target, 0)
        return context.get_dummy_value()

    return signature, code


@instruction
def add_bits(_, bits, height, target) -> Code:  # type: ignore[no-untyped-def]
    """Add ``height`` to those of 16 numbers (float32) whose bit is set."""
    signature = types.void(types.int64, types.float32, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        bits, height, target = arguments
        before = load(build, target, 0)
        more = build.fadd(before, splat(build, height, VECTOR))
        store(build, build.select(_each(build, bits), more, before), target, 0)
        return context.get_dummy_value()

    return signature, code


@instruction
def add_where(_, bits, numbers, target) -> Code:  # type: ignore[no-untyped-def]
    """Add those of 16 ``numbers`` (float64) whose bit is set to the 16 at ``target``."""
    signature = types.void(*[types.int64] * 3)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        bits, numbers, target = arguments
        place = pointer(build, target, _DOUBLES)
        more = build.load(pointer(build, numbers, _DOUBLES), align=8)
        chosen = build.select(_each(build, bits), more, ir.Constant(_DOUBLES, [0.0] * LANES))
        build.store(build.fadd(build.load(place, align=8), chosen), place, align=8)
        return context.get_dummy_value()

    return signature, code


@instruction
def word_at(_, address) -> Code:  # type: ignore[no-untyped-def]
    """Return the word of 16 bits at ``address``."""
    signature = types.int64(types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return build.zext(build.load(pointer(build, arguments[0], WORD), align=2), WHOLE)

    return signature, code


def _each(build: ir.IRBuilder, bits: Any) -> Any:
    """Return the 16 bits of a word as a vector."""
    return build.bitcast(build.trunc(bits, WORD), ir.VectorType(ir.IntType(1), LANES))


def _changed(build: ir.IRBuilder, change: Any, numbers: Any, bits: Any) -> Any:
    """Change each of 16 ``numbers`` by -1 where its bit is set, else by 0; return them."""
    place = pointer(build, numbers, _NUMBERS)
    changed = change(build.load(place, align=4), build.sext(_each(build, bits), _NUMBERS))
    build.store(changed, place, align=4)
    return changed


def _places() -> npt.NDArray[np.uint8]:
    places = np.zeros((256, 8), np.uint8)
    for byte in range(256):
        found = [bit for bit in range(8) if byte >> bit & 1]
        places[byte, : len(found)] = found
    places.flags.writeable = False
    return places


PLACES = _places()
"""The places of the bits set in each byte, (256, 8), filled up with 0."""
