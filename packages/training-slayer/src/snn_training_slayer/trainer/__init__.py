"""The trainer `slayer`: from the settings of a run, or an untrained network, to a spiking one that has learnt."""
