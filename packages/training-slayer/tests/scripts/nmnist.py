"""Digits of N-MNIST, by the number of spikes of ten outputs, as a user of SLAYER writes it.

    python nmnist.py FOLDER

FOLDER has network.yaml, which names the recordings and the lists of samples (a line each: number, class).
"""

# in the style of SLAYER's users, not in that of this project
# ruff: noqa: A001, DTZ005, I001, N801, N803, N816, PLW2901, PTH118, RET504, UP008

import os
import sys
from datetime import datetime

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

import snn_training_slayer as snn

folder = sys.argv[1]
netParams = snn.params(os.path.join(folder, "network.yaml"))


class nmnistDataset(Dataset):
    def __init__(self, datasetPath, sampleFile, samplingTime, sampleLength):
        self.path = datasetPath
        self.samples = np.loadtxt(sampleFile).astype("int")
        self.samplingTime = samplingTime
        self.nTimeBins = int(sampleLength / samplingTime)

    def __getitem__(self, index):
        inputIndex = self.samples[index, 0]
        classLabel = self.samples[index, 1]
        inputSpikes = snn.io.read2Dspikes(os.path.join(self.path, str(inputIndex.item()) + ".bs2")).toSpikeTensor(
            torch.zeros((2, 34, 34, self.nTimeBins)), samplingTime=self.samplingTime
        )
        desiredClass = torch.zeros((10, 1, 1, 1))
        desiredClass[classLabel, ...] = 1
        return inputSpikes, desiredClass, classLabel

    def __len__(self):
        return self.samples.shape[0]


class Network(torch.nn.Module):
    def __init__(self, netParams):
        super(Network, self).__init__()
        slayer = snn.layer(netParams["neuron"], netParams["simulation"])
        self.slayer = slayer
        self.fc1 = slayer.dense((34, 34, 2), 64)
        self.fc2 = slayer.dense(64, 10)

    def forward(self, spikeInput):
        spikeLayer1 = self.slayer.spike(self.slayer.psp(self.fc1(spikeInput)))
        spikeLayer2 = self.slayer.spike(self.slayer.psp(self.fc2(spikeLayer1)))
        return spikeLayer2


if __name__ == "__main__":
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    net = Network(netParams).to(device)
    error = snn.loss(netParams).to(device)
    optimizer = snn.utils.optim.Nadam(net.parameters(), lr=0.01, amsgrad=True)

    sets = [
        nmnistDataset(
            datasetPath=netParams["training"]["path"]["in"],
            sampleFile=netParams["training"]["path"][name],
            samplingTime=netParams["simulation"]["Ts"],
            sampleLength=netParams["simulation"]["tSample"],
        )
        for name in ("train", "test")
    ]
    trainLoader = DataLoader(dataset=sets[0], batch_size=4, shuffle=True, num_workers=0)
    testLoader = DataLoader(dataset=sets[1], batch_size=4, shuffle=False, num_workers=0)
    stats = snn.utils.stats()

    for epoch in range(netParams["training"]["epochs"]):
        stats.training.reset()
        tSt = datetime.now()
        for i, (input, target, label) in enumerate(trainLoader, 0):
            net.train()
            input = input.to(device)
            target = target.to(device)
            output = net.forward(input)
            stats.training.correctSamples += torch.sum(snn.predict.getClass(output) == label).data.item()
            stats.training.numSamples += len(label)
            loss = error.numSpikes(output, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            stats.training.lossSum += loss.cpu().data.item()
            stats.print(epoch, i, (datetime.now() - tSt).total_seconds())

        stats.testing.reset()
        for i, (input, target, label) in enumerate(testLoader, 0):
            net.eval()
            with torch.no_grad():
                input = input.to(device)
                target = target.to(device)
                output = net.forward(input)
            stats.testing.correctSamples += torch.sum(snn.predict.getClass(output) == label).data.item()
            stats.testing.numSamples += len(label)
            loss = error.numSpikes(output, target)
            stats.testing.lossSum += loss.cpu().data.item()
            stats.print(epoch, i)

        stats.update()
        if stats.training.bestLoss is True:
            torch.save(net.state_dict(), os.path.join(folder, "nmnistNet.pt"))

    assert snn.predict.getProb(output).shape == (len(label), 10)
    stats.plot(saveFig=True, path=os.path.join(folder, "nmnist_"))
    stats.save(os.path.join(folder, "nmnist_"))
