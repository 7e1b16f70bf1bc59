"""Results for tests: made by hand, of any size, with any names."""

from __future__ import annotations

import dataclasses

import numpy as np
from snn import layers as op
from snn.clock import Clock
from snn.converting import convert
from snn.measures.layer import PARTS, ErrorPart, LayerMeasures
from snn.network import Network
from snn.neurons import Neuron
from snn.result import Result
from snn.shown import ShownLayer, ShownSample
from snn.simulating import Events


def networks(name="relu", *, hidden=6, classes=3, depth=1, shape=(1, 2, 2)):
    """Return the stages of a network of ``depth`` hidden layers; the first activation is called ``name``."""
    generator = np.random.default_rng(0)
    layers = [op.Input(name="image", shape=shape), op.Flatten(name="flat", inputs=("image",))]
    size = int(np.prod(shape))
    for index in range(depth):
        weight = generator.normal(size=(hidden, size)) / size
        own = name if index == 0 else f"{name}{index}"
        layers.append(op.Dense(name=f"dense{index}", inputs=(layers[-1].name,), weight=weight, bias=np.zeros(hidden)))
        layers.append(op.Activation(name=own, inputs=(layers[-1].name,), function="relu"))
        size = hidden
    weight = generator.normal(size=(classes, size))
    layers.append(op.Dense(name="classes", inputs=(layers[-1].name,), weight=weight, bias=np.zeros(classes)))
    parsed = Network(tuple(layers), ("parsed from toy.keras",))
    analog = {"parsed": parsed}
    normalised = dataclasses.replace(parsed, stage="normalised", analog=analog)
    return {**analog, "normalised": normalised, "spiking": convert(normalised)}


def result(name="relu", *, samples=8, steps=4, seed=0, spikes=True, **sizes):
    """Return a result with everything in it."""
    found = networks(name, **sizes)
    spiking, generator = found["spiking"], np.random.default_rng(seed)
    classes = int(np.prod(spiking.shapes[spiking.output.name]))
    labels = generator.integers(0, classes, samples)
    other = generator.integers(-1, classes, (steps, samples))
    given = np.where(generator.random((steps, samples)) < 0.7, labels, other)
    neurons = [layer for layer in spiking.layers if isinstance(layer, Neuron)]
    return Result(
        name="toy",
        backend="reference",
        clock=Clock(float(steps), 1.0),
        networks=found,
        labels=labels,
        analog=np.where(generator.random(samples) < 0.8, labels, 0),
        spiking=given,
        operations=np.cumsum(generator.integers(1, 50, (steps, samples)), axis=0).astype(float),
        analog_operations=1000,
        seconds=0.25,
        facts={"engine": "none", "build_seconds": 0.123456},
        ranks=generator.integers(0, classes, (steps, samples)),
        analog_ranks=generator.integers(0, classes, samples),
        layers=tuple(measures(layer, int(np.prod(spiking.shapes[layer.name])), generator) for layer in neurons),
        shown=ShownSample(
            0,
            0,
            generator.random(spiking.shapes["image"]).astype(np.float32),
            tuple(shown(layer, spiking.shapes[layer.name], steps, generator, spikes) for layer in neurons),
        ),
        tables={"name": "toy", "simulate": {"duration_ms": float(steps)}},
        command="snn run 'runs/a b/run.toml'",
    )


def measures(layer, neurons, generator):
    points = generator.random((200, 2)).astype(np.float32)
    points[:50] = 0
    budget = {part: ErrorPart(0.01, 0.03, share) for part, share in zip(PARTS, (0.02, -0.005, 0.01, 0.0), strict=True)}
    fired = {"spikes": 12.5, "rate_hz": 3.25, "silent": 1, "lost": 1, "saturated": 2} if layer.spiking else {}
    return LayerMeasures(
        layer.name,
        layer.kind,
        neurons,
        samples=8,
        compared=8,
        **fired,
        correlation=0.9876,
        activation=0.4,
        value=0.41,
        deviation=ErrorPart(0.01, 0.025, 0.025),
        budget=budget,
        points=points,
    )


def shown(layer, shape, steps, generator, spikes):
    size = int(np.prod(shape))
    number = 3 * size if spikes else 0
    step = np.sort(generator.integers(0, steps, number)).astype(np.int32)
    neuron = generator.integers(0, size, number).astype(np.int32)
    events = Events(step, np.zeros_like(step), neuron, np.ones(number, np.int8)) if layer.spiking else None
    return ShownLayer(
        layer.name,
        activation=generator.random(shape).astype(np.float32),
        value=generator.random(shape).astype(np.float32),
        spikes=events,
        potentials=generator.normal(size=(steps, *shape)).astype(np.float32),
    )


def bare():
    """Return a result with nothing in it but what every run has."""
    whole = result()
    return dataclasses.replace(
        whole,
        networks={"spiking": whole.networks["spiking"]},
        labels=np.full_like(whole.labels, -1),
        analog=None,
        analog_ranks=None,
        ranks=None,
        operations=None,
        analog_operations=None,
        layers=(),
        shown=None,
        facts={},
        tables={},
        command="",
    )
