"""Which layers a network has when it is used: Caffe's rules of phase, level and stage."""

from __future__ import annotations

from dataclasses import dataclass

from snn.errors import ParseError

from .options import Options

_PHASES = {"TRAIN": 0, "TEST": 1}
_LOW = -(2**31)


@dataclass(frozen=True)
class State:
    """The state in which a network is: always in the phase TEST, at a level, in some stages."""

    level: int
    stages: frozenset[str]


def included(layer: Options, state: State) -> bool:
    """Return whether ``layer`` is in a network of this state: by one of its include rules, or by no exclude rule."""
    include, exclude = layer.blocks("include"), layer.blocks("exclude")
    if include and exclude:
        raise ParseError(f"{layer.where} has both include and exclude rules", hint="keep one kind, as Caffe wants it")
    met = [_meets(state, rule) for rule in (include or exclude)]
    return any(met) if include else not any(met)


def _meets(state: State, rule: Options) -> bool:
    wanted, unwanted = rule.texts("stage"), rule.texts("not_stage")
    met = [
        rule.word("phase", "TEST", _PHASES) == "TEST",
        rule.whole("min_level", state.level, _LOW) <= state.level,
        rule.whole("max_level", state.level, _LOW) >= state.level,
        state.stages.issuperset(wanted),
        state.stages.isdisjoint(unwanted),
    ]
    rule.close()
    return all(met)
