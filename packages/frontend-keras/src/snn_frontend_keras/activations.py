"""Keras's activation functions, as names, as serialised functions and as serialised layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snn import layers as op
from snn.errors import ParseError

from .builder import Value
from .model import class_of
from .options import Json, Options
from .scope import Scope

_PLAIN: Mapping[str, op.Function] = {
    "relu": "relu",
    "softmax": "softmax",
    "exponential": "exponential",
    "gelu": "gelu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "silu": "silu",
    "swish": "silu",
    "softplus": "softplus",
    "softsign": "softsign",
    "tanh": "tanh",
}
_FUNCTIONS = (
    "relu",
    "softmax",
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
)
LAYERS = frozenset({"Activation", "ReLU", "LeakyReLU", "ELU", "Softmax"})


@dataclass(frozen=True)
class Recipe:
    """An activation function: the fields of `snn.layers.Activation`, and the Keras axis of a softmax."""

    function: op.Function
    maximum: float | None = None
    slope: float = 0.0
    axis: Json = -1


def fused(scope: Scope, value: Value) -> Value:
    """Return ``value`` after the function in the layer's setting ``activation``, in a layer of its own."""
    recipe = by_setting(scope, scope.options.value("activation"))
    return value if recipe is None else apply(scope, value, recipe, part=recipe.function)


def activation(scope: Scope) -> Value:
    """Translate a layer that is an activation function."""
    recipe = by_layer(scope, scope.kind, scope.options)
    return scope.input if recipe is None else apply(scope, scope.input, recipe)


def apply(scope: Scope, value: Value, recipe: Recipe, part: str = "") -> Value:
    """Write ``recipe`` down; a softmax wants its axis first."""
    if recipe.function == "softmax":
        rank = len(value.order)
        axis = recipe.axis[0] if isinstance(recipe.axis, list) and len(recipe.axis) == 1 else recipe.axis
        if isinstance(axis, list):
            raise scope.options.refuse("is a softmax over several axes", hint="flatten them into one before it")
        along = scope.axis(axis, "axis", rank)
        value = scope.arrange(value, (along, *(other for other in value.order if other != along)))
    return scope.add(
        op.Activation, value, part=part, function=recipe.function, maximum=recipe.maximum, slope=recipe.slope
    )


def by_setting(scope: Scope, spec: Json) -> Recipe | None:
    """Return the function that ``spec`` is: a name, or a serialised function or layer; None where it does nothing."""
    if spec is None:
        return None
    if isinstance(spec, str):
        return by_name(scope, spec)
    if isinstance(spec, dict) and "class_name" not in spec:  # Keras writes a lambda as code, without a name
        raise _unknown(scope, "lambda")
    if isinstance(spec, dict):
        kind, config = class_of(spec), spec.get("config")
        if spec.get("class_name") == "function" and isinstance(config, str):
            return by_name(
                scope, config if spec.get("module") in (None, "builtins") else f"{spec.get('module')}.{config}"
            )
        if kind in LAYERS and isinstance(config, dict):
            options = Options(f"{scope.where}: its activation ({kind})", config)
            recipe = by_layer(scope, kind, options)
            options.close()
            return recipe
        raise _unknown(scope, kind)
    raise scope.options.fault("activation", spec, "a function")


def by_name(scope: Scope, name: str) -> Recipe | None:
    """Return the function that Keras calls ``name``."""
    for module in ("keras.activations.", "keras.src.activations.activations.", "tf_keras.activations."):
        name = name.removeprefix(module)
    if name == "linear":
        return None
    if name in _PLAIN:
        return Recipe(_PLAIN[name])
    match name:
        case "elu":
            return Recipe("elu", slope=1.0)
        case "relu6":
            return Recipe("relu", maximum=6.0)
        case "leaky_relu":
            return Recipe("leaky_relu", slope=0.2)
        case "hard_sigmoid":
            return Recipe("hard_sigmoid", slope=1 / 6 if _major(scope) >= 3 else 0.2)
    raise _unknown(scope, name)


def by_layer(scope: Scope, kind: str, options: Options) -> Recipe | None:
    """Return the function that a layer of class ``kind`` computes."""
    match kind:
        case "Activation":
            return by_setting(scope, options.value("activation"))
        case "ELU":
            return Recipe("elu", slope=options.real("alpha", 1.0))
        case "LeakyReLU":
            return Recipe(
                "leaky_relu", slope=options.real("negative_slope" if "negative_slope" in options else "alpha", 0.3)
            )
        case "Softmax":
            return Recipe("softmax", axis=options.value("axis", -1))
    return _relu(options)


def _relu(options: Options) -> Recipe:
    maximum = None if options.value("max_value") is None else options.real("max_value")
    slope, threshold = options.real("negative_slope", 0.0), options.real("threshold", 0.0)
    if threshold:
        raise options.refuse(f"is a ReLU with a threshold of {threshold:g}", hint="train it with threshold=0")
    if slope and maximum is not None:
        raise options.refuse(
            "is a ReLU with both a slope below zero and a maximum", hint="train it with one of the two"
        )
    if maximum is not None and maximum <= 0:
        raise options.fault("max_value", maximum, "above 0")
    return Recipe("leaky_relu", slope=slope) if slope else Recipe("relu", maximum=maximum)


def _major(scope: Scope) -> int:
    digits = scope.version.split(".")[0]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 4):
        raise ParseError(
            f"{scope.where}: hard_sigmoid differs between Keras 2 and 3, and the file does not say which one wrote it",
            hint="save the whole model again",
        )
    return int(digits)


def _unknown(scope: Scope, name: str) -> Exception:
    return scope.options.refuse(f"has the activation {name!r}", hint=f"train it with one of {', '.join(_FUNCTIONS)}")
