"""The rate engine of plain integrate-and-fire networks: spikes packed as bits, sums kept in vector registers.

From the top down: `simulator` builds and runs; `planning` turns layers into `tasks` (`gathered` for those with weights,
laid out by `connecting` and `arranging`); `grouping` takes groups of samples through a `program` in `spaces` of memory.
Under them are the compiled kernels (`packing`, `gathering`, `counting`, `listing`) and the vector instructions that
these call (`vectors`, `bits`, `instructions`). What a run records is kept in `trains`.
"""
