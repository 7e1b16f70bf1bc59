"""Sums of weights and the neurons behind them, in vector registers: the inner loops of the packed engine.

All are plain sums and comparisons in a fixed order, and products by powers of two, so every processor gives the same
bits.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from .instructions import (
    INDEX,
    LANES,
    SINGLE,
    VECTOR,
    WHOLE,
    WORD,
    Code,
    call,
    instruction,
    join,
    load,
    new_blocks,
    pointer,
    splat,
    store,
    whole,
)

SUMS = 4  # that a kernel keeps of each 16 neurons, or of fewer blocks more
PLANE_SHIFT = 24  # an event is the row of its weights and, above this bit, the plane that its height is that of


@instruction
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
) -> Code:
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
        zeros = ir.Constant(VECTOR, [0.0] * LANES)
        start = [load(build, bias, n) for n in range(count)] + [zeros] * (count * (turns - 1))
        limit = splat(build, threshold, VECTOR)
        before = [load(build, potential, n) for n in range(count)] if neurons else []

        def weighted(event: Any, inside: Any, sums: list[Any]) -> list[Any]:
            """Return ``sums`` of one turn grown by an event, or by nothing where it is not ``inside``."""
            row = build.zext(build.load(pointer(build, event, INDEX)), WHOLE)
            height = None
            if planes:
                plane = build.shl(build.lshr(row, whole(PLANE_SHIFT)), whole(2))
                height = splat(build, build.load(pointer(build, build.add(heights, plane), SINGLE)), VECTOR)
                row = build.and_(row, whole((1 << PLANE_SHIFT) - 1))
            place = build.add(weight, build.mul(row, whole(4 * LANES * count)))
            if inside is not None:
                place = build.select(inside, place, nothing)
            weights = [load(build, place, n) for n in range(count)]
            if height is None:
                return [build.fadd(sum_, each) for sum_, each in zip(sums, weights, strict=True)]
            return [_fused(build, height, each, sum_) for sum_, each in zip(sums, weights, strict=True)]

        entry, step, full, rest, turn, end, done = new_blocks(build, "step", "full", "rest", "turn", "end", "done")
        build.branch(step)

        build.position_at_end(step)
        t, begin, stop, target = (build.phi(WHOLE) for _ in range(4))
        now = [build.phi(VECTOR) for _ in before]
        at, until = (_event_at(build, events, position) for position in (begin, stop))
        size = 2 * turns  # events that are added before the next look at the end
        last_full = build.sub(until, whole(4 * size))
        build.cbranch(build.icmp_signed("<=", at, last_full), full, rest)

        build.position_at_end(full)
        event, sums = build.phi(WHOLE), [build.phi(VECTOR) for _ in start]
        grown = list(sums)
        for i in range(size):
            mine = slice(i % turns * count, (i % turns + 1) * count)
            grown[mine] = weighted(build.add(event, whole(4 * i)), None, grown[mine])
        following = build.add(event, whole(4 * size))
        join(event, (at, step), (following, full))
        for sum_, first_, next_ in zip(sums, start, grown, strict=True):
            join(sum_, (first_, step), (next_, full))
        build.cbranch(build.icmp_signed("<=", following, last_full), full, rest)

        build.position_at_end(rest)
        left, sums = build.phi(WHOLE), [build.phi(VECTOR) for _ in start]
        join(left, (at, step), (following, full))
        for sum_, first_, next_ in zip(sums, start, grown, strict=True):
            join(sum_, (first_, step), (next_, full))
        build.cbranch(build.icmp_signed("<", left, until), turn, end)

        build.position_at_end(turn)
        event, before_turn = build.phi(WHOLE), [build.phi(VECTOR) for _ in start]
        after_turn: list[Any] = []
        for i in range(turns):
            mine = slice(i * count, (i + 1) * count)
            address = build.add(event, whole(4 * i))
            inside = build.icmp_signed("<", address, until) if i else None
            after_turn += weighted(build.select(inside, address, event) if i else event, inside, before_turn[mine])
        following = build.add(event, whole(4 * turns))
        join(event, (left, rest), (following, turn))
        for sum_, first_, next_ in zip(before_turn, sums, after_turn, strict=True):
            join(sum_, (first_, rest), (next_, turn))
        build.cbranch(build.icmp_signed("<", following, until), turn, end)

        build.position_at_end(end)
        after = []
        totals = [build.phi(VECTOR) for _ in start]
        for total, first_, last_ in zip(totals, sums, after_turn, strict=True):
            join(total, (first_, rest), (last_, turn))
        for n in range(count, len(totals)):
            totals[n % count] = build.fadd(totals[n % count], totals[n])
        for n, total in enumerate(totals[:count]):
            if neurons:
                potential_, spikes = _fire(build, build.fadd(now[n], total), limit)
                build.store(spikes, pointer(build, build.add(target, whole(2 * n)), WORD), align=2)
                after.append(potential_)
            else:
                store(build, total, target, n)
        next_t = build.add(t, whole(1))
        join(t, (whole(0), entry), (next_t, end))
        for moving, origin, by in ((begin, first, stride), (stop, last, stride), (target, out, pace)):
            join(moving, (origin, entry), (build.add(moving, by), end))
        for potential_, first_, next_ in zip(now, before, after, strict=True):
            join(potential_, (first_, entry), (next_, end))
        build.cbranch(build.icmp_signed("<", next_t, steps), step, done)

        build.position_at_end(done)
        for n, potential_ in enumerate(after):
            store(build, potential_, potential, n)
        return context.get_dummy_value()

    return signature, code


@instruction
def fire(_, steps, potential, z, stride, threshold, outs, pace) -> Code:  # type: ignore[no-untyped-def]
    """Take four times 16 neurons through ``steps`` steps: ``potential += z``, and fire as `gather` does.

    ``z`` moves on by ``stride`` bytes a step, 0 where it is constant. ``outs`` are the addresses of the four words of
    the first step, which move on by ``pace``.
    """
    four = types.Tuple([types.int64] * 4)  # type: ignore[no-untyped-call]
    signature = types.void(*[types.int64] * 4, types.float32, four, types.int64)

    def code(context: Any, build: ir.IRBuilder, _signature: Any, arguments: Any) -> Any:
        steps, potential, z, stride, threshold, outs, pace = arguments
        limit = splat(build, threshold, VECTOR)
        before = [load(build, potential, n) for n in range(4)]
        entry, step, done = new_blocks(build, "step", "done")
        build.branch(step)

        build.position_at_end(step)
        t, moved, source = (build.phi(WHOLE) for _ in range(3))
        now, after = [build.phi(VECTOR) for _ in before], []
        for n, potential_ in enumerate(now):
            next_, spikes = _fire(build, build.fadd(potential_, load(build, source, n)), limit)
            build.store(spikes, pointer(build, build.add(build.extract_value(outs, n), moved), WORD), align=2)
            after.append(next_)
        next_t = build.add(t, whole(1))
        for moving, origin, by in ((t, whole(0), whole(1)), (moved, whole(0), pace), (source, z, stride)):
            join(moving, (origin, entry), (build.add(moving, by), step))
        for potential_, first_, next_ in zip(now, before, after, strict=True):
            join(potential_, (first_, entry), (next_, step))
        build.cbranch(build.icmp_signed("<", next_t, steps), step, done)

        build.position_at_end(done)
        for n, potential_ in enumerate(after):
            store(build, potential_, potential, n)
        return context.get_dummy_value()

    return signature, code


def _fire(build: ir.IRBuilder, potential: Any, threshold: Any) -> tuple[Any, Any]:
    """Return the potential after the reset by subtraction, and the spikes as a word."""
    spikes = build.fcmp_ordered(">=", potential, threshold)
    after = build.select(spikes, build.fsub(potential, threshold), potential)
    return after, build.bitcast(spikes, WORD)


def _fused(build: ir.IRBuilder, height: Any, weights: Any, total: Any) -> Any:
    """Return ``height * weights + total``, in one instruction where the processor has it.

    Heights are powers of two, so that the product is exact and both ways give the same bits (but for weights so small
    that the product is no normal number).
    """
    return call(build, "llvm.fmuladd", VECTOR, height, weights, total)


def _event_at(build: ir.IRBuilder, events: Any, position: Any) -> Any:
    """Return the address of the event whose number stands at the address ``position``."""
    number = build.sext(build.load(pointer(build, position, INDEX)), WHOLE)
    return build.add(events, build.shl(number, whole(2)))
