"""The events of a folder of files, by a plain queue of single events: slow, nothing put off and nothing skipped."""

from __future__ import annotations

import heapq

import numpy as np
from snn_backend_megasim.engine.loading import load


class _Array:
    """Neurons of a convolution or a dense layer."""

    def __init__(self, module):
        self.made, self.kind = module.parameters, module.kind
        fields = self.made.header
        flat = self.kind == "module_fully_connected"
        self.shape = (1, fields["population_size"]) if flat else (fields["Ny_array"], fields["Nx_array"])
        self.potential = np.full(self.shape, fields["MembReset"], np.int64)
        self.allowed = np.zeros(self.shape, np.int64)

    def take(self, port, x, y, polarity):
        kernel, fields = self.made.ports[port].kernel, self.made.ports[port].fields
        if y == -2:
            return True
        if self.kind == "module_fully_connected":
            self.potential[0] += polarity * kernel[y * fields["Nx_array_pre"] + x]
            return False
        for row in range(len(kernel)):
            for column in range(kernel.shape[1]):
                down, across = y + fields["Dy"] + len(kernel) - 1 - row, x + fields["Dx"] + column
                if 0 <= down < self.shape[0] and 0 <= across < self.shape[1]:
                    self.potential[down, across] += polarity * kernel[row, column]
        return False

    def fire(self, time, reset):
        """Return the addresses of the spikes, and whether there is more to come without any event."""
        fields, output = self.made.header, self.made.output
        if reset:
            self.potential[:], self.allowed[:] = fields["MembReset"], 0
            return [], False
        found = []
        for y, x in np.ndindex(*self.shape):
            if self.potential[y, x] < fields["THplus"] or time < self.allowed[y, x]:
                continue
            rest = self.potential[y, x] - fields["THplus"] if fields["Reset_to_reminder"] else fields["MembReset"]
            self.potential[y, x], self.allowed[y, x] = rest, time + max(1, fields["T_Refract"])
            if output["crop_xmin"] <= x <= output["crop_xmax"] and output["crop_ymin"] <= y <= output["crop_ymax"]:
                across = (x + output["xshift_pre"]) // output["x_subsmp"]
                found.append((across, (y + output["yshift_pre"]) // output["y_subsmp"], 1))
        return found, bool((self.potential >= fields["THplus"]).any())


class _Flat:
    def __init__(self, module):
        self.ports, self.kept = module.parameters.ports, []

    def take(self, port, x, y, polarity):
        before = sum(other.fields["Nx_array"] * other.fields["Ny_array"] for other in self.ports[:port])
        self.kept.append((before + y * self.ports[port].fields["Nx_array"] + x, 0, polarity))
        return False

    def fire(self, time, reset):
        found, self.kept = self.kept, []
        return found, False


class _Largest:
    def __init__(self, module):
        self.fields = module.parameters.header
        self.rest()

    def rest(self):
        self.sums = np.zeros((self.fields["Ny_array"], self.fields["Nx_array"]), np.int64)
        self.peaks = np.zeros((self.fields["Ny_out"], self.fields["Nx_out"]), np.int64)

    def take(self, port, x, y, polarity):
        if y != -2:
            self.sums[y, x] += polarity
        return y == -2

    def fire(self, time, reset):
        if reset:
            self.rest()
            return [], False
        fields, found = self.fields, []
        for y, x in np.ndindex(*self.peaks.shape):
            top, left = y * fields["y_stride"] - fields["y_pad"], x * fields["x_stride"] - fields["x_pad"]
            window = self.sums[max(0, top) : top + fields["Ny_pool"], max(0, left) : left + fields["Nx_pool"]]
            growth, self.peaks[y, x] = window.max() - self.peaks[y, x], window.max()
            found += [(x, y, int(np.sign(growth)))] * abs(int(growth))
        return found, False


_KINDS = {"module_flatten": _Flat, "module_max_pool": _Largest}


def events(folder):
    """Return the events of each node, sorted: time, x, y and polarity."""
    files = load(folder)
    modules = [_KINDS.get(module.kind, _Array)(module) for module in files.modules]
    read = {}
    for number, module in enumerate(files.modules):
        for port, node in enumerate(module.instance.inputs):
            read.setdefault(node, []).append((number, port))
    queue = [
        (int(row[0]), number, port, tuple(row[3:].tolist()))
        for node, rows in files.sources.items()
        for number, port in read.get(node, [])
        for row in rows
    ]
    heapq.heapify(queue)
    found = {module.instance.output: [] for module in files.modules}
    while queue and queue[0][0] <= files.last_tick:
        time, number, *_ = queue[0]
        reset = False
        while queue and queue[0][:2] == (time, number):
            _, _, port, event = heapq.heappop(queue)
            if event:
                reset |= modules[number].take(port, *event)
        given, more = modules[number].fire(time, reset)
        node, fields = files.modules[number].instance.output, files.modules[number].parameters.header
        for event in given:
            leaving = time + fields["delay_to_process"]
            found[node].append((leaving, *event))
            for reader, port in read.get(node, []):
                heapq.heappush(queue, (leaving, reader, port, event))
        if more:
            heapq.heappush(queue, (time + 1, number, 0, ()))
    return {node: sorted(rows) for node, rows in found.items()}
