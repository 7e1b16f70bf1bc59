"""The trainer `slayer`: its settings, and what they make of a task: a network, a goal, and a way to learn."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from msgspec import Meta
from snn.errors import ConversionWarning, SettingsError
from snn.network import Network
from snn.neurons import Neuron
from snn.progress import Tell, say_nothing
from snn.response_neurons import CurrentBased, SpikeResponse
from snn.settings import PositiveFloat, PositiveInt
from snn.training import Trainer, Training

if TYPE_CHECKING:
    from .checkpoint import Checkpoint
    from .learning import Goal, Learner
    from .model import Model
    from .preparing import Prepared

_FREE = ("epochs", "patience")
"""The settings that may differ when a training goes on from a checkpoint."""

_MANTISSA = 100.0
"""What Loihi's weights are scaled by before they are made as large as they should be: fine enough when rounded."""


@dataclass(frozen=True)
class Slayer(Trainer):
    """SLAYER: error backpropagation through time with a surrogate for a spike's derivative (Shrestha, Orchard 2018)."""

    name: ClassVar[str] = "slayer"
    requires: ClassVar[tuple[str, ...]] = ("torch",)
    trial: ClassVar[Mapping[str, Any]] = MappingProxyType({"layers": ("8", "12", "2"), "epochs": 6, "batch": 16})

    layers: Annotated[
        tuple[str, ...],
        Meta(
            description='The network, as in ["34x34x2", "16c5", "2a", "512", "10"]: input, convolution, pool, dense '
            "layers. Empty where the run file's source is an untrained network."
        ),
    ] = ()
    neurons: Annotated[
        Literal["response", "loihi"],
        Meta(description="Spike response neurons with alpha kernels, or Loihi's, with weights of eight bits."),
    ] = "response"
    threshold: Annotated[
        PositiveFloat | None, Meta(description="Of the neurons; by default 10, and 80 of Loihi's, times 64.")
    ] = None
    tau_ms: Annotated[PositiveFloat, Meta(description="When the response to a spike has its peak.")] = 10.0
    tau_refractory_ms: Annotated[
        PositiveFloat, Meta(description="When the response of a neuron to its own spike has its peak.")
    ] = 1.0
    scale_refractory: Annotated[float, Meta(ge=0, description="The size of that peak, in thresholds.")] = 2.0
    current_decay: Annotated[
        int, Meta(ge=1, le=4096, description="What the current of Loihi's neurons loses in a step, in 4096ths.")
    ] = 1024
    voltage_decay: Annotated[
        int, Meta(ge=0, le=4095, description="What the voltage of Loihi's neurons loses in a step, in 4096ths.")
    ] = 128
    refractory_steps: Annotated[
        PositiveInt, Meta(description="The least steps from a spike of Loihi's neurons to the next.")
    ] = 1
    weight_exponent: Annotated[
        int, Meta(ge=0, le=7, description="Loihi's weights are mantissas times two to this power.")
    ] = 0
    delays: Annotated[bool, Meta(description="Train how long spikes of hidden response neurons take to leave.")] = False
    max_delay_ms: Annotated[PositiveFloat, Meta(description="The longest of these delays.")] = 62.0
    tau_surrogate: Annotated[
        PositiveFloat, Meta(description="Width of what stands for the derivative of a spike, in thresholds.")
    ] = 1.0
    scale_surrogate: Annotated[PositiveFloat, Meta(description="Its height.")] = 1.0
    weight_scale: Annotated[
        PositiveFloat | None,
        Meta(
            description="What random weights between -1 and 1 over the root of the number of inputs are multiplied by; "
            "the original had 10 and 100. By default as much as makes potentials as large as the threshold on the "
            "first samples (root mean square), layer by layer."
        ),
    ] = None
    true_spikes: Annotated[
        PositiveFloat | None,
        Meta(description="Spikes wanted of the output of the right class; by default a fifth of the steps."),
    ] = None
    false_spikes: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="Spikes wanted of each other output; by default a thirtieth of the steps."),
    ] = None
    optimiser: Annotated[
        Literal["adam", "nadam"], Meta(description="Adam with AMSGrad, or that with Nesterov's momentum.")
    ] = "adam"
    learning_rate: Annotated[
        PositiveFloat | None,
        Meta(description="In the unit of the weights; by default 0.01, and 0.1 of Loihi's, which are whole numbers."),
    ] = None
    epochs: PositiveInt = 20
    batch: Annotated[PositiveInt, Meta(description="Samples between two changes of the weights.")] = 8
    dropout: Annotated[
        float, Meta(ge=0, lt=1, description="Share of the hidden neurons that are silent in a presentation.")
    ] = 0.0
    patience: Annotated[
        int,
        Meta(ge=0, description="Stop after so many epochs in which validation has not become better; 0: never."),
    ] = 0
    keep: Annotated[
        Literal["best", "last"], Meta(description="The epoch, by validation accuracy, whose weights come out.")
    ] = "best"
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Meta(description="Where it is computed; auto: cuda where PyTorch has it.")
    ] = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.neurons == "loihi" and self.threshold is not None and self.threshold % 1:
            raise ValueError(
                f"threshold {self.threshold:g} of Loihi's neurons must be a whole number, which is times 64"
            )

    def train(self, task: Training, tell: Tell = say_nothing) -> Network:
        from . import checkpoint  # noqa: PLC0415  brings PyTorch
        from .course import Course  # noqa: PLC0415

        prepared = self.prepared(task)
        learner = self._learner(prepared, task)
        course = Course(learner, task, self._mark(prepared, task), epochs=self.epochs, patience=self.patience)
        last = course.last()
        if last is None and self.weight_scale is None and not (task.network and _has_neurons(task.network)):
            learner.scale()
        last = course.run(last, tell)
        if self.keep == "best" and task.validation is not None:
            checkpoint.put_model(learner.model, last.arrays, "best")
        return self._network(learner.model, last, task)

    def prepared(self, task: Training) -> Prepared:
        """Return the untrained network of ``task``.

        Raises
        ------
        SettingsError
            There is none, or it does not fit the samples.
        UnsupportedLayer
            It has a layer that is not trained here.
        """
        from . import preparing  # noqa: PLC0415

        if bool(self.layers) == (task.network is not None):
            both = "both an untrained network and" if self.layers else "neither an untrained network nor"
            raise SettingsError(
                f"[trainer.slayer] there are {both} layers: one of them says what is trained",
                hint='set trainer.slayer.layers = ["34x34x2", "512", "10"], or source to the file of a network',
            )
        if task.network is None:
            pool = self._pool(task)
            prepared = preparing.from_notation(self.layers, self._neuron, pool, self._scale, task.seed)
        else:
            prepared = preparing.from_network(task.network, self._neuron, self._scale)
        preparing.check(prepared, task.data.shape, task.classes)
        return prepared

    def _neuron(self, name: str) -> Neuron:
        """Return the neurons behind the layer ``name``."""
        where: dict[str, Any] = {"name": f"{name}/fire", "inputs": (name,)}
        if self.neurons == "loihi":
            return CurrentBased(
                **where,
                threshold=64.0 * (self.threshold or 80),
                current_decay=self.current_decay / 4096,
                voltage_decay=self.voltage_decay / 4096,
                refractory_steps=self.refractory_steps,
                integer=True,
            )
        return SpikeResponse(
            **where,
            threshold=self.threshold or 10.0,
            tau_ms=self.tau_ms,
            tau_refractory_ms=self.tau_refractory_ms,
            scale_refractory=self.scale_refractory,
        )

    @property
    def _scale(self) -> float:
        """What random weights are multiplied by."""
        loihi = self.neurons == "loihi"
        unit = 2.0 ** (6 + self.weight_exponent) if loihi else 1.0  # a mantissa of 1 in the network
        return (self.weight_scale or (_MANTISSA if loihi else 1.0)) * unit

    def _pool(self, task: Training) -> float:
        """Return the weight of a pool: one spike in a window makes a spike."""
        threshold = self.threshold or (80.0 if self.neurons == "loihi" else 10.0)
        if self.neurons == "response":
            return 1.1 * threshold
        from ..kernels import integer_kernel  # noqa: PLC0415
        from ..neurons import CurrentBased as Chip  # noqa: PLC0415

        chip = Chip(threshold, self.current_decay, self.voltage_decay, weight_exponent=self.weight_exponent)
        most = float(integer_kernel(chip, task.clock.steps).max())
        return 2 * round(1.1 * chip.level / most / 2) * chip.gain

    def _learner(self, prepared: Prepared, task: Training) -> Learner:
        import torch  # noqa: PLC0415

        from ..optimisers import Nadam  # noqa: PLC0415
        from .learning import Learner  # noqa: PLC0415
        from .model import LARGEST, Model, Rule  # noqa: PLC0415

        if self.device == "cuda" and not torch.cuda.is_available():
            raise SettingsError(
                "[trainer.slayer] device: PyTorch has no cuda here", hint="leave it at auto, or install another PyTorch"
            )
        device = "cuda" if self.device != "cpu" and torch.cuda.is_available() else "cpu"
        rule = Rule(
            dt_ms=task.clock.dt_ms,
            tau_surrogate=self.tau_surrogate,
            scale_surrogate=self.scale_surrogate,
            weight_exponent=self.weight_exponent,
            delays=self.delays,
            max_delay_ms=self.max_delay_ms,
            dropout=self.dropout,
        )
        model = Model(prepared, rule).to(device)
        learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
        make: Any = Nadam if self.optimiser == "nadam" else torch.optim.Adam
        if (largest := model.largest_mantissa()) > LARGEST:
            warnings.warn(
                f"Loihi's weights are at most {LARGEST} times two to the weight_exponent; those that training begins "
                f"with are up to {largest:.3g}, and are cut",
                ConversionWarning,
                stacklevel=4,
            )
        rate = self.learning_rate or (0.1 if model.loihi else 0.01)
        return Learner(model, make(learnt, lr=rate, amsgrad=True), task, self._goal(task), self.batch)

    def _goal(self, task: Training) -> Goal:
        from ..neurons import SpikeResponse as Response  # noqa: PLC0415
        from .learning import Goal  # noqa: PLC0415

        steps = task.clock.steps
        true = steps / 5 if self.true_spikes is None else self.true_spikes
        false = steps / 30 if self.false_spikes is None else self.false_spikes
        if not true > false:
            raise SettingsError(
                f"[trainer.slayer] true_spikes {true:g} is not more than false_spikes {false:g}",
                hint="the right output is to fire more often than others",
            )
        response = Response(1.0, self.tau_ms, self.tau_refractory_ms, self.scale_refractory, 1.0, 1.0)
        return Goal(true, false, 0, steps, response, task.clock.dt_ms)

    def _mark(self, prepared: Prepared, task: Training) -> dict[str, Any]:
        """Return what has to be the same for a training to go on."""
        from snn import storage  # noqa: PLC0415

        settings = {name: value for name, value in dataclasses.asdict(self).items() if name not in _FREE}
        return {
            **settings,
            "layers": list(self.layers),
            "seed": task.seed,
            "duration_ms": task.clock.duration_ms,
            "dt_ms": task.clock.dt_ms,
            "samples": len(task.data),
            "network": storage.digest(prepared.network),
        }

    def _network(self, model: Model, last: Checkpoint, task: Training) -> Network:
        for name, share in model.largest_sums().items():
            if share > 1 and not model.loihi:
                warnings.warn(
                    f"layer {name!r}: its weights add up to {share:.3g} times what float32 adds exactly; spikes of "
                    "other simulators may differ where a potential is at its threshold",
                    ConversionWarning,
                    stacklevel=3,
                )
        best = self.keep == "best" and task.validation is not None
        which = f"epoch {last.best_epoch}, the best by validation" if best else f"epoch {last.epoch}"
        of = f": validation accuracy {100 * last.best:.2f} %" if best and last.best is not None else ""
        told = f"weights of {which}{of}"
        found = model.network()
        return dataclasses.replace(found, provenance=(*found.provenance, told), clock=task.clock)


def _has_neurons(network: Network) -> bool:
    return any(isinstance(layer, Neuron) for layer in network.layers)
