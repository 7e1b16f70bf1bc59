"""A network of Loihi's neurons, with integer weights, that learns the times of its output's spikes.

    python loihi.py FOLDER

FOLDER has network.yaml. It is written as a user of SLAYER writes it.
"""

# in the style of SLAYER's users, not in that of this project
# ruff: noqa: A001, B007, I001, N803, N812, N816, PTH118, RET504, T201, UP008

import os
import sys

import numpy as np
import torch

import snn_training_slayer as snn
from snn_training_slayer import loihi as spikeLayer
from snn_training_slayer import quantizeWeights
from snn_training_slayer.utils import quantize

folder = sys.argv[1]
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(1)
netParams = snn.params(os.path.join(folder, "network.yaml"))

Ts = netParams["simulation"]["Ts"]
Ns = int(netParams["simulation"]["tSample"] / Ts)
Nin, Nhid, Nout = 250, 25, 1


class Network(torch.nn.Module):
    def __init__(self, netParams):
        super(Network, self).__init__()
        slayer = spikeLayer(netParams["neuron"], netParams["simulation"])
        self.slayer = slayer
        self.fc1 = slayer.dense(Nin, Nhid)
        self.fc2 = slayer.dense(Nhid, Nout)

    def forward(self, spike):
        spike = self.slayer.spikeLoihi(self.fc1(spike))
        spike = self.slayer.delayShift(spike, 1)
        spike = self.slayer.spikeLoihi(self.fc2(spike))
        spike = self.slayer.delayShift(spike, 1)
        return spike


if __name__ == "__main__":
    net = Network(netParams).to(device)
    error = snn.loss(netParams, spikeLayer).to(device)
    optimizer = snn.utils.optim.Nadam(net.parameters(), lr=netParams["training"]["optimizer"]["lr"], amsgrad=True)
    stats = snn.utils.stats()

    generator = np.random.default_rng(3)
    neuron, time = np.nonzero(generator.random((Nin, 120)) < 0.03)
    TD = snn.io.event(xEvent=neuron, yEvent=None, pEvent=np.zeros_like(neuron), tEvent=time * Ts)
    snn.io.encodeNpSpikes(os.path.join(folder, "input.npy"), TD, fmt="xypt")
    TD = snn.io.readNpSpikes(os.path.join(folder, "input.npy"), fmt="xypt")
    input = TD.toSpikeTensor(torch.zeros((1, 1, Nin, Ns)), samplingTime=Ts).reshape((1, Nin, 1, 1, Ns)).to(device)
    desired = torch.zeros((1, 1, 1, 1, Ns)).to(device)
    desired[..., [25, 52, 70, 98]] = 1 / Ts

    for epoch in range(netParams["training"]["epochs"]):
        output = net.forward(input)
        loss = error.spikeTime(output, desired)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        stats.training.lossSum += loss.cpu().data.item()
        stats.training.numSamples += 1
        stats.update()
        if stats.training.bestLoss is True:
            torch.save(net.state_dict(), os.path.join(folder, "loihi.pt"))

    net.load_state_dict(torch.load(os.path.join(folder, "loihi.pt")))
    with torch.no_grad():
        output = net.forward(input)
        weight = quantize(net.fc1.weight, 2).flatten(1)
        assert torch.equal(weight, quantizeWeights.apply(net.fc1.weight, 2).flatten(1))
        assert torch.equal(weight, 2 * torch.round(weight / 2))
        spike, current, voltage = net.slayer.spikeLoihiFull(net.fc1(input))
        assert torch.equal(voltage, net.slayer.getVoltage(net.fc1(input)))
    print("best loss", stats.training.minloss, "first loss", stats.training.lossLog[0])
    print("output spikes at", *(torch.nonzero(output.flatten()).flatten() * Ts).tolist())
    stats.save(folder + os.sep)
