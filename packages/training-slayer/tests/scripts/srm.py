"""A network of spike response neurons that learns the times of its output's spikes, as a user of SLAYER writes it.

    python srm.py FOLDER

FOLDER has network.yaml; spikes go in by 250 neurons, and the one output shall fire at the times of a train of spikes.
"""

# in the style of SLAYER's users, not in that of this project
# ruff: noqa: A001, B007, DTZ005, I001, N801, N803, N816, PLW2901, PTH118, RET504, T201, UP008

import os
import sys
from datetime import datetime

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import snn_training_slayer as snn

folder = sys.argv[1]
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(4)
netParams = snn.params(os.path.join(folder, "network.yaml"))

Ns = int(netParams["simulation"]["tSample"] / netParams["simulation"]["Ts"])
Nin = int(netParams["layer"][0]["dim"])
Nhid = int(netParams["layer"][1]["dim"])
Nout = int(netParams["layer"][2]["dim"])


class spikeDataset(Dataset):
    def __init__(self, folder, Ts):
        self.Ts = Ts
        self.input = snn.io.read1Dspikes(os.path.join(folder, "input.bs1"))
        self.desired = snn.io.read1Dspikes(os.path.join(folder, "desired.bs1"))

    def __getitem__(self, index):
        inputSpikes = self.input.toSpikeTensor(torch.zeros((1, 1, Nin, Ns)), samplingTime=self.Ts)
        desiredSpikes = self.desired.toSpikeTensor(torch.zeros((1, 1, Nout, Ns)), samplingTime=self.Ts)
        return inputSpikes.reshape((Nin, 1, 1, Ns)), desiredSpikes.reshape((Nout, 1, 1, Ns))

    def __len__(self):
        return 1


class Network(torch.nn.Module):
    def __init__(self, netParams):
        super(Network, self).__init__()
        slayer = snn.layer(netParams["neuron"], netParams["simulation"])
        self.slayer = slayer
        self.fc1 = slayer.dense(Nin, Nhid)
        self.fc2 = slayer.dense(Nhid, Nout)

    def forward(self, spikeInput):
        spikeLayer1 = self.slayer.spike(self.fc1(self.slayer.psp(spikeInput)))
        spikeLayer2 = self.slayer.spike(self.fc2(self.slayer.psp(spikeLayer1)))
        return spikeLayer2


if __name__ == "__main__":
    generator = np.random.default_rng(2)
    neuron, time = np.nonzero(generator.random((Nin, 200)) < 0.02)
    snn.io.encode1Dspikes(os.path.join(folder, "input.bs1"), snn.io.event(neuron, None, 0 * neuron, time.astype(float)))
    wanted = np.array([30.0, 74.0, 101.0, 143.0, 180.0])
    zeros = np.zeros(len(wanted), dtype=int)
    snn.io.encode1Dspikes(os.path.join(folder, "desired.bs1"), snn.io.event(zeros, None, zeros, wanted))

    net = Network(netParams).to(device)
    error = snn.loss(netParams).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=netParams["training"]["optimizer"]["lr"], amsgrad=True)
    trainingSet = spikeDataset(folder, netParams["simulation"]["Ts"])
    trainLoader = DataLoader(dataset=trainingSet, batch_size=1, shuffle=False, num_workers=0)
    stats = snn.utils.stats()

    for epoch in range(netParams["training"]["epochs"]):
        tSt = datetime.now()
        for i, (input, target) in enumerate(trainLoader, 0):
            input = input.to(device)
            target = target.to(device)
            output = net.forward(input)
            loss = error.spikeTime(output, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            stats.training.lossSum += loss.cpu().data.item()
            stats.training.numSamples += 1
        if epoch % 50 == 0:
            stats.print(epoch, iter=i, timeElapsed=(datetime.now() - tSt).total_seconds())
        stats.update()

    AER = snn.io.spikeArrayToEvent(output.reshape((1, 1, 1, Ns)).cpu().data.numpy(), samplingTime=trainingSet.Ts)
    print("output spikes at", *AER.t)
    stats.save(folder + os.sep)
    stats.plot(saveFig=True, path=folder + os.sep)
