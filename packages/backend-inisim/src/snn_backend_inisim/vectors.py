"""Vector instructions that the compiler does not find by itself, as functions for compiled kernels.

They are written in LLVM's generic vectors of 16 lanes, which it makes of whatever the processor has: one register of
AVX-512, two of AVX2, four of SSE2 or NEON. Numba compiles for the processor it runs on and keeps a cache for each kind.
All are plain sums and comparisons in a fixed order, so every processor gives the same bits.

Addresses are whole numbers; a kernel gets them from ``array.ctypes.data``. Nothing is checked here.
Numba's cache does not see a change of this file: it is found out of date when the file of a kernel changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16
_SINGLE, _WORD, _INDEX, _WHOLE = ir.FloatType(), ir.IntType(16), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_SINGLE, LANES)
_WORDS = ir.VectorType(_WORD, LANES)
_EIGHT = ir.VectorType(_INDEX, 8)
SUMS = 4  # that a kernel keeps of each 16 neurons, or of fewer blocks more
PLANE_SHIFT = 24  # an event is the row of its weights and, above this bit, the plane that its height is that of

_Code = tuple[Any, Callable[..., Any]]


def _instruction(function: Callable[..., _Code]) -> Any:
    """Return what a compiled kernel calls; numba gives ``function`` the types, with the values of literals."""
    return intrinsic(prefer_literal=True)(function)


@_instruction
def gather(  # type: ignore[no-untyped-def]
    _,
    blocks,
    fires,
    scaled,
    events,
    first,
    last,
    stride,
    steps,
    weight,
    nothing,
    heights,
    bias,
    potential,
    threshold,
    out,
    pace,
) -> _Code:
    """Take the neurons of ``blocks`` times 16 channels of one place through ``steps`` steps, in registers.

    In each step the sum is ``bias`` plus the rows of ``weight`` named by the events from ``first`` to ``last``;
    ``scaled``: each times the height of its plane. ``fires``: the sum is added to ``potential``, neurons at
    ``threshold`` fire and lose it, and ``out`` gets a word of 16 spikes a block; else it gets the sums.

    So that one addition need not wait for the one before, there are 4 / ``blocks`` sums, of which the first begins
    with the bias and the others with 0; events are given to them by turns, and in the end the others are added to the
    first one after the other. A turn that is not full is filled up with ``nothing``, a row of zeros.

    ``first`` and ``last`` are addresses of positions (int32) that move on by ``stride`` bytes a step, ``out`` by
    ``pace``. ``blocks``, ``fires`` and ``scaled`` are literals.
    """
    count, neurons, planes = (kind.literal_value for kind in (blocks, fires, scaled))
    turns = max(1, SUMS // count)
    signature = types.void(blocks, fires, scaled, *[types.int64] * 10, types.float32, types.int64, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        _, _, _, events, first, last, stride, steps, weight, nothing, heights, bias, *others = arguments
        potential, threshold, out, pace = others
        zeros = ir.Constant(_VECTOR, [0.0] * LANES)
        start = [_load(build, bias, n) for n in range(count)] + [zeros] * (count * (turns - 1))
        limit = _splat(build, threshold, _VECTOR)
        before = [_load(build, potential, n) for n in range(count)] if neurons else []

        def weighted(event: Any, inside: Any, sums: list[Any]) -> list[Any]:
            """Return ``sums`` of one turn grown by an event, or by nothing where it is not ``inside``."""
            row = build.zext(build.load(_pointer(build, event, _INDEX)), _WHOLE)
            height = None
            if planes:
                plane = build.shl(build.lshr(row, _whole(PLANE_SHIFT)), _whole(2))
                height = _splat(build, build.load(_pointer(build, build.add(heights, plane), _SINGLE)), _VECTOR)
                row = build.and_(row, _whole((1 << PLANE_SHIFT) - 1))
            place = build.add(weight, build.mul(row, _whole(4 * LANES * count)))
            if inside is not None:
                place = build.select(inside, place, nothing)
            weights = [_load(build, place, n) for n in range(count)]
            if height is None:
                return [build.fadd(sum_, each) for sum_, each in zip(sums, weights, strict=True)]
            return [_fused(build, height, each, sum_) for sum_, each in zip(sums, weights, strict=True)]

        entry, step, full, rest, turn, end, done = _blocks(build, "step", "full", "rest", "turn", "end", "done")
        build.branch(step)

        build.position_at_end(step)
        t, begin, stop, target = (build.phi(_WHOLE) for _ in range(4))
        now = [build.phi(_VECTOR) for _ in before]
        at, until = (_event_at(build, events, position) for position in (begin, stop))
        size = 2 * turns  # events that are added before the next look at the end
        last_full = build.sub(until, _whole(4 * size))
        build.cbranch(build.icmp_signed("<=", at, last_full), full, rest)

        build.position_at_end(full)
        event, sums = build.phi(_WHOLE), [build.phi(_VECTOR) for _ in start]
        grown = list(sums)
        for i in range(size):
            mine = slice(i % turns * count, (i % turns + 1) * count)
            grown[mine] = weighted(build.add(event, _whole(4 * i)), None, grown[mine])
        following = build.add(event, _whole(4 * size))
        _join(event, (at, step), (following, full))
        for sum_, first_, next_ in zip(sums, start, grown, strict=True):
            _join(sum_, (first_, step), (next_, full))
        build.cbranch(build.icmp_signed("<=", following, last_full), full, rest)

        build.position_at_end(rest)
        left, sums = build.phi(_WHOLE), [build.phi(_VECTOR) for _ in start]
        _join(left, (at, step), (following, full))
        for sum_, first_, next_ in zip(sums, start, grown, strict=True):
            _join(sum_, (first_, step), (next_, full))
        build.cbranch(build.icmp_signed("<", left, until), turn, end)

        build.position_at_end(turn)
        event, before_turn = build.phi(_WHOLE), [build.phi(_VECTOR) for _ in start]
        after_turn: list[Any] = []
        for i in range(turns):
            mine = slice(i * count, (i + 1) * count)
            address = build.add(event, _whole(4 * i))
            inside = build.icmp_signed("<", address, until) if i else None
            after_turn += weighted(build.select(inside, address, event) if i else event, inside, before_turn[mine])
        following = build.add(event, _whole(4 * turns))
        _join(event, (left, rest), (following, turn))
        for sum_, first_, next_ in zip(before_turn, sums, after_turn, strict=True):
            _join(sum_, (first_, rest), (next_, turn))
        build.cbranch(build.icmp_signed("<", following, until), turn, end)

        build.position_at_end(end)
        after = []
        totals = [build.phi(_VECTOR) for _ in start]
        for total, first_, last_ in zip(totals, sums, after_turn, strict=True):
            _join(total, (first_, rest), (last_, turn))
        for n in range(count, len(totals)):
            totals[n % count] = build.fadd(totals[n % count], totals[n])
        for n, total in enumerate(totals[:count]):
            if neurons:
                potential_, spikes = _fire(build, build.fadd(now[n], total), limit)
                build.store(spikes, _pointer(build, build.add(target, _whole(2 * n)), _WORD), align=2)
                after.append(potential_)
            else:
                _store(build, total, target, n)
        next_t = build.add(t, _whole(1))
        _join(t, (_whole(0), entry), (next_t, end))
        for moving, origin, by in ((begin, first, stride), (stop, last, stride), (target, out, pace)):
            _join(moving, (origin, entry), (build.add(moving, by), end))
        for potential_, first_, next_ in zip(now, before, after, strict=True):
            _join(potential_, (first_, entry), (next_, end))
        build.cbranch(build.icmp_signed("<", next_t, steps), step, done)

        build.position_at_end(done)
        for n, potential_ in enumerate(after):
            _store(build, potential_, potential, n)
        return context.get_dummy_value()

    return signature, code


@_instruction
def fire(_, steps, potential, z, stride, threshold, outs, pace) -> _Code:  # type: ignore[no-untyped-def]
    """Take four times 16 neurons through ``steps`` steps: ``potential += z``, and fire as `gather` does.

    ``z`` moves on by ``stride`` bytes a step, 0 where it is constant. ``outs`` are the addresses of the four words of
    the first step, which move on by ``pace``.
    """
    four = types.Tuple([types.int64] * 4)  # type: ignore[no-untyped-call]
    signature = types.void(*[types.int64] * 4, types.float32, four, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        steps, potential, z, stride, threshold, outs, pace = arguments
        limit = _splat(build, threshold, _VECTOR)
        before = [_load(build, potential, n) for n in range(4)]
        entry, step, done = _blocks(build, "step", "done")
        build.branch(step)

        build.position_at_end(step)
        t, moved, source = (build.phi(_WHOLE) for _ in range(3))
        now, after = [build.phi(_VECTOR) for _ in before], []
        for n, potential_ in enumerate(now):
            next_, spikes = _fire(build, build.fadd(potential_, _load(build, source, n)), limit)
            build.store(spikes, _pointer(build, build.add(build.extract_value(outs, n), moved), _WORD), align=2)
            after.append(next_)
        next_t = build.add(t, _whole(1))
        for moving, origin, by in ((t, _whole(0), _whole(1)), (moved, _whole(0), pace), (source, z, stride)):
            _join(moving, (origin, entry), (build.add(moving, by), step))
        for potential_, first_, next_ in zip(now, before, after, strict=True):
            _join(potential_, (first_, entry), (next_, step))
        build.cbranch(build.icmp_signed("<", next_t, steps), step, done)

        build.position_at_end(done)
        for n, potential_ in enumerate(after):
            _store(build, potential_, potential, n)
        return context.get_dummy_value()

    return signature, code


@_instruction
def append(_, bits, base, places, events, count) -> _Code:  # type: ignore[no-untyped-def]
    """Write ``base`` plus the place of each bit set in the byte ``bits`` after ``count`` events; return their number.

    ``places`` is the address of `PLACES`. Always eight are written, of which only those of the bits count.
    """
    signature = types.int64(*[types.int64] * 5)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        bits, base, places, events, count = arguments
        entry = _pointer(build, build.add(places, build.shl(bits, _whole(3))), ir.VectorType(ir.IntType(8), 8))
        found = build.zext(build.load(entry, align=8), _EIGHT)
        moved = build.add(found, _splat(build, build.trunc(base, _INDEX), _EIGHT))
        build.store(moved, _pointer(build, build.add(events, build.shl(count, _whole(2))), _EIGHT), align=4)
        return build.add(count, build.ctpop(bits))

    return signature, code


@_instruction
def copy_moved(_, source, base, target) -> _Code:  # type: ignore[no-untyped-def]
    """Copy eight events, with ``base`` added to each."""
    signature = types.void(*[types.int64] * 3)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        source, base, target = arguments
        events = build.load(_pointer(build, source, _EIGHT), align=4)
        moved = build.add(events, _splat(build, build.trunc(base, _INDEX), _EIGHT))
        build.store(moved, _pointer(build, target, _EIGHT), align=4)
        return context.get_dummy_value()

    return signature, code


@_instruction
def bits_in(_, word) -> _Code:  # type: ignore[no-untyped-def]
    """Return how many bits of ``word`` are set."""
    signature = types.int64(types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return build.ctpop(arguments[0])

    return signature, code


@_instruction
def count_bits(_, words, counts) -> _Code:  # type: ignore[no-untyped-def]
    """Add to each of 16 ``counts`` (int32) how many bits of the word of its number are set."""
    signature = types.void(types.int64, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        words, counts = arguments
        wide = ir.VectorType(_INDEX, LANES)
        found = build.zext(_all_bits(build, build.load(_pointer(build, words, _WORDS), align=2)), wide)
        place = _pointer(build, counts, wide)
        build.store(build.add(build.load(place, align=4), found), place, align=4)
        return context.get_dummy_value()

    return signature, code


@_instruction
def turn_words(_, source, stride, target, pace) -> _Code:  # type: ignore[no-untyped-def]
    """Write, for each bit of 16 words, the word of 16 bits that they have there.

    The words are ``stride`` bytes apart, what is written ``pace``.
    """
    signature = types.void(*[types.int64] * 4)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        source, stride, target, pace = arguments
        words = ir.Constant(_WORDS, ir.Undefined)
        for k in range(LANES):
            word = build.load(_pointer(build, source, _WORD), align=2)
            words = build.insert_element(words, word, ir.Constant(_INDEX, k))
            source = build.add(source, stride)
        for bit in range(LANES):
            chosen = build.and_(words, ir.Constant(_WORDS, [1 << bit] * LANES))
            is_set = build.icmp_unsigned("!=", chosen, ir.Constant(_WORDS, [0] * LANES))
            build.store(build.bitcast(is_set, _WORD), _pointer(build, target, _WORD), align=2)
            target = build.add(target, pace)
        return context.get_dummy_value()

    return signature, code


@_instruction
def word_at(_, address) -> _Code:  # type: ignore[no-untyped-def]
    """Return the word of 16 bits at ``address``."""
    signature = types.int64(types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        return build.zext(build.load(_pointer(build, arguments[0], _WORD), align=2), _WHOLE)

    return signature, code


def _places() -> npt.NDArray[np.uint8]:
    places = np.zeros((256, 8), np.uint8)
    for byte in range(256):
        found = [bit for bit in range(8) if byte >> bit & 1]
        places[byte, : len(found)] = found
    places.flags.writeable = False
    return places


PLACES = _places()
"""The places of the bits set in each byte, (256, 8), filled up with 0."""


def _fire(build: ir.IRBuilder, potential: Any, threshold: Any) -> tuple[Any, Any]:
    """Return the potential after the reset by subtraction, and the spikes as a word."""
    spikes = build.fcmp_ordered(">=", potential, threshold)
    after = build.select(spikes, build.fsub(potential, threshold), potential)
    return after, build.bitcast(spikes, _WORD)


def _fused(build: ir.IRBuilder, height: Any, weights: Any, total: Any) -> Any:
    """Return ``height * weights + total``, in one instruction where the processor has it.

    Heights are powers of two, so that the product is exact and both ways give the same bits (but for weights so small
    that the product is no normal number).
    """
    return _call(build, "llvm.fmuladd", _VECTOR, height, weights, total)


def _all_bits(build: ir.IRBuilder, words: Any) -> Any:
    """Return how many bits of each of 16 words are set."""
    return _call(build, "llvm.ctpop", _WORDS, words)


def _call(build: ir.IRBuilder, name: str, kind: Any, *values: Any) -> Any:
    """Return what one of LLVM's functions for whole vectors gives, of the same kind as its arguments."""
    element = "f32" if kind.element is _SINGLE else f"i{kind.element.width}"
    signature = ir.FunctionType(kind, [kind] * len(values))
    function = cgutils.get_or_insert_function(build.module, signature, f"{name}.v{kind.count}{element}")  # type: ignore[no-untyped-call]
    return build.call(function, values)


def _event_at(build: ir.IRBuilder, events: Any, position: Any) -> Any:
    """Return the address of the event whose number stands at the address ``position``."""
    number = build.sext(build.load(_pointer(build, position, _INDEX)), _WHOLE)
    return build.add(events, build.shl(number, _whole(2)))


def _blocks(build: ir.IRBuilder, *names: str) -> list[Any]:
    return [build.block, *(build.append_basic_block(name) for name in names)]


def _join(phi: Any, *sources: tuple[Any, Any]) -> None:
    for value, block in sources:
        phi.add_incoming(value, block)


def _whole(value: int) -> Any:
    return ir.Constant(_WHOLE, value)


def _pointer(build: ir.IRBuilder, address: Any, kind: Any) -> Any:
    return build.inttoptr(address, kind.as_pointer())


def _load(build: ir.IRBuilder, address: Any, block: int) -> Any:
    return build.load(_pointer(build, build.add(address, _whole(4 * LANES * block)), _VECTOR), align=4)


def _store(build: ir.IRBuilder, value: Any, address: Any, block: int) -> None:
    build.store(value, _pointer(build, build.add(address, _whole(4 * LANES * block)), _VECTOR), align=4)


def _splat(build: ir.IRBuilder, value: Any, kind: Any) -> Any:
    """Return a vector that has ``value`` in every lane."""
    empty = ir.Constant(kind, ir.Undefined)
    one = build.insert_element(empty, value, ir.Constant(_INDEX, 0))
    return build.shuffle_vector(one, empty, ir.Constant(ir.VectorType(_INDEX, kind.count), [0] * kind.count))
