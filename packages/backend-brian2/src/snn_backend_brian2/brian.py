"""Brian2 itself, imported and used without the warnings that it has about its own dependencies."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Brian2 2.9 uses what pyparsing is going to drop
    import brian2 as b2
    from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
    from brian2.devices.device import reset_device  # the package has something else of the name of this module

b2.BrianLogger.suppress_name("unused_brian_object")  # a network may be built and never run

__all__ = ["CPPStandaloneDevice", "b2", "preferred", "reset_device"]


@contextmanager
def preferred(codegen: str) -> Iterator[None]:
    """Let Brian2 generate code as ``codegen`` says, and leave its preferences as they were.

    What it makes of programs does not depend on the target, which must be one that runs here.
    """
    before = b2.prefs.codegen.target, b2.prefs.core.stop_on_keyboard_interrupt
    b2.prefs.codegen.target = "numpy" if codegen == "cpp_standalone" else codegen
    b2.prefs.core.stop_on_keyboard_interrupt = False  # which would end a run as if it were done
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        b2.prefs.codegen.target, b2.prefs.core.stop_on_keyboard_interrupt = before
