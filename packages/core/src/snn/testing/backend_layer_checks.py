"""What a backend promises of each kind of layer that it lists: to compute what `snn.layers` says, spike by spike."""

from __future__ import annotations

from collections.abc import Callable

from ..network import Network
from ..neurons import Accumulate, IntegrateFire
from ..simulating import Backend, Stimulus
from . import golden
from . import golden_layers as cases
from .outcome import DoesNotApply
from .running import compare


def _computes(backend: Backend, *makers: Callable[[], cases.Golden]) -> None:
    """Compare what ``makers`` make in every way a sample may enter and be read out, as far as the backend takes it."""
    refused, done = [], 0
    for case in (make() for make in makers):
        readers = (
            golden.reading(case.layers, Accumulate),
            golden.reading(case.layers, IntegrateFire, threshold=golden.BELOW_ONE),
        )
        for reader in readers:
            for how, network, stimulus in golden.ways(case, reader):
                refusal = _refusal(backend, network, stimulus, f"{how}, read out by {reader.kind}")
                refused += [refusal] if refusal else []
                done += not refusal
    if not done:
        raise DoesNotApply(refused[0])


def _refusal(backend: Backend, network: Network, stimulus: Stimulus, where: str) -> str:
    """Compare one network, and return why ``backend`` does not take it, if it does not."""
    try:
        compare(backend, network, stimulus, where)
    except DoesNotApply as outcome:
        return str(outcome)
    return ""


def computes_dense(backend: Backend) -> None:
    """Compute dense layers."""
    _computes(backend, cases.dense)


def computes_conv(backend: Backend) -> None:
    """Compute convolutions, as cross-correlations with channels first."""
    _computes(backend, cases.conv)


def computes_conv_of_one_axis(backend: Backend) -> None:
    """Compute convolutions along one axis."""
    _computes(backend, cases.conv_of_one_axis)


def computes_depthwise_conv(backend: Backend) -> None:
    """Compute depthwise and grouped convolutions, each group from its own channels only."""
    _computes(backend, cases.depthwise_conv, cases.grouped_conv)


def computes_stride_and_padding(backend: Backend) -> None:
    """Compute convolutions with strides and paddings that differ between axes and sides."""
    _computes(backend, cases.strided_padded_conv)


def computes_dilation(backend: Backend) -> None:
    """Compute convolutions with gaps in the kernel."""
    _computes(backend, cases.dilated_conv)


def computes_transposed_conv(backend: Backend) -> None:
    """Compute transposed convolutions whose kernels overlap, cut at the border."""
    _computes(backend, cases.transposed_conv)


def computes_avg_pool(backend: Backend) -> None:
    """Compute average pools without counting the padding."""
    _computes(backend, cases.avg_pool_inside)


def computes_avg_pool_with_padding(backend: Backend) -> None:
    """Compute average pools that count the padding."""
    _computes(backend, cases.avg_pool_padded)


def computes_max_pool(backend: Backend) -> None:
    """Let the largest sum so far of each window pass, step by step."""
    _computes(backend, cases.max_pool)


def computes_overlapping_max_pool(backend: Backend) -> None:
    """Compute max-pools whose windows overlap."""
    _computes(backend, cases.overlapping_max_pool)


def computes_max_pool_of_currents(backend: Backend) -> None:
    """Compute max-pools of currents, which may be negative, with padding that never wins."""
    _computes(backend, cases.max_pool_of_currents)


def computes_upsample(backend: Backend) -> None:
    """Repeat cells along each axis."""
    _computes(backend, cases.upsample)


def computes_pad(backend: Backend) -> None:
    """Put zeros around the spatial axes, on each side as many as are asked for."""
    _computes(backend, cases.pad)


def computes_flatten(backend: Backend) -> None:
    """Flatten channel by channel and row by row, also of images that are not square."""
    _computes(backend, cases.flatten, cases.flatten_before_dense)


def computes_permute(backend: Backend) -> None:
    """Put axes in another order."""
    _computes(backend, cases.permute)


def computes_reshape(backend: Backend) -> None:
    """Keep the order of elements in another shape."""
    _computes(backend, cases.reshape)


def computes_concat(backend: Backend) -> None:
    """Put vectors and channels one after another, in the order of the inputs."""
    _computes(backend, cases.concat, cases.concat_of_channels)


def computes_concat_along_space(backend: Backend) -> None:
    """Put images side by side."""
    _computes(backend, cases.concat_along_space)


def computes_add(backend: Backend) -> None:
    """Add inputs, each times its factor."""
    _computes(backend, cases.add)


def computes_add_per_channel(backend: Backend) -> None:
    """Add inputs, each channel times its own factor."""
    _computes(backend, cases.add_per_channel)


def computes_affine(backend: Backend) -> None:
    """Scale and shift channels, and single elements."""
    _computes(backend, cases.affine, cases.affine_per_element)


def computes_batch_norm(backend: Backend) -> None:
    """Scale and shift channels in a batch normalisation that was left."""
    _computes(backend, cases.batch_norm)
